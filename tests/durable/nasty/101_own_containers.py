from collections import Counter, OrderedDict, defaultdict, deque
class Journal(dict):
    def __init__(self, owner):
        self.log = []
        self.owner = owner
    def __setitem__(self, key, value):
        self.log.append(key)
        super().__setitem__(key, value)
class Stack(list):
    def __init__(self, *items):
        print("made")
        super().__init__(items)
    def append(self, one):
        print("append", one)
        super().append(one)
    def extend(self, others):
        print("extend")
        super().extend(others)
class Groups(defaultdict):
    def __init__(self, name):
        super().__init__(list)
        self.name = name
class Bag(set):
    def __init__(self, label, items):
        super().__init__(items)
        self.label = label
class Window(deque):
    def __init__(self, size):
        super().__init__(maxlen=size)
        self.size = size
class Tally(Counter):
    def __init__(self, text, unit):
        super().__init__(text)
        self.unit = unit
class Order(OrderedDict):
    def __init__(self, first):
        super().__init__()
        self.first = first
class Buffer(bytearray):
    def __init__(self, size, label):
        super().__init__(size)
        self.label = label
journal, stack, groups, bag = Journal("me"), Stack(1, 2), Groups("g"), Bag("b", [1, 2])
window, tally, order, buffer = Window(2), Tally("aab", "kg"), Order("z"), Buffer(3, "raw")
journal["a"] = 1
journal["self"] = journal
groups["x"].append(1)
window.append(stack)
order["z"], order["y"] = 1, stack
order.move_to_end("z")
# %%
print(journal.log, journal.owner, journal["self"] is journal, stack, groups.name, groups, bag.label, sorted(bag))
print(window.size, window.maxlen, window[0] is stack, tally.unit, tally, order.first, list(order), buffer.label, bytes(buffer))
stack.append(3)
journal["b"] = 2
groups["y"].append(2)
buffer[1] = 7
# %%
print(journal.log, list(journal), stack, dict(groups), order["y"] is stack, bytes(buffer), buffer.label)
