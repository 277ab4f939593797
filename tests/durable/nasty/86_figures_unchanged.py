import matplotlib.pyplot as plt
fig, ax = plt.subplots()
_ = ax.plot([1, 2], label="x")
_ = ax.legend()
# %%
len(ax.lines)
# %%
len(ax.lines)
