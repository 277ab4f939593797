# Statistics of a text: word frequencies, readability, a Markov chain that writes new sentences.
# %%
import random
import re
import string
import textwrap
from collections import Counter, defaultdict

TEXT = """The old lighthouse stood at the edge of the bay. Every evening the keeper climbed the stairs, lit the lamp
and wrote a line in his book. The line was short: the wind, the sea, the ships. On some evenings there were no
ships, and the keeper wrote about the birds. The birds came from the north in autumn and went back in spring.
When the lamp was old the town bought a new lamp, and the keeper learned how to mend it. In the end the town bought a
machine that lit the lamp alone. The keeper still climbed the stairs every evening and wrote about the birds."""
sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+", TEXT.replace("\n", " "))]
print(len(sentences), sentences[-1])

# %%
words = [w.strip(string.punctuation).lower() for w in TEXT.split()]
frequency = Counter(words)
print(frequency.most_common(6), len(frequency))


# %%
def syllables(word):
    return max(1, len(re.findall(r"[aeiouy]+", word)) - word.endswith("e"))


def readability(words, sentences):
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * sum(map(syllables, words)) / len(words)


print(round(readability(words, sentences), 2), max(words, key=lambda w: (syllables(w), w)))

# %%
chain = defaultdict(list)
for a, b, c in zip(words, words[1:], words[2:]):
    chain[a, b].append(c)
writer = random.Random(8)


def write(length, state=("the", "old")):
    out = list(state)
    while len(out) < length and tuple(out[-2:]) in chain:
        out.append(writer.choice(chain[tuple(out[-2:])]))
    return " ".join(out)


print(write(15))

# %%
print(textwrap.fill(write(30, ("the", "keeper")), 60))
print(("no", "such") in chain, len(chain), len(chain["no", "such"]), len(chain))

# %%
positions = {}
for number, word in enumerate(words):
    positions.setdefault(word, []).append(number)
lamp = positions["lamp"]
lamp.append(-1)
print(positions["lamp"], [round(b / a, 2) for a, b in zip(lamp[1:4], lamp[2:4])])

# %%
frequency.subtract({"the": 5, "keeper": 1})
print(frequency["the"], frequency["keeper"], write(8), sum(frequency.values()))
