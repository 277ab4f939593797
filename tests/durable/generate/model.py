"""What the generator knows of the objects of a program, and the registers of statements that make and change them."""

NAMES = {
    "int": ["count", "total", "limit", "score", "level", "budget"],
    "list": ["values", "items", "queue", "scores", "history", "tasks", "rows", "parts"],
    "dict": ["table", "settings", "index", "prices", "groups", "lookup", "cache"],
    "set": ["seen", "tags", "members", "done"],
    "deque": ["window", "recent", "backlog"],
    "tuple": ["pair", "bundle", "record"],
    "ns": ["state", "config", "context"],
    "array": ["data", "signal", "matrix", "weights", "grid", "samples"],
    "frame": ["df", "sales", "orders", "people", "report"],
    "series": ["column", "amounts", "totals"],
    "plframe": ["trips", "events", "stock"],
    "lazy": ["plan", "pipeline"],
    "arrow": ["batch", "ledger", "archive"],
    "func": ["process", "update", "track", "push", "helper", "compute", "advance"],
    "class": ["Account", "Sensor", "Basket", "Robot", "Worker", "Page", "Player"],
    "inst": ["first", "second", "third", "alice", "bob", "main_one", "spare"],
    "iter": ["stream", "feed", "source", "cursor"],
    "bytes": ["buffer", "packet", "blob"],
    "rng": ["rng", "dice", "noise"],
    "file": ["log", "output", "notes", "reader"],
    "logger": ["logger", "audit"],
    "regex": ["pattern", "matcher"],
    "error": ["failure", "problem", "caught"],
    "money": ["balance", "fee", "share"],
    "date": ["start", "deadline", "moment"],
    "ref": ["weak", "watcher"],
}
WORDS = ["pear", "fig", "plum", "kiwi", "lime", "date", "quince", "olive"]
ATTRIBUTES = ["size", "label", "stock", "extra", "owner", "note"]


class Obj:
    """An object of the program: what kind it is, how long, and what can be reached from it by which suffix."""

    def __init__(self, kind, n=0, children=None, **info):
        self.kind, self.n, self.children, self.info = kind, n, dict(children or {}), info

    def slots(self):
        """The indexes of a list at which the model knows an object."""
        return {int(suffix[1:-1]) for suffix in self.children if suffix[1:-1].isdigit()}


# How much more often than others objects of a kind are changed.
OFTEN = {"frame": 5, "plframe": 3, "arrow": 2, "array": 2, "series": 2, "ref": 3, "iter": 2, "rng": 2, "keyed": 3,
         "groupby": 2, "structured": 2, "lazy": 2, "chain": 2, "counter": 2}
STARTS, STEPS = [], []  # (feature, weight, function), (kinds, weight, function)


def start(feature, weight=2):
    def register(function):
        STARTS.append((feature, weight, function))
        return function
    return register


def step(kinds, weight=2):
    def register(function):
        STEPS.append((kinds.split(), weight, function))
        return function
    return register
