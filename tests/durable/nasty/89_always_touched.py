import logging, sys
L = []
class H(logging.Handler):
    def emit(self, record):
        L.append(record.getMessage())
logging.getLogger("a.b").addHandler(H())
logging.basicConfig(level=logging.INFO, handlers=[H()])
filler = ["x" * 10000]
L.append("y" * 5000)
# %%
logging.getLogger("a.b").warning("hello")
# %%
logging.info("root")
# %%
print(L[1:], len(logging.root.handlers), logging.root.level)
