# Customer reviews as text: tokens, word counts, TF-IDF, a naive Bayes classifier, nearest reviews.
# %%
import math
import random
import re
from collections import Counter, defaultdict
import pandas as pd

random.seed(21)
good = ["great", "love", "perfect", "quick", "friendly", "sturdy", "recommend"]
bad = ["broken", "slow", "refund", "poor", "late", "noisy", "disappointed"]
things = ["delivery", "handle", "motor", "box", "manual", "colour", "support", "battery"]


def write_review(mood):
    words = []
    for _ in range(random.randint(6, 14)):
        source = random.choices([good if mood else bad, bad if mood else good, things], [5, 1, 5])[0]
        words.append(random.choice(source))
    return " ".join(words).capitalize() + random.choice([".", "!", "..."])


reviews = pd.DataFrame({"stars": [random.choice([1, 2, 4, 5]) for _ in range(300)]})
reviews["text"] = [write_review(stars > 3) for stars in reviews["stars"]]
print(reviews["text"].iloc[0])

# %%
WORD = re.compile(r"[a-z]+")
reviews["tokens"] = reviews["text"].str.lower().map(WORD.findall)
reviews["length"] = reviews["tokens"].str.len()
print(reviews.groupby("stars")["length"].agg(["count", "mean"]).round(2))

# %%
counts = Counter(word for tokens in reviews["tokens"] for word in tokens)
print(counts.most_common(5), len(counts))

# %%
document_frequency = Counter()
for tokens in reviews["tokens"]:
    document_frequency.update(sorted(set(tokens)))
idf = {word: math.log(len(reviews) / df) for word, df in document_frequency.items()}
tfidf = [{w: n / len(tokens) * idf[w] for w, n in Counter(tokens).items()} for tokens in reviews["tokens"]]
print({w: round(v, 4) for w, v in sorted(tfidf[0].items())})

# %%
class NaiveBayes:
    def __init__(self):
        self.words = defaultdict(Counter)
        self.labels = Counter()

    def learn(self, tokens, label):
        self.words[label].update(tokens)
        self.labels[label] += 1

    def score(self, tokens, label):
        total = sum(self.words[label].values()) + len(counts)
        prior = math.log(self.labels[label] / sum(self.labels.values()))
        return prior + sum(math.log((self.words[label][t] + 1) / total) for t in tokens)

    def predict(self, tokens):
        return max(sorted(self.labels), key=lambda label: self.score(tokens, label))


bayes = NaiveBayes()
for row in reviews.iloc[:100].itertuples():
    bayes.learn(row.tokens, row.stars > 3)
print(dict(sorted(bayes.labels.items())), bayes.words[True].most_common(2))

# %%
def accuracy(part):
    return sum(bayes.predict(row.tokens) == (row.stars > 3) for row in part.itertuples()) / len(part)


held = reviews.iloc[200:]
before = accuracy(held)
for row in reviews.iloc[100:200].itertuples():
    bayes.learn(row.tokens, row.stars > 3)
print(round(before, 3), round(accuracy(held), 3))

# %%
def cosine(a, b):
    dot = sum(a[w] * b[w] for w in sorted(a) if w in b)
    return dot / math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))


near = sorted(range(1, 300), key=lambda i: (-round(cosine(tfidf[0], tfidf[i]), 9), i))[:3]
for i in near:
    print(round(cosine(tfidf[0], tfidf[i]), 4), reviews["text"][i])

# %%
hidden = reviews["text"].str.replace(r"\b(broken|refund)\b", lambda m: "*" * len(m[0]), regex=True, flags=re.I)
print(int((hidden != reviews["text"]).sum()), "reviews changed;", random.choice(hidden[hidden.str.contains("*", regex=False)].tolist()))
