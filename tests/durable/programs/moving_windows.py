# Sliding statistics over a stream: deque, bisect, two heaps for the median, top words, ring buffer.
# %%
import bisect
import heapq
import random
from collections import deque

source = random.Random(3)
stream = [source.randint(1, 99) for _ in range(40)]
window = deque(maxlen=5)
print(stream[:10], window.maxlen)

# %%
class RunningMedian:
    def __init__(self):
        self.low, self.high = [], []

    def push(self, value):
        heapq.heappush(self.low, -heapq.heappushpop(self.high, value))
        if len(self.low) > len(self.high):
            heapq.heappush(self.high, -heapq.heappop(self.low))

    @property
    def value(self):
        if len(self.high) > len(self.low):
            return float(self.high[0])
        return (self.high[0] - self.low[0]) / 2


median = RunningMedian()
position = 0


def feed(count):
    global position
    medians = []
    for value in stream[position:position + count]:
        window.append(value)
        median.push(value)
        medians.append(median.value)
    position += count
    return medians


print(feed(8), list(window))

# %%
print(feed(8), list(window), position)

# %%
ordered = []
for value in stream[:position]:
    bisect.insort(ordered, value)
middle = ordered[len(ordered) // 2]
print(ordered, bisect.bisect_left(ordered, 50), middle)

# %%
recent = window
window.rotate(2)
recent.appendleft(1000)
print(list(window), recent is window, window.maxlen, feed(1)[0] == median.value)


# %%
def maxima(values, width):
    """The largest value of each window, by a queue of candidates."""
    candidates, result = deque(), []
    for i, value in enumerate(values):
        while candidates and values[candidates[-1]] <= value:
            candidates.pop()
        candidates.append(i)
        if candidates[0] <= i - width:
            candidates.popleft()
        if i >= width - 1:
            result.append(values[candidates[0]])
    return result


print(maxima(stream, 8)[:12], heapq.nlargest(3, stream), heapq.nsmallest(2, stream, key=lambda v: v % 10))

# %%
stream.extend(source.randint(1, 99) for _ in range(5))
rest = feed(len(stream) - position)
merged = list(heapq.merge(sorted(stream[:5]), ordered[:5]))
grades = [bisect.bisect([30, 60, 90], value) for value in window]
print(rest[-1], merged, grades, len(median.low) + len(median.high), position)
