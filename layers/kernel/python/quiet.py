"""Which code of the kernel an interrupt does not break off: it runs for moments only, and what it was doing would be lost."""
from types import ModuleType

from . import (  # noqa: F401, these are the modules
    arrange, atoms, checkpoint, definitions, exchange_file, execution, given_out, hidden, index, late, lost_names, patches,
    process_values, reach, restore, text, touched,
)
from .interrupt import Limit

Limit.quiet = [vars(module) for module in list(globals().values()) if type(module) is ModuleType]
