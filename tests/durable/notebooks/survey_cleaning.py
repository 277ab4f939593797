# A messy survey: names, dates and numbers in many spellings, duplicates, melting, categories.
# %%
import io
import re
import pandas as pd

text = """id; Name ;born;Income ;City;q1;q2;q3
1; anna  SMITH;1980-03-01;52,000 ;berlin;5;4;3
2;Ben Jones ;3.4.1975;48.500,00;Berlin ;3;n/a;2
3;CARLA Diaz;1990/12/24;n/a;Munich;4;4;4
2;Ben Jones ;3.4.1975;48.500,00;Berlin ;3;n/a;2
4;dan o'neil;unknown;61000 EUR;MUNICH;1;2;;
5;Eve  Li;1999-07-15; 39,900;Hamburg;5;5;5
6;Finn Berg;15.1.1968;70k;hamburg;2;3;3
"""
lines = [line.rstrip(";") if line.count(";") > 7 else line for line in text.splitlines()]
survey = pd.read_csv(io.StringIO("\n".join(lines)), sep=";", na_values=["n/a", "unknown"])
print(survey.shape, survey.columns.tolist())

# %%
survey.columns = survey.columns.str.strip().str.lower()
survey = survey.drop_duplicates().set_index("id")
survey["name"] = survey["name"].str.split().str.join(" ").str.title()
survey["city"] = survey["city"].str.strip().str.capitalize()
print(survey[["name", "city"]])

# %%
rejected = []


def parse_income(value):
    """Income in euros: accepts 52,000 and 48.500,00 and 70k."""
    if pd.isna(value):
        return None
    text = re.sub(r"\s|EUR", "", value)
    if text.endswith("k"):
        return float(text[:-1]) * 1000
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", text):
        return float(text.replace(".", "").replace(",", "."))
    try:
        return float(text.replace(",", ""))
    except ValueError:
        rejected.append(value)
        return None


survey["income"] = survey["income"].map(parse_income)
print(survey["income"].to_dict(), rejected)

# %%
FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"]
born = pd.Series(pd.NaT, index=survey.index, dtype="datetime64[us]")
for pattern in FORMATS:
    born = born.fillna(pd.to_datetime(survey["born"], format=pattern, errors="coerce"))
survey["born"] = born
survey["age"] = 2024 - survey["born"].dt.year
print(survey[["born", "age"]])

# %%
print(parse_income("12x"), rejected)
answers = survey.reset_index().melt(id_vars=["id", "city"], value_vars=["q1", "q2", "q3"], var_name="question",
                                    value_name="answer")
answers["answer"] = answers["answer"].astype("Int64")
print(answers.groupby("question")["answer"].agg(["count", "mean"]).round(2))

# %%
scale = pd.CategoricalDtype(["bad", "fair", "good"], ordered=True)
answers["grade"] = pd.cut(answers["answer"].astype(float), [0, 2, 3, 5], labels=scale.categories).astype(scale)
print(answers["grade"].value_counts(dropna=False, sort=False).tolist(), answers["grade"].max())
print(answers[answers["grade"] > "fair"].groupby("city").size().to_dict())

# %%
report = []
for city, part in survey.groupby("city"):
    report.append(f"{city}: {len(part)} people, median income {part['income'].median():.0f}")
print("\n".join(report))

# %%
survey.loc[4, "born"] = pd.Timestamp("1977-05-05")
survey.loc[7] = ["Gus Van", pd.Timestamp("2001-01-01"), 20_000.0, "Bremen", 4, 4.0, 4, 23]
survey = survey.sort_values("born")
print(survey.index.tolist(), survey["age"].isna().sum(), survey["income"].sum())
survey.to_csv("clean.csv")
print(pd.read_csv("clean.csv").shape)
