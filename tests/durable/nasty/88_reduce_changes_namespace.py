class R:
    def __reduce__(self):
        for i in range(20):
            globals()[f"made{i}"] = [i]
        globals().pop("gone", None)
        L.append(1)
        return (R, ())
L = []
gone = [5]
r = R()
# %%
print(type(r) is R)
# %%
print("fine")
