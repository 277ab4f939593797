class A:
    v = "old"
    def who(self):
        return self.v
a = A()
# %%
class A:
    v = "new"
    def who(self):
        return self.v
b = A()
# %%
print(a.v, b.v, a.who(), b.who(), type(a) is not A, type(b) is A)
