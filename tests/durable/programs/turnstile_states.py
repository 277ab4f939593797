# A state machine with enums as keys: a vending machine, its transitions and a log.
# %%
from enum import Enum, Flag, auto


class State(Enum):
    IDLE = auto()
    PAID = auto()
    SERVING = auto()
    BROKEN = auto()


class Event(Enum):
    COIN = "coin"
    BUTTON = "button"
    DONE = "done"
    KICK = "kick"


class Light(Flag):
    NONE = 0
    RED = auto()
    GREEN = auto()
    BLINK = auto()


TABLE = {
    (State.IDLE, Event.COIN): State.PAID,
    (State.PAID, Event.BUTTON): State.SERVING,
    (State.SERVING, Event.DONE): State.IDLE,
}
TABLE.update({(state, Event.KICK): State.BROKEN for state in State})
print(len(TABLE), State.IDLE in [key[0] for key in TABLE])

# %%
class Machine:
    def __init__(self):
        self.state, self.log, self.money = State.IDLE, [], 0
        self.light = Light.RED

    def send(self, event):
        new = TABLE.get((self.state, event))
        if new is None:
            self.log.append((self.state, event, None))
            return False
        self.log.append((self.state, event, new))
        self.state = new
        handler = getattr(self, f"on_{new.name.lower()}", None)
        if handler:
            handler()
        return True

    def on_paid(self):
        self.money += 1
        self.light = Light.GREEN

    def on_serving(self):
        self.light |= Light.BLINK

    def on_idle(self):
        self.light = Light.RED


machine = Machine()
print(machine.send(Event.COIN), machine.state, machine.light)

# %%
print(machine.send(Event.COIN), machine.send(Event.BUTTON), machine.state is State.SERVING)
print(machine.light == Light.GREEN | Light.BLINK, bool(machine.light & Light.RED))

# %%
counts = {state: 0 for state in State}
for event in (Event.DONE, Event.COIN, Event("button"), Event["DONE"]):
    machine.send(event)
    counts[machine.state] += 1
print({state.name: n for state, n in counts.items()}, machine.money)

# %%
# A repaired machine: the table is extended while the machine exists.
machine.send(Event.KICK)
TABLE[State.BROKEN, Event.COIN] = State.IDLE
print(machine.state.name, machine.send(Event.BUTTON), machine.send(Event.COIN), machine.state.name)

# %%
refused = [(state.name, event.value) for state, event, new in machine.log if new is None]
print(refused, len(machine.log), counts[State.IDLE], {s: s.value for s in State}[State.BROKEN])
