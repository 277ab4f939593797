class M(type):
    count = 0
    def __call__(cls, *args):
        M.count += 1
        return super().__call__(*args)
class A(metaclass=M):
    def __init__(self):
        self.x = 1
a = A()
# %%
print(M.count, type(A) is M, a.x)
b = A()
# %%
print(M.count, isinstance(b, A))
