def pair():
    n = 0
    def inc():
        nonlocal n
        n += 1
    def get():
        return n
    return inc, get
inc, get = pair()
# %%
inc()
print(get())
# %%
inc()
print(get(), inc.__closure__[0] is get.__closure__[0])
