from typing import Generic, TypeVar
T = TypeVar("T")
class Stack(Generic[T]):
    def __init__(self, *items):
        self.items = list(items)
class Loud(Stack[T], Generic[T]):
    pass
class Ints(Stack[int]):
    pass
# %%
loud, ints = Loud[str]("a"), Ints(1)
def first(stack: Stack[T]) -> T:
    return stack.items[0]
# %%
print(first(loud), first(ints), Loud.__mro__[1] is Stack, Loud.__parameters__, Ints.__orig_bases__, first.__annotations__)
class Named(Ints):
    def __init_subclass__(cls, **options):
        print("subclass", cls.__name__)
        super().__init_subclass__(**options)
# %%
class Other(Named):
    pass
# %%
other = Other(5)
print(first(other), Other.__bases__, "__init_subclass__" in vars(Other), "__init_subclass__" in vars(Ints))
# %%
class Last(Other):
    pass
print(first(Last(6)), first(other))
