"""Loads the harness's modules. They are in sys.modules only while they load, so that user code does not find them there. They
have their own copy of the builtins, so that user code may change `builtins`."""
import builtins
import marshal
import sys
from importlib.util import MAGIC_NUMBER
from types import ModuleType

PACKAGE = "_kernel"


def load(sources, native, compiled=b""):
    """Runs the (name, source) pairs in order and returns the last module. `compiled` is what compile.py has made of the sources; it
    serves if it was made for this version of Python."""
    codes = marshal.loads(compiled[len(MAGIC_NUMBER):]) if compiled.startswith(MAGIC_NUMBER) else {}
    private = dict(vars(builtins))
    package = ModuleType(PACKAGE)
    package.__path__ = []
    loaded = {PACKAGE: package, f"{PACKAGE}.native": native}
    sys.modules.update(loaded)
    try:
        for name, source in sources:
            module = ModuleType(f"{PACKAGE}.{name}")
            module.__dict__.update(__package__=PACKAGE, __builtins__=private)
            loaded[module.__name__] = sys.modules[module.__name__] = module
            setattr(package, name, module)
            code = codes.get(name) or compile(source, f"<kernel {name}>", "exec", dont_inherit=True)
            exec(code, module.__dict__)
    finally:
        for name in loaded:
            sys.modules.pop(name, None)
    return module
