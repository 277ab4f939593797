# A passenger list: cleaning, features, a logistic regression written in numpy.
# %%
import numpy as np
import pandas as pd

rng = np.random.RandomState(7)
n = 800
age = np.clip(rng.normal(30, 13, n), 1, 80).round(0)
sex = rng.choice(["male", "female"], n, p=[0.62, 0.38])
klass = rng.choice([1, 2, 3], n, p=[0.25, 0.2, 0.55])
fare = np.round(np.exp(rng.normal(4.2 - 0.8 * klass, 0.4)), 2)
logit = 1.1 + 2.3 * (sex == "female") - 0.9 * (klass - 1) - 0.02 * age
survived = (rng.rand(n) < 1 / (1 + np.exp(-logit))).astype(int)
passengers = pd.DataFrame({"survived": survived, "class": klass, "sex": sex, "age": age, "fare": fare})
passengers.loc[rng.rand(n) < 0.2, "age"] = np.nan
print(passengers.head())

# %%
print(passengers.isna().mean().round(3))
print(passengers.groupby("sex")["survived"].mean().round(3))
print(passengers.pivot_table(index="sex", columns="class", values="survived").round(3))

# %%
medians = passengers.groupby(["sex", "class"])["age"].median()


def fill_age(row):
    if np.isnan(row["age"]):
        return medians[(row["sex"], row["class"])]
    return row["age"]


passengers["age"] = passengers.apply(fill_age, axis=1)
print(medians.to_dict())
print("missing ages:", int(passengers["age"].isna().sum()))

# %%
features = pd.DataFrame({
    "female": (passengers["sex"] == "female").astype(float),
    "class2": (passengers["class"] == 2).astype(float),
    "class3": (passengers["class"] == 3).astype(float),
    "age": passengers["age"],
    "log_fare": np.log1p(passengers["fare"]),
})
mean, std = features.mean(), features.std()
X = ((features - mean) / std).to_numpy()
X = np.column_stack([np.ones(len(X)), X])
y = passengers["survived"].to_numpy()
print(X.shape, y.mean().round(3))

# %%
class LogisticRegression:
    def __init__(self, rate=0.1, penalty=0.01):
        self.rate, self.penalty = rate, penalty
        self.weights = None
        self.history = []

    @staticmethod
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def fit(self, X, y, steps):
        if self.weights is None:
            self.weights = np.zeros(X.shape[1])
        for _ in range(steps):
            p = self.predict_proba(X)
            self.weights -= self.rate * (X.T @ (p - y) / len(y) + self.penalty * self.weights)
            self.history.append(float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))))
        return self

    def predict_proba(self, X):
        return self.sigmoid(X @ self.weights)


order = rng.permutation(n)
train, test = order[:600], order[600:]
print(len(train), len(test), train[:5])

# %%
model = LogisticRegression().fit(X[train], y[train], 100)
print(f"loss {model.history[0]:.4f} -> {model.history[-1]:.4f}")

# %%
# More steps with the same object: it goes on where it stopped.
model.fit(X[train], y[train], 200)
print(len(model.history), f"{model.history[-1]:.4f}")
accuracy = ((model.predict_proba(X[test]) > 0.5) == y[test]).mean()
print(f"accuracy on the test set {accuracy:.3f}")

# %%
weights = pd.Series(model.weights, index=["intercept", *features.columns]).round(3)
print(weights.sort_values())
confusion = pd.crosstab(y[test], model.predict_proba(X[test]) > 0.5)
print(confusion.to_numpy().tolist())
