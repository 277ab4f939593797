# Recursive structures: a search tree with parents, a trie, Huffman codes, permutations, a knight's tour.
# %%
import heapq
import random
import weakref
from collections import Counter
from itertools import count


class Node:
    def __init__(self, key, parent=None):
        self.key, self.left, self.right = key, None, None
        self._parent = weakref.ref(parent) if parent is not None else None

    @property
    def parent(self):
        return self._parent() if self._parent is not None else None


class Tree:
    def __init__(self):
        self.root, self.size = None, 0

    def insert(self, key):
        if self.root is None:
            self.root, self.size = Node(key), 1
            return self.root
        node = self.root
        while True:
            side = "left" if key < node.key else "right"
            if getattr(node, side) is None:
                setattr(node, side, Node(key, node))
                self.size += 1
                return getattr(node, side)
            node = getattr(node, side)

    def __iter__(self):
        def visit(node):
            if node is not None:
                yield from visit(node.left)
                yield node.key
                yield from visit(node.right)
        return visit(self.root)


random.seed(41)
tree = Tree()
for key in random.sample(range(100), 15):
    leaf = tree.insert(key)
print(list(tree), tree.size, leaf.key, leaf.parent.key)

# %%
def depth(node):
    return 0 if node is None else 1 + max(depth(node.left), depth(node.right))


path = []
node = leaf
while node is not None:
    path.append(node.key)
    node = node.parent
print(path, depth(tree.root), path[-1] == tree.root.key)

# %%
new = tree.insert(leaf.key + 0.5)
print(new.parent is leaf, leaf.right is new, list(tree)[:4])
trie = {}


def add(word):
    level = trie
    for letter in word:
        level = level.setdefault(letter, {})
    level["$"] = word
    return level


ends = {word: add(word) for word in ("car", "card", "cat", "dog")}
print(sorted(trie), sorted(ends["car"]), trie["c"]["a"]["r"] is ends["car"])

# %%
ends["car"]["t"] = {"$": "cart"}


def words(level):
    for letter in sorted(level):
        if letter == "$":
            yield level["$"]
        else:
            yield from words(level[letter])


print(list(words(trie)), list(words(trie["c"]["a"]["r"])))

# %%
text = "a small banana and a ham"
serial = count()
heap = [(n, next(serial), letter) for letter, n in sorted(Counter(text).items())]
heapq.heapify(heap)
while len(heap) > 1:
    (n1, _, a), (n2, _, b) = heapq.heappop(heap), heapq.heappop(heap)
    heapq.heappush(heap, (n1 + n2, next(serial), (a, b)))


def codes(node, prefix=""):
    if isinstance(node, str):
        return {node: prefix or "0"}
    return {**codes(node[0], prefix + "0"), **codes(node[1], prefix + "1")}


table = codes(heap[0][2])
encoded = "".join(table[letter] for letter in text)
print(len(encoded), sorted(table.items(), key=lambda item: (len(item[1]), item))[:3])

# %%
def decode(bits, node):
    out, at = [], node
    for bit in bits:
        at = at[int(bit)]
        if isinstance(at, str):
            out.append(at)
            at = node
    return "".join(out)


def hanoi(n, a, b, c):
    return [] if n == 0 else hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c)


print(decode(encoded, heap[0][2]) == text, len(hanoi(6, "A", "B", "C")), leaf.right.key == leaf.key + 0.5)

# %%
SIZE, moves = 5, [(1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2)]


def tour(position, visited):
    if len(visited) == SIZE * SIZE:
        return visited

    def free(cell):
        return [(cell[0] + dx, cell[1] + dy) for dx, dy in moves if 0 <= cell[0] + dx < SIZE
                and 0 <= cell[1] + dy < SIZE and (cell[0] + dx, cell[1] + dy) not in visited]
    for cell in sorted(free(position), key=lambda c: (len(free(c)), c)):
        result = tour(cell, visited + [cell])
        if result:
            return result
    return None


visited = tour((0, 0), [(0, 0)])
print(visited[:6], len(set(visited)), new.parent.parent is leaf.parent, random.randint(0, 999))
