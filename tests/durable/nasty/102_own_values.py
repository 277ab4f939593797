class Metres(float):
    def __new__(cls, value, unit):
        made = super().__new__(cls, value)
        made.unit = unit
        return made
class Pair(tuple):
    def __new__(cls, one, other):
        print("pair")
        return super().__new__(cls, (one, other))
class Number(int):
    def __new__(cls, text, base):
        return super().__new__(cls, text, base)
class Title(str):
    def __new__(cls, *words):
        return super().__new__(cls, " ".join(words))
    def __str__(self):
        return "title"
class Names(frozenset):
    def __new__(cls, *names):
        return super().__new__(cls, names)
class Raw(bytes):
    def __new__(cls, size, fill):
        return super().__new__(cls, [fill] * size)
metres, number, title, names, raw = Metres(2.5, ["m"]), Number("ff", 16), Title("a", "b"), Names("x"), Raw(2, 7)
pair = Pair(metres.unit, 2)
held = {number: pair, title: names}
# %%
print(metres, metres.unit, pair, pair[0] is metres.unit, number + 1, title, title + "c", names, raw, held[255] is pair)
metres.unit.append("n")
# %%
print(pair, type(pair).__name__, held["a b"] is names, metres.unit)
