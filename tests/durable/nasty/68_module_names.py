import os.path as osp, numpy as np, xml.etree.ElementTree as ET
from os import path
from collections import OrderedDict, defaultdict as dd
from numpy import linalg
import concurrent.futures
# %%
print(osp.join("a", "b"), np.zeros(1), ET.__name__, path is osp, OrderedDict(a=1), dd(int), linalg.norm([3, 4]), concurrent.futures.__name__)
