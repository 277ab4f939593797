class Raises:
    def __reduce__(self):
        raise ValueError("no")
class Deep:
    def __reduce__(self):
        return (list, ([Deep()],))
class Rebinds:
    def __reduce__(self):
        globals()["ok"] = "broken" if False else ok
        return (Rebinds, ())
ok = [1]
a = Raises()
b = Deep()
c = Rebinds()
# %%
print(ok, type(c).__name__)
# %%
# lost: a
a
# %%
# lost: b
b
