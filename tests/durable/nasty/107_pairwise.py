import itertools
source = [1, 2, 3, 4, 5]
new, begun, done = itertools.pairwise(source), itertools.pairwise(iter(source)), itertools.pairwise([1])
next(begun)
list(done)
# %%
source.append(6)
print(next(new), next(begun), list(done))
# %%
print(list(new), list(begun))
