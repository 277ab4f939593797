class Money:
    def __init__(self, n):
        self.n = n
    def __reduce__(self):
        return rebuild, (self.n,)
def rebuild(n):
    return Money(n)
class State:
    def __init__(self):
        self.big, self.x = object(), 1
    def __getstate__(self):
        return {"x": self.x}
    def __setstate__(self, state):
        self.__dict__.update(state)
        self.big = "made"
class New:
    def __new__(cls, a):
        self = super().__new__(cls)
        self.a = a
        return self
    def __getnewargs__(self):
        return (self.a,)
class D(dict):
    pass
class L(list):
    extra = 1
class I(int):
    pass
m, s, n = Money(3), State(), New([1])
d, l, i = D(a=1), L([1]), I(5)
d.attr = l
key = {i: "five", (1, i): 2}
# %%
print(m.n, s.x, n.a, d, d.attr is l, l, i + 1, type(i) is I, key)
