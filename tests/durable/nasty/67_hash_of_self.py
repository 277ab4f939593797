class K:
    def __init__(self, name):
        self.name = name
        self.owner = None
    def __hash__(self):
        return hash(self.name)
    def __eq__(self, other):
        return self.name == other.name
k = K("a")
d = {k: 1}
k2 = K("b")
k2.owner = {k2: "self"}
s = {k, k2}
# %%
print(d[K("a")], k2.owner[K("b")], K("a") in s)
