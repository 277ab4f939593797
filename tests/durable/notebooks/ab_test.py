# An A/B test of a checkout page: conversion, bootstrap, permutation test, segments.
# %%
import math
import random
import numpy as np
import pandas as pd

random.seed(99)
rng = np.random.default_rng(99)
rows = []
for visitor in range(4000):
    group = random.choice("AB")
    device = random.choices(["phone", "desktop", "tablet"], [6, 3, 1])[0]
    rate = 0.10 + (0.025 if group == "B" else 0) + (0.03 if device == "desktop" else 0)
    bought = random.random() < rate
    rows.append((visitor, group, device, bought, round(random.lognormvariate(3.5, 0.5), 2) if bought else 0.0))
visits = pd.DataFrame(rows, columns=["visitor", "group", "device", "bought", "value"])
print(visits["group"].value_counts().sort_index().to_dict())

# %%
summary = visits.groupby("group").agg(n=("bought", "size"), conversions=("bought", "sum"), value=("value", "sum"))
summary["rate"] = summary["conversions"] / summary["n"]
print(summary.round(4))

# %%
def z_test(k1, n1, k2, n2):
    """Two-sided test of two proportions: statistic and p value."""
    pooled = (k1 + k2) / (n1 + n2)
    z = (k2 / n2 - k1 / n1) / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return z, math.erfc(abs(z) / math.sqrt(2))


a, b = summary.loc["A"], summary.loc["B"]
z, p = z_test(a.conversions, a.n, b.conversions, b.n)
results = {"z": round(z, 4), "p": round(p, 5)}
print(results)

# %%
def bootstrap(values, draws, statistic=np.mean):
    indices = rng.integers(0, len(values), (draws, len(values)))
    return statistic(values[indices], axis=1)


bought = {name: part["bought"].to_numpy(float) for name, part in visits.groupby("group")}
lift = bootstrap(bought["B"], 500) - bootstrap(bought["A"], 500)
results["interval"] = [round(float(q), 4) for q in np.quantile(lift, [0.025, 0.975])]
print(results["interval"])

# %%
# The generator goes on from its state, so a second set of draws differs from the first.
again = bootstrap(bought["B"], 500) - bootstrap(bought["A"], 500)
print(round(float(again.mean()), 5), round(float(lift.mean()), 5), np.array_equal(again, lift))

# %%
pooled = np.concatenate([bought["A"], bought["B"]])
observed = bought["B"].mean() - bought["A"].mean()
count = 0
for _ in range(400):
    rng.shuffle(pooled)
    count += pooled[len(bought["A"]):].mean() - pooled[:len(bought["A"])].mean() >= observed
results["permutation p"] = (count + 1) / 401
print(round(results["permutation p"], 4))

# %%
segments = visits.pivot_table(index="device", columns="group", values="bought", aggfunc=["mean", "count"])
print(segments.round(3))
results["by device"] = (segments["mean"]["B"] - segments["mean"]["A"]).round(4).to_dict()
print(results["by device"])

# %%
minimum = math.ceil(16 * 0.11 * 0.89 / 0.02 ** 2)
print("visitors needed for each group:", minimum)
print("a last draw:", random.randint(1, 10**6), rng.integers(10**6))
for key in results:
    print(key, "=>", results[key])
