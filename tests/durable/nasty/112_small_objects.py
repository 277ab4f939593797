import copyreg, random, typing
UserId = typing.NewType("UserId", int)
system = random.SystemRandom()
class Base:
    def go(self):
        return ["base"]
class Thing(Base):
    def go(self):
        return ["thing"]
thing = Thing()
parent = super(Thing, thing)
class Handle:
    def __init__(self, number):
        self.number = number
    def __hash__(self):
        return hash(self.number)
copyreg.pickle(Handle, lambda one: (Handle, (one.number + 1,)))
# %%
print(UserId(3), UserId.__name__, UserId.__supertype__, 0 <= system.random() < 1, parent.go(), parent.__self__ is thing)
# %%
print(typing.get_type_hints(lambda: 0), UserId.__module__, parent.__thisclass__ is Thing)
