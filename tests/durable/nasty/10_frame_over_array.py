import numpy as np, pandas as pd
a = np.zeros(3)
f = pd.DataFrame({"q": a}, copy=False)
# %%
a[0] = 7
print(f)
