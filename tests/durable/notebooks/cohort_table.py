# Cohorts of a subscription service: retention table, heat map, lifetime value.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from collections import Counter, defaultdict

gen = np.random.default_rng(31)
events = []
for user in range(400):
    start = int(gen.integers(0, 9))
    month = start
    while month < 12:
        events.append({"user": user, "month": month, "paid": round(float(gen.gamma(4, 5)), 2)})
        if gen.random() < 0.25:
            break
        month += 1
log = pd.DataFrame(events)
print(len(log), "payments of", log["user"].nunique(), "users")

# %%
periods = pd.period_range("2023-01", periods=12, freq="M")
log["period"] = [periods[m] for m in log["month"]]
log["cohort"] = log.groupby("user")["month"].transform("min")
log["age"] = log["month"] - log["cohort"]
print(log.tail(3).to_string())

# %%
active = log.groupby(["cohort", "age"])["user"].nunique().unstack()
retention = active.div(active[0], axis=0)
retention.index = [str(periods[c]) for c in retention.index]
print(retention.iloc[:, :6].round(2))

# %%
fig, ax = plt.subplots(figsize=(6, 4))
image = ax.imshow(retention.to_numpy(), cmap="viridis", vmin=0, vmax=1)
ax.set_yticks(range(len(retention)), retention.index)
fig.colorbar(image, ax=ax)
print("cells shown:", int(retention.notna().sum().sum()))

# %%
value = defaultdict(float)
first = Counter()
for row in log.itertuples():
    value[row.cohort] += row.paid
    if row.age == 0:
        first[row.cohort] += 1
lifetime = {c: round(value[c] / first[c], 2) for c in sorted(first)}
print(lifetime)

# %%
def average_retention(table, age):
    column = table[age].dropna()
    return float(column.mean()), len(column)


curve = [average_retention(retention, age)[0] for age in range(8)]
print([round(c, 3) for c in curve])
rate = np.polyfit(range(8), np.log(curve), 1)[0]
print(f"a month costs {1 - np.exp(rate):.1%} of the users")

# %%
ax.set_title("Retention by cohort")
fig.savefig("retention.png", dpi=50)
retention.round(3).to_csv("retention.csv")
back = pd.read_csv("retention.csv", index_col=0)
print(back.shape, back.index.tolist() == list(retention.index))

# %%
value["bonus"] += 1.5
print(value["bonus"], value["nobody"], first.most_common(2))
