"""Compiles the harness when the kernel is built, which takes less time than when it starts: writes the interpreter's magic number
and then {module: code} as marshal writes it. Usage: compile.py FOLDER"""
import marshal
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

codes = {path.stem: compile(path.read_text(), f"<kernel {path.stem}>", "exec", dont_inherit=True)
         for path in sorted(Path(sys.argv[1]).glob("*.py"))}
sys.stdout.buffer.write(MAGIC_NUMBER + marshal.dumps(codes))
