# A made-up genome: FASTA file, base counts, k-mers, reading frames, GC content in windows, dot plot.
# %%
import random
import re
from collections import Counter
from pathlib import Path
import numpy as np
import matplotlib.pyplot as plt

random.seed(4)
sequences = {}
for name, gc in (("alpha", 0.4), ("beta", 0.6), ("gamma", 0.5)):
    weights = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    sequences[name] = "".join(random.choices("ACGT", weights, k=1200))
sequences["gamma"] = sequences["gamma"][:300] + sequences["alpha"][100:400] + sequences["gamma"][600:]
with open("genome.fasta", "w") as file:
    for name, bases in sequences.items():
        file.write(f">{name} made up\n" + "\n".join(bases[i:i + 60] for i in range(0, len(bases), 60)) + "\n")
print(Path("genome.fasta").stat().st_size, "bytes")

# %%
def read_fasta(path):
    """Yields name and bases of each record."""
    name, parts = None, []
    for line in Path(path).read_text().splitlines():
        if line.startswith(">"):
            if name:
                yield name, "".join(parts)
            name, parts = line[1:].split()[0], []
        else:
            parts.append(line)
    yield name, "".join(parts)


records = dict(read_fasta("genome.fasta"))
print({name: len(bases) for name, bases in records.items()}, records == sequences)

# %%
composition = {name: Counter(bases) for name, bases in records.items()}
for name, counts in composition.items():
    print(name, dict(sorted(counts.items())), f"GC {(counts['G'] + counts['C']) / sum(counts.values()):.3f}")

# %%
kmers = Counter()
for bases in records.values():
    kmers.update(bases[i:i + 4] for i in range(len(bases) - 3))
print(sorted(kmers.items(), key=lambda item: (-item[1], item[0]))[:5])

# %%
PAIR = str.maketrans("ACGT", "TGCA")
ORF = re.compile(r"ATG(?:...)*?(?:TAA|TAG|TGA)")


def open_frames(bases, shortest=40):
    found = []
    for strand, text in ((1, bases), (-1, bases.translate(PAIR)[::-1])):
        for match in ORF.finditer(text):
            if len(match[0]) >= shortest:
                found.append((strand, match.start(), len(match[0])))
    return found


frames = {name: open_frames(bases) for name, bases in records.items()}
print({name: len(f) for name, f in frames.items()}, max((f for fs in frames.values() for f in fs), key=lambda f: f[2]))

# %%
codes = {name: np.frombuffer(bases.encode(), dtype="u1") for name, bases in records.items()}
is_gc = {name: (code == ord("G")) | (code == ord("C")) for name, code in codes.items()}
window = np.ones(100) / 100
content = {name: np.convolve(values, window, mode="valid") for name, values in is_gc.items()}
print({name: (int(c.argmax()), round(float(c.max()), 3)) for name, c in content.items()})

# %%
def words_at(code, k=8):
    windows = np.lib.stride_tricks.sliding_window_view(code, k)
    return (windows.astype(np.int64) * (5 ** np.arange(k))).sum(axis=1)


a, g = words_at(codes["alpha"]), words_at(codes["gamma"])
rows, columns = np.nonzero(a[:, None] == g[None, :])
diagonal = Counter((columns - rows).tolist()).most_common(1)[0]
print(len(rows), "common words, most on diagonal", diagonal)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
for name, values in content.items():
    left.plot(values.round(4), label=name)
left.legend()
right.plot(rows, columns, ".", markersize=2)
fig.savefig("genome.png", dpi=50)
print(left.get_xlim()[1] > 1000, len(right.lines))

# %%
mutated = bytearray(records["beta"], "ascii")
view = memoryview(mutated)
for position in sorted(random.sample(range(1200), 12)):
    view[position] = ord(random.choice("ACGT"))
changed = [i for i, (x, y) in enumerate(zip(records["beta"].encode(), mutated)) if x != y]
print(len(changed), changed[:4], frames["beta"] == open_frames(mutated.decode()))
