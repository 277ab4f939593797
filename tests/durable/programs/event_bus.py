# An event bus with bound methods, weak observers, a deferred queue and an undo stack.
# %%
import weakref
from collections import deque
from types import MappingProxyType, MethodType, SimpleNamespace


class Bus:
    def __init__(self):
        self.handlers, self.queue = {}, deque()
        self.watching = weakref.WeakSet()

    def on(self, topic, handler):
        self.handlers.setdefault(topic, []).append(handler)
        return handler

    def emit(self, topic, **data):
        self.queue.append((topic, MappingProxyType(data)))

    def deliver(self, limit=None):
        delivered = 0
        while self.queue and (limit is None or delivered < limit):
            topic, data = self.queue.popleft()
            for handler in self.handlers.get(topic, ()):
                handler(data)
            delivered += 1
        return delivered


bus = Bus()
notes = []
bus.on("note", notes.append)
bus.emit("note", text="first")
bus.emit("note", text="second")
print(bus.deliver(1), [dict(note) for note in notes], len(bus.queue))

# %%
class Screen:
    def __init__(self, name):
        self.name, self.lines = name, []
        bus.watching.add(self)

    def show(self, data):
        self.lines.append(f"{self.name}: {data['text']}")


left, right = Screen("left"), Screen("right")
bus.on("note", left.show)
handler = right.show
bus.on("note", handler)
print(bus.deliver(), left.lines, right.lines, len(bus.watching))

# %%
bus.handlers["note"].remove(handler)
bus.emit("note", text="third")
bus.deliver()
print(left.lines, right.lines, [dict(note) for note in notes][-1], handler.__self__ is right)

# %%
def loud(self, data):
    self.lines.append(data["text"].upper())


right.show = MethodType(loud, right)
bus.on("note", right.show)
Screen.clear = lambda self: self.lines.clear()
left.clear()
bus.emit("note", text="fourth")
print(bus.deliver(), left.lines, right.lines)

# %%
# Only the name goes: the handlers still hold the screen.
del left
print(sorted(screen.name for screen in bus.watching), len(bus.handlers["note"]))
bus.handlers["note"] = [h for h in bus.handlers["note"] if getattr(h, "__self__", None) is right]
print(sorted(screen.name for screen in bus.watching))

# %%
model = SimpleNamespace(value=1, history=[])
undo = []


def change(**values):
    old = {name: getattr(model, name) for name in values}
    vars(model).update(values)
    model.history.append(sorted(values))
    undo.append(lambda: vars(model).update(old))


change(value=5)
change(value=9, title="nine") if hasattr(model, "title") else change(value=7)
print(model, len(undo))

# %%
undo.pop()()
print(model.value)
undo.pop()()
bus.emit("note", text="fifth")
print(model, bus.deliver(), right.lines, len(notes), dict(bus.queue))
