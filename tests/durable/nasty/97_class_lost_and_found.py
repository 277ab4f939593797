import threading
class A:
    def m(self):
        return 5
a = [A() for i in range(2000)]
# %%
A.lock = threading.Lock()
# %%
# lost: a
a
