import sys
from typing import Generic, TypeVar, Protocol, Optional
T = TypeVar("T")
class G(Generic[T]):
    def __init__(self, x: T):
        self.x = x
g = G[int](3)
alias = Optional[G[int]]
class Pro(Protocol):
    def m(self) -> int: ...
if sys.version_info >= (3, 12):
    exec("""
class A[T]:
    def m[U](self, x: U) -> T:
        return x
type L = list[int]
def gen[V: int](x: V) -> V:
    return x
""", globals())
    a = A[int]()
# %%
print(g.x, G[str], alias, G.__parameters__ == (T,))
if sys.version_info >= (3, 12):
    print(A.__type_params__, a.m(1), L, L.__value__, gen(3), gen.__type_params__[0].__bound__, A[int])
