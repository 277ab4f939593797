# Exploration of the orders of an online shop: loading, cleaning, top customers, monthly revenue.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

pd.set_option("display.width", 120)
rng = np.random.default_rng(2024)
N = 1500
raw = pd.DataFrame({
    "order_id": np.arange(10_000, 10_000 + N),
    "customer": rng.choice([f"C{i:03d}" for i in range(120)], N),
    "product": rng.choice(["lamp", "desk", "chair", "shelf", "rug"], N, p=[.3, .15, .25, .2, .1]),
    "quantity": rng.integers(1, 6, N),
    "price": rng.choice([19.9, 49.0, 89.5, 120.0, 15.25], N),
    "day": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 365, N), unit="D"),
})
raw.loc[rng.choice(N, 40, replace=False), "price"] = np.nan
raw.loc[rng.choice(N, 15, replace=False), "customer"] = None
raw.to_csv("orders.csv", index=False)
print("wrote", len(raw), "orders")

# %%
orders = pd.read_csv("orders.csv", parse_dates=["day"])
print(orders.shape)
print(orders.dtypes.astype(str).to_dict())
print(orders.head(3))

# %%
missing = orders.isna().sum()
print(missing[missing > 0])
median_price = orders.groupby("product")["price"].transform("median")
orders["price"] = orders["price"].fillna(median_price)
orders = orders.dropna(subset=["customer"]).reset_index(drop=True)
print("left after cleaning:", len(orders))

# %%
def revenue(frame):
    """The revenue of each row."""
    return frame["quantity"] * frame["price"]


orders["revenue"] = revenue(orders)
print(orders["revenue"].describe().round(2))

# %%
per_customer = (orders.groupby("customer")
                .agg(orders=("order_id", "count"), total=("revenue", "sum"), last=("day", "max"))
                .sort_values(["total", "customer"], ascending=[False, True]))
top = per_customer.head(5)
print(top.assign(total=top["total"].round(2)))
share = top["total"].sum() / per_customer["total"].sum()
print(f"the top five bring {share:.1%} of the revenue")

# %%
monthly = orders.set_index("day")["revenue"].resample("MS").sum()
print(monthly.round(0).astype(int).to_string())
best_month = monthly.idxmax()
print("best month:", best_month.strftime("%B"))

# %%
fig, ax = plt.subplots(figsize=(6, 3))
monthly.plot(ax=ax, marker="o")
ax.set_title("Revenue by month")
ax.axvline(best_month, color="red", linestyle="--")
print(len(ax.lines), "lines drawn")

# %%
ax.set_ylabel("revenue")
fig.savefig("monthly.png", dpi=60)
orders["size"] = pd.cut(orders["revenue"], [0, 50, 200, 1000], labels=["small", "medium", "large"])
table = pd.crosstab(orders["product"], orders["size"])
print(table)

# %%
orders["weekend"] = orders["day"].dt.day_of_week >= 5
by_weekend = orders.groupby("weekend")["revenue"].agg(["mean", "count"]).round(2)
print(by_weekend)
print("columns at the end:", list(orders.columns))
