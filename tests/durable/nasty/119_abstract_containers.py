from collections.abc import MutableMapping, MutableSequence
from contextlib import ContextDecorator
class Settings(MutableMapping):
    def __init__(self, **values):
        object.__setattr__(self, "data", values)
    def __setattr__(self, name, value):
        self[name] = value
    def __getattr__(self, name):
        return self.data[name]
    def __getitem__(self, key):
        return self.data[key]
    def __setitem__(self, key, value):
        self.data[key] = value
    def __delitem__(self, key):
        del self.data[key]
    def __iter__(self):
        return iter(self.data)
    def __len__(self):
        return len(self.data)
class Row(MutableSequence):
    def __init__(self, items):
        self.items = items
    def __getitem__(self, at):
        return self.items[at]
    def __setitem__(self, at, value):
        self.items[at] = value
    def __delitem__(self, at):
        del self.items[at]
    def __len__(self):
        return len(self.items)
    def insert(self, at, value):
        self.items.insert(at, value)
class Timed(ContextDecorator):
    def __new__(cls, label):
        return super().__new__(cls)
    def __init__(self, label):
        self.label = label
    def __enter__(self):
        return self
    def __exit__(self, *error):
        return False
settings, row, timed = Settings(a=1), Row([1]), Timed("t")
settings.me = settings
row.append(row)
# %%
print(settings.a, settings.me is settings, len(settings), row[1] is row, timed.label)
settings.b = row
# %%
row.append(5)
print(settings.b[2], [key for key in settings])
