def f0():
    x = 0
    def f1():
        def f2():
            def f3():
                def f4():
                    nonlocal x
                    x += 1
                    return x
                return f4
            return f3
        return f2
    return f1, lambda: x
one, read = f0()
four = one()()()
# %%
four()
print(read())
# %%
print(one()()()(), four(), read())
