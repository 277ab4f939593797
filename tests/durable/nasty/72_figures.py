import matplotlib.pyplot as plt
import numpy as np
plt.plot([1, 2])
plt.title("first")
f2, (x1, x2) = plt.subplots(1, 2, sharex=True)
x1.imshow(np.arange(4).reshape(2, 2))
plt.figure(1)
text = plt.gca().get_title()
# %%
print(plt.get_fignums(), plt.gcf().number, plt.gca().get_title(), len(x1.images), plt.figure(2) is f2)
_ = plt.plot([3, 4])
x1.set_xlim(0, 5)
print(x2.get_xlim(), len(f2.axes[1].lines))
# %%
print(len(f2.axes[1].lines), plt.gca() is x2)
plt.close("all")
print(plt.get_fignums())
# %%
print(plt.get_fignums(), x1.get_xlim())
