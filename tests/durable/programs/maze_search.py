# Graph search in a random maze: depth first carving, breadth first search, A*, drawn as text.
# %%
import random
import heapq
from collections import deque

WIDTH, HEIGHT = 15, 9
random.seed(60)
walls = {(x, y) for x in range(WIDTH) for y in range(HEIGHT)}
print(len(walls))

# %%
def neighbours(cell, step=1):
    x, y = cell
    for dx, dy in ((step, 0), (0, step), (-step, 0), (0, -step)):
        if 0 <= x + dx < WIDTH and 0 <= y + dy < HEIGHT:
            yield x + dx, y + dy


def carve(cell):
    walls.discard(cell)
    around = list(neighbours(cell, 2))
    random.shuffle(around)
    for other in around:
        if other in walls:
            walls.discard(((cell[0] + other[0]) // 2, (cell[1] + other[1]) // 2))
            carve(other)


carve((0, 0))
print(len(walls), "walls left")

# %%
def draw(path=()):
    marks = set(path)
    return "\n".join("".join("#" if (x, y) in walls else "." if (x, y) in marks else " " for x in range(WIDTH))
                     for y in range(HEIGHT))


print(draw())

# %%
def breadth_first(start, goal):
    came, queue = {start: None}, deque([start])
    while queue:
        cell = queue.popleft()
        if cell == goal:
            break
        for other in neighbours(cell):
            if other not in walls and other not in came:
                came[other] = cell
                queue.append(other)
    path, cell = [], goal
    while cell is not None:
        path.append(cell)
        cell = came[cell]
    return path[::-1]


path = breadth_first((0, 0), (WIDTH - 1, HEIGHT - 1))
print(len(path))
print(draw(path))

# %%
def a_star(start, goal, costs):
    heap, best, done = [(0, start)], {start: 0}, 0
    while heap:
        _, cell = heapq.heappop(heap)
        done += 1
        if cell == goal:
            return best[cell], done
        for other in neighbours(cell):
            cost = best[cell] + costs.get(other, 1)
            if other not in walls and cost < best.get(other, 10 ** 9):
                best[other] = cost
                heapq.heappush(heap, (cost + abs(goal[0] - other[0]) + abs(goal[1] - other[1]), other))
    return None


mud = {}
print(a_star((0, 0), (WIDTH - 1, HEIGHT - 1), mud))

# %%
opened = random.sample(sorted(walls), 12)
walls.difference_update(opened)
mud.update({cell: 3 for cell in opened[:6]})
print(a_star((0, 0), (WIDTH - 1, HEIGHT - 1), mud), len(breadth_first((0, 0), (WIDTH - 1, HEIGHT - 1))))
print(draw(opened))
