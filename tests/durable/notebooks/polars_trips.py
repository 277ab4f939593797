# Bicycle trips with polars: expressions, joins, windows, lazy frames, Parquet.
# %%
import datetime as dt
import random
import polars as pl

random.seed(64)
stations = ["Harbour", "Museum", "Park", "Station", "Stadium", "University"]
start = dt.datetime(2024, 5, 1)
trips = pl.DataFrame({
    "trip": list(range(2000)),
    "bike": [random.randint(1, 60) for _ in range(2000)],
    "origin": [random.choice(stations) for _ in range(2000)],
    "target": [random.choice(stations) for _ in range(2000)],
    "begin": [start + dt.timedelta(minutes=random.randint(0, 60 * 24 * 14)) for _ in range(2000)],
    "minutes": [max(2, round(random.gauss(18, 7))) for _ in range(2000)],
}).sort("begin", "trip")
print(trips.shape, trips.schema["begin"])
print(trips.head(3))

# %%
long_trip = pl.col("minutes") > 25
by_origin = (trips.group_by("origin").agg(pl.len().alias("n"), pl.col("minutes").mean().round(2).alias("mean"),
                                          long_trip.sum().alias("long")).sort("origin"))
print(by_origin)

# %%
capacity = pl.DataFrame({"name": stations, "docks": [30, 20, 15, 40, 10, 25]})
usage = by_origin.join(capacity, left_on="origin", right_on="name").with_columns(
    (pl.col("n") / pl.col("docks")).round(2).alias("per_dock"))
print(usage.select("origin", "docks", "per_dock").sort("per_dock", descending=True))

# %%
trips = trips.with_columns(
    pl.col("begin").dt.hour().alias("hour"),
    pl.col("target").shift(1).over("bike").alias("stood_at"),
)
moved = trips.filter(pl.col("stood_at").is_not_null() & (pl.col("stood_at") != pl.col("origin")))
print(f"{len(moved)} of {len(trips)} trips began where the bike was not left")

# %%
query = (trips.lazy().filter(long_trip).group_by("hour").agg(pl.len().alias("n"))
         .sort(["n", "hour"], descending=[True, False]))
print(query.collect().head(3).rows())

# %%
# The lazy frame is a plan: it can be extended later.
evening = query.filter(pl.col("hour") >= 17).with_columns(share=(pl.col("n") / pl.col("n").sum()).round(3))
print(evening.collect().head(4))

# %%
trips.write_parquet("trips.parquet")
scan = pl.scan_parquet("trips.parquet").select("bike", "minutes")
busy = scan.group_by("bike").sum().sort(["minutes", "bike"], descending=True).head(3).collect()
print(busy.to_dicts())

# %%
matrix = trips.pivot(on="target", index="origin", values="minutes", aggregate_function="median", sort_columns=True)
print(matrix.sort("origin"))
wide = matrix.unpivot(index="origin", variable_name="target", value_name="median").drop_nulls()
print(wide.height, wide["median"].max())

# %%
per_day = trips.group_by_dynamic("begin", every="1d").agg(pl.len().alias("n"))
print(per_day["n"].to_list())
print(per_day.with_columns(pl.col("n").rolling_mean(3).round(1).alias("mean3")).tail(2).rows())
