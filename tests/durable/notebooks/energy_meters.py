# Meters of three houses with time zones: Arrow tables, daylight saving, tariffs, comparison of libraries.
# %%
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
rng = np.random.default_rng(15)
quarters = pd.date_range("2024-03-30 00:00", "2024-04-01 00:00", freq="15min", tz="UTC", inclusive="left")
meters = pd.concat([pd.DataFrame({"time": quarters, "meter": name,
                                  "kwh": rng.gamma(2, scale, len(quarters)).round(3)})
                    for name, scale in (("north", 0.1), ("south", 0.15), ("west", 0.05))], ignore_index=True)
print(meters.shape, str(meters["time"].dt.tz))

# %%
meters["local"] = meters["time"].dt.tz_convert(BERLIN)
per_day = meters.groupby(["meter", meters["local"].dt.strftime("%a %d")])["kwh"].sum().unstack().round(2)
print(per_day)
offsets = meters["local"].map(lambda t: t.utcoffset().total_seconds() / 3600)
print(offsets.value_counts().to_dict())

# %%
table = pa.Table.from_pandas(meters[["time", "meter", "kwh"]], preserve_index=False)
table = table.set_column(1, "meter", table["meter"].cast(pa.string()).dictionary_encode())
print(table.schema.names, table.num_rows, table["meter"].type)

# %%
high = table.filter(pc.greater(table["kwh"], 0.6))
plain = table.set_column(1, "meter", table["meter"].cast(pa.string()))
totals = plain.group_by("meter").aggregate([("kwh", "sum"), ("kwh", "max")]).sort_by("meter")
print(high.num_rows, [round(v, 3) for v in totals["kwh_sum"].to_pylist()], totals["kwh_max"].to_pylist())

# %%
class Tariff:
    def __init__(self, name, day, night):
        self.name, self.day, self.night = name, day, night

    def price(self, hour):
        return self.day if 6 <= hour < 22 else self.night

    def cost(self, frame):
        return float((frame["kwh"] * frame["local"].dt.hour.map(self.price)).sum())


tariffs = [Tariff("flat", 0.31, 0.31), Tariff("double", 0.35, 0.22)]
costs = pd.DataFrame({t.name: {m: t.cost(part) for m, part in meters.groupby("meter")} for t in tariffs})
print(costs.round(2))

# %%
tariffs[1].night = 0.12
costs["cheaper"] = [tariffs[1].cost(part) for _, part in meters.groupby("meter")]
print(costs.round(2), costs.idxmin(axis=1).to_dict())

# %%
frame = pl.from_arrow(table).with_columns(pl.col("meter").cast(pl.String))
hourly = (frame.sort("time").group_by_dynamic("time", every="6h", group_by="meter")
          .agg(pl.col("kwh").sum().round(2)).sort("meter", "time"))
print(hourly.height, hourly.filter(pl.col("meter") == "west")["kwh"].to_list())

# %%
a = meters.groupby("meter")["kwh"].sum()
b = dict(zip(totals["meter"].to_pylist(), totals["kwh_sum"].to_pylist()))
c = dict(frame.group_by("meter").agg(pl.col("kwh").sum()).sort("meter").iter_rows())
for name in a.index:
    print(name, abs(a[name] - b[name]) < 1e-9, abs(a[name] - c[name]) < 1e-9)

# %%
meters["running"] = meters.groupby("meter")["kwh"].cumsum()
reading = meters.set_index(["meter", "time"])["running"].unstack("meter")
print(reading.resample("12h").last().round(2).to_string())
