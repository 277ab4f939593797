import threading
class A:
    lock = threading.Lock()
    def m(self):
        return 5
a = [A() for i in range(2000)]
del A.lock
# %%
print(a[0].m())
