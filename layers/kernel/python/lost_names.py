"""Which names are variables, and those whose values were lost: code that uses one gets a NameError with the reason."""
from .native import limits
from .text import cut_middle

reasons = {}


def variables(namespace):
    """The top-level names that user code has bound."""
    return [name for name in list(namespace)  # a copy: threads may bind names meanwhile
            if type(name) is str and not (name.startswith("__") and name.endswith("__"))]


def still_lost(namespace):
    """The lost names that have not been bound since."""
    for name in [name for name in reasons if name in namespace]:
        del reasons[name]
    return sorted(reasons)


def explain(error, namespace):
    """Adds the reason to a NameError about a lost name."""
    if type(error) is not NameError:
        return
    name = error.name
    if type(name) is str and name in reasons and name not in namespace:
        reason = cut_middle(reasons[name], limits.MAX_LOST_REASON_BYTES)
        error.args = (f"name {name!r} is not defined: its value was lost ({reason})",)
