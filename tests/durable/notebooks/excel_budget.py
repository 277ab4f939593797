# A budget in Excel: written with formulas, read back, changed, compared with the actual spending.
# %%
import io
import pandas as pd
import openpyxl
from openpyxl.styles import Font

departments = ["Sales", "Research", "Support", "Office"]
months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Budget"
sheet.append(["Department", *months, "Total"])
for number, department in enumerate(departments, start=2):
    sheet.append([department] + [1000 * number + 50 * i for i in range(6)] + [f"=SUM(B{number}:G{number})"])
print(book.sheetnames, sheet.dimensions)

# %%
for cell in sheet[1]:
    cell.font = Font(bold=True)
notes = book.create_sheet("Notes")
notes["A1"] = "Figures in thousands"
stored = io.BytesIO()
book.save(stored)
print(sheet["H2"].value, sheet["A1"].font.bold, stored.getbuffer().nbytes > 4000)

# %%
stored.seek(0)
budget = pd.read_excel(stored, sheet_name="Budget", index_col=0)
budget["Total"] = budget[months].sum(axis=1)
print(budget)

# %%
actual = budget[months].copy()
for column, month in enumerate(months):
    actual[month] = actual[month] * (1 + (column - 2) / 20)
actual.loc["Research", "Jun"] += 900
difference = (actual - budget[months]).round(1)
print(difference)

# %%
def flag(value, limit=500):
    return "over" if value > limit else "under" if value < -limit else "ok"


flags = difference.map(flag)
print(flags.stack().value_counts().to_dict())
flags_strict = difference.map(lambda value: flag(value, 300))
print(flags_strict.loc["Office"].tolist())

# %%
result = io.BytesIO()
with pd.ExcelWriter(result, engine="openpyxl") as writer:
    budget.to_excel(writer, sheet_name="Budget")
    actual.round(1).to_excel(writer, sheet_name="Actual")
    difference.to_excel(writer, sheet_name="Difference", startrow=2)
    writer.sheets["Difference"]["A1"] = "Actual minus budget"
print(result.tell() > 5000)

# %%
book = openpyxl.load_workbook(io.BytesIO(result.getvalue()))
page = book["Difference"]
print(book.sheetnames, page["A1"].value, page.max_row, page.max_column)
page["A9"] = "checked"
for row in page.iter_rows(min_row=4, max_row=5, values_only=True):
    print(row)

# %%
page.title = "Delta"
again = io.BytesIO()
book.save(again)
frames = pd.read_excel(again, sheet_name=None, header=None)
print({name: frame.shape for name, frame in frames.items()})
print(frames["Delta"].iloc[8, 0])
