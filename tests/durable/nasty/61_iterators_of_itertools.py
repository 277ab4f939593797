import itertools, sys
c = itertools.count(3)
next(c)
ch = itertools.chain([1, 2], [3])
next(ch)
# %%
if sys.version_info < (3, 14):
    print(next(c), list(ch))
