# A parser and evaluator of arithmetic expressions with variables.
# %%
import re
import operator

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<op>\*\*|[-+*/()=,]))")
OPERATORS = {"+": (1, operator.add), "-": (1, operator.sub), "*": (2, operator.mul), "/": (2, operator.truediv),
             "**": (3, operator.pow)}


def tokenize(text):
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise SyntaxError(f"unexpected {text[position]!r} at {position}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


print(tokenize("a = 3 * (x1 + 2.5)"))

# %%
class Node:
    def __init__(self, *parts):
        self.parts = parts

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"


class Number(Node):
    def value(self, scope):
        return self.parts[0]


class Name(Node):
    def value(self, scope):
        return scope[self.parts[0]]


class Binary(Node):
    def value(self, scope):
        symbol, left, right = self.parts
        return OPERATORS[symbol][1](left.value(scope), right.value(scope))


class Call(Node):
    def value(self, scope):
        name, arguments = self.parts
        return functions[name](*(argument.value(scope) for argument in arguments))


functions = {"max": max, "min": min}
print(Binary("+", Number(1), Name("x")))

# %%
class Parser:
    def __init__(self, text):
        self.tokens, self.at = tokenize(text), 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, None)

    def take(self, wanted=None):
        kind, text = self.peek()
        if wanted is not None and text != wanted:
            raise SyntaxError(f"expected {wanted!r}, found {text!r}")
        self.at += 1
        return kind, text

    def expression(self, level=1):
        left = self.atom()
        while True:
            symbol = self.peek()[1]
            if symbol not in OPERATORS or OPERATORS[symbol][0] < level:
                return left
            self.take()
            right = self.expression(OPERATORS[symbol][0] + (symbol != "**"))
            left = Binary(symbol, left, right)

    def atom(self):
        kind, text = self.take()
        if kind == "number":
            return Number(float(text) if "." in text else int(text))
        if kind == "name" and self.peek()[1] == "(":
            self.take()
            arguments = [self.expression()]
            while self.peek()[1] == ",":
                self.take()
                arguments.append(self.expression())
            self.take(")")
            return Call(text, arguments)
        if kind == "name":
            return Name(text)
        if text == "(":
            inner = self.expression()
            self.take(")")
            return inner
        raise SyntaxError(f"unexpected {text!r}")


tree = Parser("2 * x ** 2 ** y - 1").expression()
print(tree)

# %%
scope = {"x": 3, "y": 1}
print(tree.value(scope))
scope["y"] = 2
print(tree.value(scope), isinstance(tree, Node), type(tree) is Binary)

# %%
# raises: SyntaxError
Parser("max(1, 2").expression()

# %%
half_read = Parser("min(x, 4) + 10 / y")
print(half_read.take(), half_read.peek())

# %%
half_read.at = 0
functions["half"] = lambda value: value / 2
print(half_read.expression().value(scope), Parser("half(max(x, 7, y)) * 2").expression().value(scope))
try:
    tree.value({})
except KeyError as error:
    print("unknown name:", error)
