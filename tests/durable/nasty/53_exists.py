df = [1]
# %%
try:
    df
except NameError:
    df = "anew"
print(df)
if "df" not in globals():
    df = "anew"
print(df)
