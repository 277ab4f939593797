# An SIR epidemic: the deterministic model, a stochastic one, and a fit of the contact rate.
# %%
import numpy as np
import matplotlib.pyplot as plt
from dataclasses import dataclass, field, replace


@dataclass
class Town:
    people: int
    beta: float
    gamma: float = 0.1
    infected: float = 5.0
    curve: list = field(default_factory=list)


town = Town(people=10_000, beta=0.32)
print(town)

# %%
def simulate(town, days):
    """Goes on from the end of the curve, if there is one."""
    if not town.curve:
        town.curve.append((town.people - town.infected, town.infected, 0.0))
    for _ in range(days):
        s, i, r = town.curve[-1]
        new, gone = town.beta * s * i / town.people, town.gamma * i
        town.curve.append((s - new, i + new - gone, r + gone))
    return np.array(town.curve)


path = simulate(town, 60)
print(path.shape, path[-1].round(2))

# %%
path = simulate(town, 60)
peak = int(path[:, 1].argmax())
print(len(town.curve), "days, peak on day", peak, "with", round(path[peak, 1]), "infected")

# %%
# A town like it with fewer contacts. The list of the curve is shared unless a new one is given.
careful = replace(town, beta=0.2, curve=[])
shared = replace(town, beta=0.2)
print(shared.curve is town.curve, careful.curve is town.curve)
careful_path = simulate(careful, 120)
print(round(careful_path[:, 1].max()), round(path[:, 1].max()))

# %%
rng = np.random.default_rng(77)


def stochastic(people, beta, gamma, days):
    s, i = people - 5, 5
    infected = [i]
    for _ in range(days):
        new = rng.binomial(s, 1 - np.exp(-beta * i / people))
        gone = rng.binomial(i, gamma)
        s, i = s - new, i + new - gone
        infected.append(int(i))
    return infected


runs = np.array([stochastic(2000, 0.32, 0.1, 100) for _ in range(20)])
print(runs.max(axis=1).tolist())

# %%
more = np.array([stochastic(2000, 0.32, 0.1, 100) for _ in range(5)])
runs = np.vstack([runs, more])
low, mid, high = np.quantile(runs, [0.1, 0.5, 0.9], axis=0)
print(runs.shape, mid[[10, 30, 60]].tolist(), int((runs[:, -1] == 0).sum()))

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 3))
axes[0].plot(path.round(3), label=["susceptible", "infected", "removed"])
axes[0].legend()
axes[1].fill_between(range(101), low, high, alpha=0.3)
axes[1].plot(mid)
print([len(ax.lines) for ax in axes])

# %%
target = mid / 2000


def loss(beta):
    curve = simulate(Town(2000, beta), 100)[:, 1] / 2000
    return float(((curve - target) ** 2).mean())


left, right = 0.1, 0.6
for _ in range(40):
    a, b = left + (right - left) / 3, right - (right - left) / 3
    left, right = (left, b) if loss(a) < loss(b) else (a, right)
print("fitted beta:", round(left, 4), "loss:", round(loss(left), 7))
