# Survival of machine parts: a Kaplan-Meier table with its standard error, log-rank test, hazard by age.
# %%
import math
import pandas as pd
import numpy as np

state = np.random.RandomState(12)
n = 240
parts = pd.DataFrame({"maker": state.choice(["north", "south"], n), "life": state.weibull(1.4, n) * 40})
parts.loc[parts["maker"] == "south", "life"] *= 1.35
parts["limit"] = state.uniform(10, 70, n)
parts["failed"] = parts["life"] <= parts["limit"]
parts["weeks"] = np.ceil(np.minimum(parts["life"], parts["limit"])).astype(int)
print(parts.groupby("maker")["failed"].agg(["size", "sum"]))

# %%
def life_table(frame):
    """One row for each week in which a part failed: at risk, failures, share that survives."""
    rows, survival, variance = [], 1.0, 0.0
    for week in sorted(frame.loc[frame["failed"], "weeks"].unique()):
        risk = int((frame["weeks"] >= week).sum())
        failures = int(((frame["weeks"] == week) & frame["failed"]).sum())
        survival *= 1 - failures / risk
        if risk > failures:
            variance += failures / (risk * (risk - failures))
        rows.append((int(week), risk, failures, survival, survival * math.sqrt(variance)))
    return pd.DataFrame(rows, columns=["week", "risk", "failures", "survival", "error"]).set_index("week")


everything = life_table(parts)
print(everything.head(5).round(4))

# %%
tables = {maker: life_table(part) for maker, part in parts.groupby("maker")}
for maker, table in tables.items():
    print(maker, len(table), table["survival"].iloc[-1].round(4))


# %%
def median_life(table):
    below = table.index[table["survival"] <= 0.5]
    return int(below[0]) if len(below) else None


medians = {maker: median_life(table) for maker, table in tables.items()}
medians["all"] = median_life(everything)
print(medians)

# %%
observed = expected = variance = 0.0
north = parts[parts["maker"] == "north"]
for week, row in everything.iterrows():
    at_risk = int((north["weeks"] >= week).sum())
    observed += int(((north["weeks"] == week) & north["failed"]).sum())
    share = at_risk / row["risk"]
    expected += row["failures"] * share
    if row["risk"] > 1:
        variance += row["failures"] * share * (1 - share) * (row["risk"] - row["failures"]) / (row["risk"] - 1)
chi2 = (observed - expected) ** 2 / variance
print(f"observed {observed:.0f}, expected {expected:.2f}, chi2 {chi2:.3f}, p {math.erfc(math.sqrt(chi2 / 2)):.4f}")

# %%
ages = pd.IntervalIndex.from_breaks([0, 10, 20, 30, 40, 80])
exposure = pd.Series(0.0, index=ages)
failures = pd.Series(0, index=ages)
for weeks, failed in zip(parts["weeks"], parts["failed"]):
    for age in ages:
        exposure[age] += min(max(weeks - age.left, 0), age.length)
        failures[age] += int(failed and weeks in age)
hazard = failures / exposure
print(hazard.round(4).to_string())

# %%
joined = pd.concat(tables, names=["maker"])
print(joined.shape, joined.index.nlevels)
print(joined.xs("south").loc[:20, "survival"].round(3).to_dict())
everything["better"] = everything["survival"] > 0.5
print(int(everything["better"].sum()), "weeks above one half")
