# Generic containers in the newer syntax: type parameters, type aliases, match statements, nested f-strings.
# newer syntax
# %%
from dataclasses import dataclass
from typing import Protocol, override

type Pair[T] = tuple[T, T]
type Tree[T] = Leaf[T] | Branch[T]


@dataclass
class Leaf[T]:
    value: T


@dataclass
class Branch[T]:
    left: "Tree[T]"
    right: "Tree[T]"


tree = Branch(Leaf(1), Branch(Leaf(2), Leaf(3)))
print(tree, Pair.__name__, Pair.__type_params__, f"{', '.join(f"{n}" for n in range(3))}")

# %%
def total(tree: Tree[int]) -> int:
    match tree:
        case Leaf(value=value):
            return value
        case Branch(left, right):
            return total(left) + total(right)


def flatten[T](tree: Tree[T]) -> list[T]:
    match tree:
        case Leaf(value):
            return [value]
        case Branch(left=left, right=right):
            return flatten(left) + flatten(right)


shared = tree.right.left
shared.value = 20
print(total(tree), flatten(tree), flatten.__type_params__)

# %%
class Stack[T]:
    made = 0

    def __init__(self, *items: T):
        type(self).made += 1
        self.items: list[T] = list(items)

    def push(self, item: T) -> "Stack[T]":
        self.items.append(item)
        return self

    def pop(self) -> T:
        return self.items.pop()


class Loud[T](Stack[T]):
    @override
    def push(self, item: T) -> "Loud[T]":
        print("pushing", item)
        return super().push(item)


stack, loud = Stack[int](1, 2), Loud[Leaf](shared)
loud.push(tree.left)
print(stack.push(3).pop(), Stack.made, Loud.made, Loud.__orig_bases__[0].__origin__ is Stack)

# %%
class Shape(Protocol):
    def area(self) -> float: ...


def largest[S: Shape](*shapes: S) -> S:
    return max(shapes, key=lambda shape: shape.area())


@dataclass(frozen=True)
class Square:
    side: float

    def area(self) -> float:
        return self.side ** 2


squares = [Square(2), Square(5)]
loud.pop().value = 10
print(largest(*squares) is squares[1], total(tree), largest.__type_params__[0].__bound__.__name__, Tree.__value__)

# %%
def classify(thing):
    match thing:
        case [int(first), *rest] if rest:
            return f"list from {first}, {len(rest)} more"
        case {"kind": "square", **others}:
            return f"square with {sorted(others)}"
        case Square(side=side) | Leaf(value=side):
            return f"thing of {side}"
        case None | [] | {}:
            return "nothing much"
        case _:
            return f"unknown {type(thing).__name__}"


things = [[1, 2, 3], {"kind": "square", "b": 1, "a": 2}, squares[0], shared, [], 1.5]
print([classify(thing) for thing in things])

# %%
things[0].clear()
shared.value = -1
print([classify(thing) for thing in things], flatten(tree), isinstance(loud, Stack), loud.items[0] is shared)
