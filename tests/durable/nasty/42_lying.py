class Any:
    def __getattr__(self, name):
        return self
    def __call__(self, *a, **k):
        return self
class Liar:
    @property
    def __class__(self):
        return dict
class BadEq:
    def __eq__(self, other):
        raise ValueError("eq")
    __hash__ = object.__hash__
a = Any()
a.x = [1]
l = Liar()
l.y = 2
e = BadEq()
z = [e, 1]
# %%
print(a.x, a.foo is a, l.y, isinstance(l, dict), type(l) is Liar, z[0] is e)
