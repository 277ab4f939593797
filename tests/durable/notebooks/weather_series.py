# A year of hourly weather: resampling, rolling means, gaps, anomalies.
# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from datetime import timedelta

np.random.seed(11)
hours = pd.date_range("2022-01-01", periods=24 * 365, freq="h")
season = -10 * np.cos(2 * np.pi * (hours.day_of_year - 15) / 365)
daily = 4 * np.sin(2 * np.pi * (hours.hour - 9) / 24)
weather = pd.DataFrame({"temp": 10 + season + daily + np.random.normal(0, 1.5, len(hours)),
                        "rain": np.where(np.random.rand(len(hours)) < 0.08, np.random.exponential(1.2, len(hours)), 0)},
                       index=hours)
print(weather.shape, weather.index[0], weather.index[-1])
print(weather.describe().round(2))

# %%
# A sensor fails for two days in March, and some single hours are missing.
gap = slice("2022-03-10", "2022-03-11")
weather.loc[gap, "temp"] = np.nan
weather.loc[weather.sample(60, random_state=3).index, "temp"] = np.nan
print("missing hours:", int(weather["temp"].isna().sum()))

# %%
filled = weather["temp"].interpolate(limit=6)
still = filled.isna()
filled = filled.where(~still, filled.groupby([hours.month, hours.hour]).transform("mean"))
print(int(still.sum()), "hours filled with the mean of month and hour")
weather["temp"] = filled
print("missing now:", int(weather["temp"].isna().sum()))

# %%
day = weather.resample("D").agg({"temp": ["min", "mean", "max"], "rain": "sum"})
day.columns = ["low", "mean", "high", "rain"]
print(day.head(4).round(2))
print("frost days:", int((day["low"] < 0).sum()), "wet days:", int((day["rain"] > 1).sum()))

# %%
day["smooth"] = day["mean"].rolling(15, center=True, min_periods=5).mean()
residual = day["mean"] - day["smooth"]
limit = 2.5 * residual.std()
odd = residual[residual.abs() > limit]
print(f"limit {limit:.2f}, {len(odd)} odd days")
print(odd.round(2).to_string())

# %%
fig, (ax1, ax2) = plt.subplots(2, 1, figsize=(7, 5), sharex=True)
ax1.plot(day.index, day["mean"], lw=0.8)
ax1.plot(day.index, day["smooth"], lw=2)
ax2.bar(day.index, day["rain"], width=1)
for ax in (ax1, ax2):
    ax.grid(True, alpha=0.3)
fig.savefig("weather.png", dpi=50)
print("saved", len(fig.axes), "panels")

# %%
heat = weather.groupby([weather.index.month, weather.index.hour])["temp"].mean().unstack()
heat.index.name, heat.columns.name = "month", "hour"
print(heat.iloc[[0, 6], [0, 6, 12, 18]].round(1))
warmest = heat.stack().idxmax()
print("warmest month and hour:", tuple(int(part) for part in warmest))

# %%
longest, run = None, timedelta(0)
for when, wet in (day["rain"] > 1).items():
    run = run + timedelta(days=1) if not wet else timedelta(0)
    if longest is None or run > longest[0]:
        longest = (run, when)
print("longest dry spell:", longest[0].days, "days up to", longest[1].date())
