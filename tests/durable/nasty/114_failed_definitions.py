import threading
class Meta(type):
    def __setattr__(cls, name, value):
        raise TypeError("sealed")
class Sealed(metaclass=Meta):
    limit = 3
    def m(self):
        return self.limit
class Half:
    key = [1]
    def __class_getitem__(cls, item):
        return cls
one, other = Sealed(), Half()
# %%
print(one.m(), other.key, Half[1] is Half)
# %%
print(Sealed.limit, one.m())
