from collections import namedtuple
from typing import NamedTuple
def make():
    return namedtuple("P", "x y", defaults=[5])
P = make()
class N(NamedTuple):
    a: int
    b: str = "z"
    def both(self):
        return self.a, self.b
p, q = P(1), P(2, 3)
n = N(1)
# %%
print(p, q, type(p) is type(q) is P, p._replace(x=4), n, n.both(), N(2), P._make([1, 2]), p._asdict())
