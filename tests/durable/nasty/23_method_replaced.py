class A:
    def m(self):
        return 1
a = A()
# %%
def m(self):
    return 2
A.m = m
# %%
print(a.m(), A.m is m)
