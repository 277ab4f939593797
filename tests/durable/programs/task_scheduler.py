# A scheduler of tasks with priorities and dependencies: heap, topological order, retries.
# %%
import heapq
from functools import total_ordering
from graphlib import CycleError, TopologicalSorter
from operator import attrgetter


@total_ordering
class Task:
    def __init__(self, name, priority, work, retries=1):
        self.name, self.priority, self.work, self.retries = name, priority, work, retries
        self.result = None

    def __lt__(self, other):
        return (self.priority, self.name) < (other.priority, other.name)

    def __eq__(self, other):
        return self is other

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f"Task({self.name!r}, {self.priority})"


trace = []
heap = []
for name, priority in (("mail", 5), ("backup", 9), ("report", 5), ("alarm", 1)):
    heapq.heappush(heap, Task(name, priority, lambda name=name: trace.append(name) or len(trace)))
print(heap[0], sorted(heap))

# %%
first = heapq.heappop(heap)
first.result = first.work()
print(first, first.result, trace, first > heap[0])

# %%
attempts = {"flaky": 0}


def flaky():
    attempts["flaky"] += 1
    if attempts["flaky"] < 3:
        raise ConnectionError(f"attempt {attempts['flaky']}")
    return "at last"


errors = []


def run_one(heap):
    task = heapq.heappop(heap)
    try:
        task.result = task.work()
    except ConnectionError as error:
        errors.append(error)
        if task.retries:
            task.retries -= 1
            task.priority += 2
            heapq.heappush(heap, task)
    return task


flaky_task = Task("flaky", 2, flaky, retries=3)
heapq.heappush(heap, flaky_task)
print(run_one(heap), attempts)

# %%
print([run_one(heap).name for _ in range(2)], flaky_task.priority, flaky_task.retries)
print([str(error) for error in errors], min(heap, key=attrgetter("priority")))

# %%
while heap:
    run_one(heap)
print(flaky_task.result, trace, flaky_task.retries, [type(error).__name__ for error in errors])

# %%
needs = {"deploy": {"test", "build"}, "test": {"build"}, "build": {"fetch"}}
order = list(TopologicalSorter(needs).static_order())
needs["fetch"] = {"deploy"}
try:
    list(TopologicalSorter(needs).static_order())
except CycleError as error:
    cycle = error
print(order, len(cycle.args[1]), sorted(set(cycle.args[1])))

# %%
del needs["fetch"]
print(list(TopologicalSorter(needs).static_order()) == order, cycle.args[0])
