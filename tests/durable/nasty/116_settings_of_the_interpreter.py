import logging, sys
sys.setrecursionlimit(1500)
sys.set_int_max_str_digits(5000)
logging.addLevelName(25, "NOTE")
logging.getLogger("quiet").setLevel(logging.ERROR)
logging.getLogger("apart").propagate = False
logging.disable(logging.DEBUG)
def deep(n):
    return n and deep(n - 1)
# %%
print(sys.getrecursionlimit(), len(str(10 ** 4500)), logging.getLevelName(25), logging.getLogger("quiet").getEffectiveLevel())
print(logging.getLogger("apart").propagate, logging.root.manager.disable, deep(1300), logging.root.level)
# %%
logging.disable(logging.NOTSET)
logging.getLogger("quiet").setLevel(logging.NOTSET)
# %%
print(logging.root.manager.disable, logging.getLogger("quiet").level, sys.getrecursionlimit())
