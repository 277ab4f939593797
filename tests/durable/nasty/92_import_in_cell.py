import json
from collections import Counter
def f():
    import math
    return math.pi
class A:
    import os
    x = os.sep
# %%
print(f(), A.os.path.sep, Counter("aa"), json.dumps(1))
