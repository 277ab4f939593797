import abc, collections.abc
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, s):
        self.s = s
    def area(self):
        return self.s ** 2
class Seq(collections.abc.Sequence):
    def __len__(self):
        return 2
    def __getitem__(self, i):
        return [1, 2][i]
Shape.register(int)
sq = Square(3)
seq = Seq()
# %%
print(sq.area(), list(seq), isinstance(sq, Shape), isinstance(3, Shape), isinstance(seq, collections.abc.Sequence))
try:
    Shape()
except TypeError as e:
    print(e)
