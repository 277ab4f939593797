# House prices: dummy variables, least squares, ridge, cross validation, residuals.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

rng = np.random.default_rng(404)
n = 400
houses = pd.DataFrame({
    "area": rng.gamma(9, 13, n).round(1),
    "rooms": rng.integers(1, 7, n),
    "year": rng.integers(1920, 2022, n),
    "district": pd.Categorical(rng.choice(["centre", "east", "west"], n)),
    "garden": rng.random(n) < 0.4,
})
effect = houses["district"].map({"centre": 60, "east": -10, "west": 15}).astype(float)
houses["price"] = (50 + 2.1 * houses["area"] + 8 * houses["rooms"] + 0.3 * (houses["year"] - 1970)
                   + effect + 12 * houses["garden"] + rng.normal(0, 20, n)).round(1)
houses.to_csv("houses.csv", index=False)
print(houses.groupby("district", observed=True)["price"].agg(["mean", "median", "size"]).round(1))

# %%
houses = pd.read_csv("houses.csv", dtype={"district": "category"})
print(houses.dtypes.astype(str).to_dict())
print(houses.select_dtypes("number").corr()["price"].round(3).to_dict())

# %%
design = pd.get_dummies(houses.drop(columns="price"), columns=["district"], drop_first=True, dtype=float)
design["garden"] = design["garden"].astype(float)
design["age"] = 2022 - design.pop("year")
design.insert(0, "one", 1.0)
X, y = design.to_numpy(float), houses["price"].to_numpy()
print(list(design), X.shape)

# %%
beta, residues, rank, _ = np.linalg.lstsq(X, y, rcond=None)
coefficients = pd.Series(beta, design.columns)
predicted = X @ beta
r2 = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
print(coefficients.round(3), rank, round(r2, 4))

# %%
def ridge(X, y, strength):
    penalty = strength * np.eye(X.shape[1])
    penalty[0, 0] = 0
    return np.linalg.solve(X.T @ X + penalty, X.T @ y)


def cross_validate(strength, folds=5):
    errors = []
    for fold in range(folds):
        held = assignment == fold
        b = ridge(X[~held], y[~held], strength)
        errors.append(np.mean((y[held] - X[held] @ b) ** 2))
    return float(np.sqrt(np.mean(errors)))


# `assignment` is a global that the function above looks up when it is called.
assignment = rng.permutation(np.arange(n) % 5)
scores = {strength: round(cross_validate(strength), 4) for strength in (0, 0.1, 1, 10, 100)}
print(scores)

# %%
best = min(scores, key=scores.get)
assignment = rng.permutation(assignment)
print(best, round(cross_validate(best), 4), np.bincount(assignment).tolist())

# %%
residual = pd.Series(y - predicted, name="residual")
figure, axis = plt.subplots()
axis.hist(residual.round(6), bins=20)
axis.set_xlabel("residual")
print(residual.describe().round(3).to_dict())

# %%
houses["residual"] = residual
worst = houses.reindex(houses["residual"].abs().sort_values(ascending=False).index).head(4)
print(worst[["area", "rooms", "district", "price", "residual"]].round(1).to_string())
houses["decade"] = houses["year"] // 10 * 10
print(houses.pivot_table(index="decade", columns="district", values="price", observed=True).round(0).fillna(0).astype(int))
