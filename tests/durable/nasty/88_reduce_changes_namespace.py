class R:
    def __reduce__(self):
        for i in range(20):
            globals()[f"made{i}"] = [i]
        globals().pop("gone", None)
        return (R, ())
gone = [5]
r = R()
# %%
print(type(r) is R)
# %%
print("fine")
