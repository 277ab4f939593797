class Model:
    def __getattr__(self, name):
        raise AttributeError(name)
class Rows(list):
    pass
one, rows = Model(), Rows()
one.data, one.number, one.more = [1], 2, {}
rows.data, rows.number = [1], 2
# %%
print(list(vars(one)), list(vars(rows)))
