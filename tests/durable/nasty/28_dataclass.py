from dataclasses import dataclass, field, fields, replace
shared = [1]
@dataclass(frozen=True, slots=True)
class P:
    x: int
    l: list = field(default_factory=lambda: shared)
@dataclass
class Q:
    x: int = 3
    y: list = field(default_factory=list)
p = P(1)
q = Q()
# %%
shared.append(2)
print(p, p.l is shared, q, Q(), Q(5) == Q(5), replace(p, x=2), [f.name for f in fields(P)])
try:
    p.x = 3
except Exception as e:
    print(type(e).__name__)
