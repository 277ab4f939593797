from enum import Enum, Flag, IntEnum, auto
class C(Enum):
    R = auto()
    G = "g"
    ALIAS = "g"
class F(Flag):
    A = auto()
    B = auto()
class I(IntEnum):
    X = 3
c = C.R
d = {C.R: 1, C.G: 2}
f = F.A | F.B
i = I.X
# %%
print(c is C.R, d[C.R], C("g") is C.G, C.ALIAS is C.G, list(C), f is F.A | F.B, f, i + 1, i is I(3), isinstance(i, I))
# %%
print(c is C.R, d[C.R], f is (F.A | F.B), C["R"] is c, len(F))
