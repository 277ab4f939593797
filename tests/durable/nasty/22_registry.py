class A:
    reg = []
    def __init__(s):
        A.reg.append(s)
a = A()
# %%
print(A.reg[0] is a, len(A.reg))
b = A()
# %%
print(A.reg[1] is b, len(a.reg), type(b) is A)
