# Joins of five tables of a school: merge kinds, validation, as-of join, pivots with margins, ranks.
# %%
import numpy as np
import pandas as pd
from functools import reduce

rng = np.random.default_rng(88)
students = pd.DataFrame({"student": range(1, 41), "form": rng.choice(["7a", "7b", "8a"], 40)})
students["name"] = [f"{first} {last}" for first, last in zip(rng.choice(["Ada", "Ben", "Cem", "Dia"], 40),
                                                             rng.choice(["Fox", "Gray", "Hill", "Ives"], 40))]
exams = pd.DataFrame([(s, subject, int(rng.integers(1, 101)))
                      for s in range(3, 44) for subject in ("maths", "art", "music") if rng.random() < 0.8],
                     columns=["student", "subject", "points"])
teachers = pd.DataFrame({"form": ["7a", "7b", "9c"], "teacher": ["Ms Reed", "Mr Snow", "Mr Tate"]})
print(len(students), len(exams), len(teachers))

# %%
tables = {"students": students, "exams": exams, "teachers": teachers}
joined = students.merge(exams, on="student", how="outer", indicator=True)
print(joined["_merge"].value_counts().to_dict())
unknown = sorted(int(s) for s in joined.loc[joined["_merge"] == "right_only", "student"].unique())
print("exams of unknown students:", unknown)

# %%
try:
    students.merge(exams, on="student", validate="one_to_one")
except pd.errors.MergeError as error:
    problem = error
print(type(problem).__name__, str(problem).splitlines()[0])

# %%
full = students.merge(exams, on="student", validate="one_to_many").merge(teachers, on="form", how="left")
full["teacher"] = full["teacher"].fillna("nobody")
print(type(problem).__name__, full.shape)
print(full.groupby("teacher")["points"].agg(["mean", "size"]).round(2))

# %%
grades = pd.DataFrame({"points": [0, 35, 50, 65, 80, 92], "grade": list("FEDCBA")})
full = pd.merge_asof(full.sort_values(["points", "student", "subject"]), grades, on="points")
print(full["grade"].value_counts().sort_index().to_dict())

# %%
table = full.pivot_table(index="form", columns="subject", values="points", aggfunc="mean", margins=True).round(1)
print(table)
counts = pd.crosstab(full["form"], full["grade"])
print(counts)

# %%
full["rank"] = full.groupby("subject")["points"].rank(ascending=False, method="min").astype(int)
best = full[full["rank"] <= 3].sort_values(["subject", "rank", "student"])
print(best[["subject", "rank", "name", "points"]].to_string(index=False))

# %%
parts = [full.loc[full["subject"] == s, ["student", "points"]].rename(columns={"points": s}).set_index("student")
         for s in sorted(full["subject"].unique())]
wide = reduce(lambda left, right: left.join(right, how="outer"), parts)
tables["wide"] = wide
print(wide.shape, wide.isna().sum().to_dict())

# %%
# The dictionary and the name hold one frame, so the new column is in both.
wide["best"] = wide.max(axis=1)
print(tables["wide"] is wide, "best" in tables["wide"], {name: frame.shape for name, frame in tables.items()})
print(wide.query("art > maths and music > 50").index.tolist())
