import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import hashlib, io
fig, ax = plt.subplots()
line, = ax.plot([1, 2, 3], label="l")
# %%
print(plt.gca() is ax, plt.gcf() is fig, fig.number, plt.get_fignums(), ax.lines[0] is line)
_ = ax.plot([3, 2, 1])
# %%
out = io.BytesIO()
fig.savefig(out, format="raw")
print(hashlib.sha1(out.getvalue()).hexdigest(), len(ax.lines))
fig2 = plt.figure()
print(fig2.number, fig is plt.figure(1))
