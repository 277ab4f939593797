# Plugins: metaclasses, class registries, abstract classes, descriptors, and classes extended later.
# %%
from abc import ABC, abstractmethod

created = []


class Registry(type):
    plugins = {}

    def __new__(meta, name, bases, body, **options):
        cls = super().__new__(meta, name, bases, body)
        if bases:
            meta.plugins[options.get("key", name.lower())] = cls
        created.append(name)
        return cls

    def __init__(cls, name, bases, body, **options):
        super().__init__(name, bases, body)

    def __len__(cls):
        return len(cls.plugins)


class Plugin(metaclass=Registry):
    def run(self, value):
        raise NotImplementedError


class Upper(Plugin):
    def run(self, value):
        return value.upper()


class Reverse(Plugin, key="rev"):
    def run(self, value):
        return value[::-1]


print(created, sorted(Registry.plugins), len(Plugin))

# %%
chain = [Registry.plugins["rev"](), Upper()]
text = "stressed"
for plugin in chain:
    text = plugin.run(text)
print(text, created, type(chain[0]) is Reverse)

# %%
class Positive:
    """A descriptor that checks values and remembers all changes."""
    changes = []

    def __set_name__(self, owner, name):
        self.name = name
        Positive.changes.append(("made", name))

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__.get(self.name, 0)

    def __set__(self, instance, value):
        if value <= 0:
            raise ValueError(f"{self.name} must be positive, not {value}")
        Positive.changes.append((self.name, value))
        instance.__dict__[self.name] = value


class Shape(ABC):
    shapes = 0

    def __init_subclass__(cls, corners=0, **options):
        super().__init_subclass__(**options)
        cls.corners = corners
        Shape.shapes += 1

    @abstractmethod
    def area(self): ...


class Rectangle(Shape, corners=4):
    width, height = Positive(), Positive()

    def __init__(self, width, height):
        self.width, self.height = width, height

    def area(self):
        return self.width * self.height


room = Rectangle(3, 4)
print(room.area(), Rectangle.corners, Shape.shapes, Positive.changes)

# %%
room.width += 2
print(room.area(), Positive.changes[-1], len(Positive.changes), Shape.shapes, isinstance(Rectangle.width, Positive))

# %%
# raises: ValueError
room.height = -1

# %%
@Shape.register
class Blob:
    def area(self):
        return 1.5


class Square(Rectangle, corners=4):
    def __init__(self, side):
        super().__init__(side, side)


try:
    Shape()
except TypeError as error:
    print(str(error).split(" with")[0])
blob, tile = Blob(), Square(2)
print(isinstance(blob, Shape), sum(s.area() for s in (room, blob, tile)), Shape.shapes, [c.__name__ for c in Square.__mro__])

# %%
class Upper(Plugin, key="shout"):
    def run(self, value):
        return super().run(value) if value is None else value.upper() + "!"


Rectangle.scale = lambda self, by: setattr(self, "width", self.width * by) or self
print(chain[1].run("old"), Registry.plugins["shout"]().run("new"), type(chain[1]) is Upper, isinstance(chain[1], Plugin))
print(room.scale(2).area(), tile.scale(3).area(), created, len(Registry.plugins))
