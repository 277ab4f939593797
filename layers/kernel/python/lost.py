"""Names whose values could not be kept: using one says so."""
from .text import cut_middle

MAX_REASON = 1 << 10

reasons = {}


def still_lost(namespace):
    """The names that have not been bound since."""
    for name in [name for name in reasons if name in namespace]:
        del reasons[name]
    return sorted(reasons)


def explain(error, namespace):
    """Makes a NameError on a lost name say why there is no value."""
    if type(error) is not NameError:
        return
    name = error.name
    if type(name) is str and name in reasons and name not in namespace:
        reason = cut_middle(reasons[name], MAX_REASON)
        error.args = (f"name {name!r} is not defined: its value was lost ({reason})",)
