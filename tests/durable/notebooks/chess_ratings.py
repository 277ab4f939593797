# Elo ratings of a chess league: a seeded season, rating history, predictions, a page-rank comparison.
# %%
import random
import itertools
import pandas as pd
import numpy as np
import matplotlib.pyplot as plt
from types import SimpleNamespace

random.seed(2718)
players = {name: SimpleNamespace(name=name, rating=1500.0, skill=random.gauss(0, 1), games=0, history=[1500.0])
           for name in ["Anand", "Boris", "Chloe", "Dara", "Edith", "Farid", "Gina", "Hugo"]}
by_skill = sorted(players.values(), key=lambda p: -p.skill)
print([(p.name, round(p.skill, 2)) for p in by_skill])

# %%
K = 24
played = []


def expected(a, b):
    return 1 / (1 + 10 ** ((b.rating - a.rating) / 400))


def play(a, b):
    chance = 1 / (1 + np.exp(-(a.skill - b.skill)))
    score = random.choices([1.0, 0.5, 0.0], [chance * 0.8, 0.2, (1 - chance) * 0.8])[0]
    change = K * (score - expected(a, b))
    for player, sign in ((a, 1), (b, -1)):
        player.rating += sign * change
        player.games += 1
        player.history.append(round(player.rating, 2))
    played.append((a.name, b.name, score))
    return score


print(play(players["Anand"], players["Hugo"]), round(players["Anand"].rating, 2))

# %%
pairs = itertools.combinations(sorted(players), 2)
for a, b in itertools.islice(list(pairs), 14):
    play(players[a], players[b])
print(len(played), by_skill[0] is players[by_skill[0].name], by_skill[0].games)

# %%
K = 16
for _ in range(10):
    for a, b in itertools.permutations(sorted(players), 2):
        play(players[a], players[b])
table = pd.DataFrame([(p.name, round(p.rating, 1), p.games, round(p.skill, 2)) for p in players.values()],
                     columns=["name", "rating", "games", "skill"]).set_index("name")
print(table.sort_values("rating", ascending=False))

# %%
print("rank correlation:", round(table["rating"].rank().corr(table["skill"].rank()), 4))
games = pd.DataFrame(played, columns=["white", "black", "score"])
print(games["score"].value_counts().sort_index().to_dict(), round(games["score"].mean(), 4))

# %%
names = sorted(players)
index = {name: i for i, name in enumerate(names)}
M = np.zeros((8, 8))
for white, black, score in played:
    M[index[white], index[black]] += score
    M[index[black], index[white]] += 1 - score
M = M / M.sum(axis=0)
rank = np.ones(8) / 8
for _ in range(100):
    rank = 0.85 * M @ rank + 0.15 / 8
print({name: round(float(r), 4) for name, r in zip(names, rank)})

# %%
fig, ax = plt.subplots(figsize=(6, 3))
for player in by_skill[:3]:
    ax.plot(player.history, label=player.name)
ax.legend(loc="lower right")
print([len(line.get_xdata()) for line in ax.lines])

# %%
upset = max(played, key=lambda g: (g[2] - expected(players[g[0]], players[g[1]]), g))
print(upset, random.random() < 2, [p.name for p in sorted(players.values(), key=lambda p: -p.rating)[:3]])
