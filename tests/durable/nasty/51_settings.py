import sys, warnings
from decimal import Decimal, getcontext
import pandas as pd, matplotlib as mpl
getcontext().prec = 5
pd.set_option("display.max_rows", 7)
mpl.rcParams["lines.linewidth"] = 9
warnings.simplefilter("ignore")
sys.path.append("/nowhere")
# %%
print(Decimal(1) / 3, pd.get_option("display.max_rows"), mpl.rcParams["lines.linewidth"], warnings.filters[0][0], "/nowhere" in sys.path)
