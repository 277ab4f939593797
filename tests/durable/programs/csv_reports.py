# CSV files: written in parts by a file kept open, read on by another, dialects, a report per group.
# %%
import csv
import io
import random
from collections import defaultdict
from pathlib import Path

random.seed(123)
output = open("sales.csv", "w", newline="")
FIELDS = ["day", "shop", "article", "amount"]
csv.DictWriter(output, FIELDS).writeheader()
print(output.name, output.tell())

# %%
def write_day(day):
    writer = csv.DictWriter(output, FIELDS)
    for _ in range(random.randint(3, 6)):
        writer.writerow({"day": day, "shop": random.choice(["East", "West"]), "article": random.choice(["tea", "jam, red"]),
                         "amount": round(random.uniform(1, 40), 2)})


for day in range(1, 4):
    write_day(day)
output.flush()
print(Path("sales.csv").read_text().count("\n"))

# %%
for day in range(4, 8):
    write_day(day)
output.close()
source = open("sales.csv", newline="")
header = source.readline().strip().split(",")
first = next(csv.reader([source.readline()]))
print(header, first, output.closed)

# %%
rows = [dict(zip(header, first))]
rows += csv.DictReader(source, fieldnames=header)
source.close()
for row in rows:
    row["amount"], row["day"] = float(row["amount"]), int(row["day"])
print(len(rows), rows[-1])

# %%
groups = defaultdict(list)
for row in rows:
    groups[row["shop"]].append(row)
reports = {}
for shop in sorted(groups):
    reports[shop] = io.StringIO()
    report = csv.writer(reports[shop], delimiter=";", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    report.writerow(["day", "total"])
    totals = defaultdict(float)
    for row in groups[shop]:
        totals[row["day"]] += row["amount"]
    report.writerows([day, round(total, 2)] for day, total in sorted(totals.items()))
    del report
print(reports["East"].getvalue())

# %%
# The buffers go on where they were.
for shop, buffer in reports.items():
    buffer.write(f'"sum";{sum(row["amount"] for row in groups[shop]):.2f}\n')
    Path(f"report_{shop}.csv").write_text(buffer.getvalue())
print(reports["West"].getvalue().splitlines()[-1], reports["West"].tell())

# %%
groups["East"][0]["amount"] += 100
print(sum(row["amount"] > 100 for row in rows), csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter)
print(sorted(path.name for path in Path(".").glob("*.csv")), next(csv.reader(['"a ""b""",c'])))
