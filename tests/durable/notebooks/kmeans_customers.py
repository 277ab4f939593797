# Customer segments: k-means and PCA in plain numpy.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

rng = np.random.default_rng(5)
centres = np.array([[20, 200, 2], [45, 900, 12], [60, 350, 30], [33, 1500, 6]], float)
sizes = [120, 90, 60, 40]
data = np.vstack([rng.normal(c, [5, 80, 1.5], (size, 3)) for c, size in zip(centres, sizes)])
customers = pd.DataFrame(data, columns=["age", "spending", "visits"]).round(2)
customers = customers.sample(frac=1, random_state=1).reset_index(drop=True)
print(customers.describe().loc[["mean", "std"]].round(1))

# %%
scaled = (customers - customers.mean()) / customers.std(ddof=0)
X = scaled.to_numpy().copy()
print(X.shape, np.abs(X.mean(axis=0)).max() < 1e-9)

# %%
class KMeans:
    """Lloyd's algorithm, one step at a time, so that the steps can be watched."""

    def __init__(self, k, seed):
        self.k = k
        self.rng = np.random.default_rng(seed)
        self.centres = self.labels = None

    def start(self, X):
        chosen = [X[self.rng.integers(len(X))]]
        while len(chosen) < self.k:
            distance = np.min([((X - c) ** 2).sum(axis=1) for c in chosen], axis=0)
            chosen.append(X[self.rng.choice(len(X), p=distance / distance.sum())])
        self.centres = np.array(chosen)

    def step(self, X):
        distance = ((X[:, None, :] - self.centres[None]) ** 2).sum(axis=2)
        self.labels = distance.argmin(axis=1)
        before = self.centres.copy()
        for j in range(self.k):
            if (self.labels == j).any():
                self.centres[j] = X[self.labels == j].mean(axis=0)
        return float(np.abs(self.centres - before).max())

    @property
    def counts(self):
        return np.bincount(self.labels, minlength=self.k).tolist()


km = KMeans(4, seed=8)
km.start(X)
print(km.centres.shape)

# %%
moves = [km.step(X) for _ in range(3)]
print([round(m, 4) for m in moves], km.counts)

# %%
while moves[-1] > 1e-6 and len(moves) < 50:
    moves.append(km.step(X))
print(len(moves), "steps", sorted(km.counts))

# %%
customers["segment"] = km.labels
profile = customers.groupby("segment").mean().sort_values("spending").round(1)
profile["n"] = customers["segment"].value_counts()
print(profile)

# %%
U, S, Vt = np.linalg.svd(X, full_matrices=False)
explained = S ** 2 / (S ** 2).sum()
Vt *= np.sign(Vt[:, [0]])
points = X @ Vt[:2].T
print("explained:", explained.round(3))

# %%
fig, ax = plt.subplots(figsize=(5, 4))
for segment in profile.index:
    chosen = km.labels == segment
    ax.scatter(points[chosen, 0].round(3), points[chosen, 1].round(3), s=8, label=f"segment {segment}")
ax.legend()
print(ax.get_legend_handles_labels()[1])

# %%
inertia = {}
for k in range(1, 7):
    candidate = KMeans(k, seed=3)
    candidate.start(X)
    while candidate.step(X) > 1e-6:
        pass
    inertia[k] = round(float(((X - candidate.centres[candidate.labels]) ** 2).sum()), 2)
print(inertia)
