with open("in.csv", "w") as out:
    out.write("".join(f"line {i} é\n" for i in range(2000)))
f = open("in.csv")
print(next(f))
r = open("in.csv", "rb")
print(r.readline())
# %%
print(next(f), r.readline())
# %%
print(f.readline(), next(f), r.read(3), len(f.read()))
