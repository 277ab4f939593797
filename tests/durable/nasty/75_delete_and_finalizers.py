class F:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print("gone", self.name)
a = F("a")
b = F("b")
# %%
del a
print("deleted")
# %%
b = None
print("rebound")
