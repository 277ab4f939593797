"""Loads the harness's modules. They are in sys.modules only while they load, so that user code does not find them there. They
have their own copy of the builtins, so that user code may change `builtins`."""
import builtins
import sys
from types import ModuleType

PACKAGE = "_kernel"


def load(sources, native):
    """Runs the (name, source) pairs in order and returns the last module."""
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
            exec(compile(source, f"<kernel {name}>", "exec", dont_inherit=True), module.__dict__)
    finally:
        for name in loaded:
            sys.modules.pop(name, None)
    return module
