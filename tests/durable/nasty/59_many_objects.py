class N:
    def __init__(self, n):
        self.n = n
x = [N(i) for i in range(100000)]
# %%
x[0].n = 7
# %%
print(x[0].n, x[99999].n)
