//! What the code of a history does with variables: lines of Python that change values which share objects, and lines that print
//! what they have come to. Plain Python, which runs the same lines in the ledger's order, says what must be printed.

use rand::{RngExt, rngs::StdRng};

/// In the code, the end of what plain Python runs, too.
pub(crate) const END: &str = "# from here on: files";

/// What changes variables: names that are missing are none of its business. `T` stands for the token of the call.
const CHANGES: [&str; 22] = [
    "a = ['T']; b = a; d = {'a': a, 'n': 0}",
    "b.append('T')",
    "d['a'].append('T'); d['n'] += 1",
    "a = list(a)",
    "del b",
    "b = a",
    "e['T'] = len(e)",
    "e = {'d': d}",
    "import numpy as np\nn = np.arange(400); v = n[100:300]",
    "import numpy as np\nn = np.arange(9) + int.from_bytes(b'T', 'big') % 97; v = n[::2]",
    "v += len('T')",
    "n[::7] += 1",
    "s = bytearray(b'T' * 600)\nimport numpy as np\nt = np.frombuffer(s, np.uint8)",
    "t[5] = (int(t[5]) + 3) % 256",
    "def make():\n    k = 0\n    def up():\n        nonlocal k\n        k += 1\n        return k\n    return up, lambda: k\nup, look = make()",
    "up()",
    "class Node:\n    def __init__(self, seen, up): self.me, self.seen, self.up = self, seen, up\nnode = Node(a, up)",
    "node.seen.append('T')",
    "del a, n",
    "i = i + 1",
    "i = 0",
    "words = {f'T{k}': k for k in range(300)}; values = list(words.values())",
];
/// The same with a value that takes more than one chunk; rare, for it is stored anew each time that it has changed.
const BIG: [&str; 3] = ["w = bytearray(b'T' * (4500000 // len('T')))", "w[len(w) // 2] ^= 1; w[-1] ^= 1", "del w"];

/// What prints variables, one line each.
const LOOKS: [&str; 9] = [
    "print('a', len(a), a[-1], a is b, a is d['a'], b is d['a'])",
    "print('d', len(d['a']), d['n'], d is e['d'])",
    "print('n', int(n.sum()), int(v.sum()), np.shares_memory(n, v))",
    "print('s', len(s), s[5], int(t[5]), int(t.sum()))",
    "print('up', look())",
    "print('node', node.me is node, node.seen is a, node.up is up, len(node.seen), type(node) is Node)",
    "print('i', i)",
    "print('words', len(words), next(iter(words)), sum(values))",
    "import zlib; print('w', len(w), zlib.crc32(w))",
];

/// The lines of one call.
pub(crate) fn lines(rng: &mut StdRng) -> Vec<String> {
    let changes = rng.random_range(0..5);
    let mut lines: Vec<_> = (0..changes).map(|_| change(rng)).collect();
    if rng.random_bool(0.3) {
        lines.extend(look_at_all());
    } else {
        let looks = rng.random_range(0..3);
        lines.extend((0..looks).map(|_| look(LOOKS[rng.random_range(0..LOOKS.len())])));
    }
    lines
}

/// The lines that print all.
pub(crate) fn look_at_all() -> Vec<String> {
    LOOKS.map(look).into()
}

fn change(rng: &mut StdRng) -> String {
    let line = match rng.random_bool(0.05) {
        true => BIG[rng.random_range(0..BIG.len())],
        false => CHANGES[rng.random_range(0..CHANGES.len())],
    };
    format!("try:\n{}\nexcept NameError: pass", indented(line))
}

/// The words of a `NameError` are another thing: they tell of losses.
fn look(line: &str) -> String {
    format!("try: {line}\nexcept NameError as x: print(x.name, 'is missing')")
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
