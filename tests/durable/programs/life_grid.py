# The game of life in numpy: views of the board, patterns stamped through slices, history, cycle search.
# %%
import numpy as np

board = np.zeros((12, 16), dtype=np.uint8)
inner = board[1:-1, 1:-1]
corner = board[:4, :4]
glider = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]], np.uint8)
inner[0:3, 0:3] = glider
print(board.sum(), corner.base is board, corner)

# %%
def show(cells):
    return "\n".join("".join(".O"[c] for c in row) for row in cells)


def step(cells):
    """One generation on a torus, in place, so that all views see it."""
    around = sum(np.roll(cells, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx)
    cells[...] = (around == 3) | ((cells == 1) & (around == 2))


history = [board.copy()]
for _ in range(3):
    step(board)
    history.append(board.copy())
print(show(corner))

# %%
step(board)
print(int(corner.sum()), int(inner.sum()), np.shares_memory(corner, inner))
flipped = board[::-1, ::-1]
flipped[1, 1:4] = 1
print(show(board))

# %%
column = board.T[14]
flat = board.reshape(-1)
bits = np.packbits(board, axis=1)
flat[:16] = 1
print(column.tolist(), int(bits.sum()), board[0].sum(), flat.base is board)

# %%
seen, generation = {}, 0
while board.tobytes() not in seen and generation < 300:
    seen[board.tobytes()] = generation
    step(board)
    generation += 1
print(generation, seen.get(board.tobytes()), int(board.sum()))

# %%
rng = np.random.default_rng(6)
board[...] = rng.random(board.shape) < 0.35
masked = np.where(corner, 9, 0)
stack = np.stack(history)
moved = [int(np.argmax(h.sum(axis=1))) for h in stack]
print(corner.tolist(), masked.sum(), stack.shape, moved, int(column.sum()), int(flipped[0, 0]) == int(board[-1, -1]))

# %%
stack[0, :, :] = 7
structured = np.zeros(3, dtype=[("name", "U5"), ("alive", "i4")])
structured["name"] = ["a", "b", "c"]
counts = structured["alive"]
for i in range(3):
    counts[i] = board.sum()
    step(board)
print(structured.tolist(), history[0].max(), counts.base is structured)
counts += 1
print(structured["alive"].tolist(), int(inner.sum()), rng.integers(1000))
