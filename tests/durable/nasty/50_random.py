import random, numpy as np
random.seed(1)
np.random.seed(1)
rng = np.random.default_rng(1)
own = random.Random(3)
legacy = np.random.RandomState(4)
shared = np.random.Generator(rng.bit_generator)
print(random.random(), np.random.rand(), rng.random(), own.random())
# %%
print(random.random(), np.random.rand(), rng.random(), own.random(), legacy.rand(), shared.random(), rng.random())
# %%
print(random.random(), np.random.rand(), rng.random(), shared.random(), shared.bit_generator is rng.bit_generator)
