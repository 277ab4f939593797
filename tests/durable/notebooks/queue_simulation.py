# A bank counter: an event simulation with a heap, statistics of the waiting time, more counters.
# %%
import heapq
import random
import statistics
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from collections import deque

generator = random.Random(1234)
print([round(generator.expovariate(1 / 3), 3) for _ in range(4)])

# %%
class Customer:
    count = 0

    def __init__(self, arrival):
        Customer.count += 1
        self.number, self.arrival = Customer.count, arrival
        self.begin = self.end = None

    @property
    def wait(self):
        return self.begin - self.arrival


class Bank:
    def __init__(self, counters, generator):
        self.free, self.generator = counters, generator
        self.queue, self.events, self.done = deque(), [], []
        self.clock, self.serial, self.lengths = 0.0, 0, []

    def schedule(self, delay, what, customer=None):
        self.serial += 1
        heapq.heappush(self.events, (self.clock + delay, self.serial, what, customer))

    def run(self, until):
        while self.events and self.events[0][0] <= until:
            self.clock, _, what, customer = heapq.heappop(self.events)
            getattr(self, what)(customer)
            self.lengths.append((round(self.clock, 3), len(self.queue)))
        self.clock = until

    def arrive(self, _customer):
        self.queue.append(Customer(self.clock))
        self.schedule(self.generator.expovariate(1 / 3), "arrive")
        self.serve()

    def leave(self, customer):
        customer.end = self.clock
        self.done.append(customer)
        self.free += 1
        self.serve()

    def serve(self):
        while self.free and self.queue:
            customer = self.queue.popleft()
            customer.begin = self.clock
            self.free -= 1
            self.schedule(self.generator.gammavariate(2, 2.6), "leave", customer)


bank = Bank(2, generator)
bank.schedule(0, "arrive")
print(bank.events)

# %%
bank.run(60)
print(len(bank.done), "served", len(bank.queue), "wait", bank.free, "free", Customer.count, "came")

# %%
# The second hour: events that were planned in the first one happen now.
planned = len(bank.events)
bank.run(120)
print(planned, len(bank.done), len(bank.queue), round(statistics.mean(c.wait for c in bank.done), 4))

# %%
waits = np.array([c.wait for c in bank.done])
print(np.quantile(waits, [0.5, 0.9]).round(3), f"{(waits > 5).mean():.1%} waited longer than five minutes")
longest = max(bank.done, key=lambda c: c.wait)
print(longest.number, longest in bank.done, round(longest.wait, 3))

# %%
lengths = pd.DataFrame(bank.lengths, columns=["time", "length"])
lengths["duration"] = lengths["time"].diff().shift(-1).fillna(0)
mean_length = (lengths["length"] * lengths["duration"]).sum() / lengths["duration"].sum()
print(len(lengths), round(mean_length, 4))
fig, ax = plt.subplots(figsize=(6, 2))
ax.step(lengths["time"], lengths["length"], where="post")

# %%
bank.free += 1
bank.serve()
bank.run(240)
later = [c.wait for c in bank.done if c.arrival > 120]
print(len(later), round(statistics.mean(later), 4), Customer.count)

# %%
comparison = {}
for counters in (2, 3, 4):
    other = Bank(counters, random.Random(5))
    other.schedule(0, "arrive")
    other.run(480)
    comparison[counters] = round(statistics.mean(c.wait for c in other.done), 3)
print(comparison, Customer.count, round(generator.random(), 6))
