# Prices of five made-up stocks: returns, risk, correlation, a portfolio and a moving average rule.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

TRADING_DAYS = 252
names = ["ACME", "BOLT", "CRUX", "DUNE", "ECHO"]
rng = np.random.default_rng(17)
factor = rng.normal(0.0003, 0.008, 500)
beta = np.array([0.6, 1.2, 0.9, 1.5, 0.2])
noise = rng.normal(0, 0.01, (500, 5))
returns_true = factor[:, None] * beta + noise
prices = pd.DataFrame(100 * np.exp(np.cumsum(returns_true, axis=0)),
                      index=pd.bdate_range("2021-01-04", periods=500, name="date"), columns=names)
print(prices.iloc[[0, -1]].round(2))

# %%
returns = np.log(prices).diff().dropna()
stats = pd.DataFrame({"mean": returns.mean() * TRADING_DAYS, "vol": returns.std() * np.sqrt(TRADING_DAYS)})
stats["sharpe"] = stats["mean"] / stats["vol"]
print(stats.round(3))

# %%
correlation = returns.corr()
print(correlation.round(2))
pairs = correlation.where(np.triu(np.ones(correlation.shape, bool), 1)).stack()
print("closest pair:", pairs.idxmax(), round(pairs.max(), 3))

# %%
def drawdown(series):
    peak = series.cummax()
    return (series / peak - 1).min()


stats["drawdown"] = prices.apply(drawdown)
print(stats["drawdown"].round(3).to_dict())

# %%
covariance = returns.cov() * TRADING_DAYS
inverse = np.linalg.inv(covariance.to_numpy())
weights = inverse.sum(axis=1) / inverse.sum()
portfolio = pd.Series(weights, index=names)
print(portfolio.round(3), round(float(weights @ covariance @ weights) ** 0.5, 4))

# %%
class Backtest:
    """Holds the stock while the fast mean is above the slow one."""

    runs = []

    def __init__(self, name, fast, slow):
        self.name, self.fast, self.slow = name, fast, slow
        Backtest.runs.append(self)

    def result(self):
        price = prices[self.name]
        signal = (price.rolling(self.fast).mean() > price.rolling(self.slow).mean()).shift(1, fill_value=False)
        return float(returns[self.name][signal.reindex(returns.index)].sum())

    def __repr__(self):
        return f"Backtest({self.name}, {self.fast}/{self.slow})"


base = Backtest("DUNE", 10, 30)
print(base, round(base.result(), 4))

# %%
for name in names:
    for fast, slow in ((5, 20), (20, 60)):
        Backtest(name, fast, slow)
ranking = sorted(((round(run.result(), 4), repr(run)) for run in Backtest.runs), reverse=True)
print(len(Backtest.runs), ranking[:3])

# %%
figure = plt.figure(figsize=(6, 3))
plt.plot(prices.index, prices["DUNE"], label="DUNE")
plt.plot(prices.index, prices["DUNE"].rolling(30).mean(), label="mean of 30 days")
plt.legend()
print(plt.gcf() is figure, len(plt.gca().lines))

# %%
monthly = prices.resample("ME").last().pct_change().dropna()
monthly.columns.name = "stock"
long = monthly.stack().rename("change").reset_index()
best = long.loc[long.groupby("stock")["change"].idxmax()]
print(best.assign(change=best["change"].round(3)).to_string(index=False))
