import functools
def counted(f):
    @functools.wraps(f)
    def inner(*a):
        inner.calls += 1
        return f(*a)
    inner.calls = 0
    return inner
@counted
def add(a, b):
    "Adds."
    return a + b
class P:
    def __init__(self):
        self._x = 1
    @property
    def x(self):
        return self._x
    @x.setter
    def x(self, value):
        self._x = value
    @staticmethod
    def s():
        return "s"
    @classmethod
    def c(cls):
        return cls
    def __repr__(self):
        return f"P({self._x})"
class Q(P):
    def __init__(self):
        super().__init__()
        self.y = 2
    def c2(self):
        return super().c()
q = Q()
bound = q.c2
add(1, 2)
# %%
q.x = 5
print(add(3, 4), add.calls, add.__doc__, add.__name__, add.__wrapped__(1, 1), q, P.s(), Q.c() is Q, q.c2() is Q, bound() is Q)
# %%
q2 = Q()
print(q.x, q2, add(1, 1), add.calls, bound.__self__ is q)
