# A template engine with regexes: variables, filters, loops, conditions, compiled templates, includes.
# %%
import re

TAG = re.compile(r"\{\{\s*(?P<expression>.+?)\s*\}\}|\{%\s*(?P<word>\w+)\s*(?P<rest>.*?)\s*%\}")
filters = {"upper": str.upper, "length": len}


def split(text):
    parts, position = [], 0
    for match in TAG.finditer(text):
        if match.start() > position:
            parts.append(("text", text[position:match.start()]))
        if match["expression"]:
            parts.append(("value", match["expression"]))
        else:
            parts.append((match["word"], match["rest"]))
        position = match.end()
    if position < len(text):
        parts.append(("text", text[position:]))
    return parts


print(split("Dear {{ name|upper }}, {% if paid %}thanks{% end %}."))

# %%
def lookup(expression, scope):
    path, *names = expression.split("|")
    value = scope
    for part in path.strip().split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    for name in names:
        value = filters[name.strip()](value)
    return value


class Template:
    compiled = {}

    def __new__(cls, text):
        if text not in cls.compiled:
            self = super().__new__(cls)
            self.parts, self.renderings = split(text), 0
            cls.compiled[text] = self
        return cls.compiled[text]

    def render(self, **scope):
        self.renderings += 1
        out = []
        self._block(0, scope, out)
        return "".join(out)

    def _end(self, at):
        depth = 1
        while depth:
            at += 1
            depth += {"if": 1, "for": 1, "end": -1}.get(self.parts[at][0], 0)
        return at

    def _block(self, at, scope, out, stop=None):
        while at < (len(self.parts) if stop is None else stop):
            kind, text = self.parts[at]
            if kind == "text":
                out.append(text)
            elif kind == "value":
                out.append(str(lookup(text, scope)))
            elif kind in ("if", "for"):
                end = self._end(at)
                if kind == "if" and lookup(text, scope):
                    self._block(at + 1, scope, out, end)
                elif kind == "for":
                    name, source = text.split(" in ")
                    for item in lookup(source, scope):
                        self._block(at + 1, {**scope, name: item}, out, end)
                at = end
            at += 1


letter = Template("Dear {{ name|upper }}, {% if paid %}thanks{% end %}.")
print(letter.render(name="Ada", paid=True), letter.render(name="Bo", paid=0))

# %%
basket = Template("{% for line in lines %}{{ line.what }}: {{ line.n|money }}\n{% if line.gift %}  (a gift)\n{% end %}{% end %}")
filters["money"] = lambda n: f"{n / 100:.2f} €"
lines = [{"what": "tea", "n": 450, "gift": True}, {"what": "cup", "n": 1299, "gift": False}]
print(basket.render(lines=lines))

# %%
same = Template("Dear {{ name|upper }}, {% if paid %}thanks{% end %}.")
print(same is letter, same.renderings, len(Template.compiled))

# %%
# raises: KeyError
letter.render(name="Cy")

# %%
money, filters["money"] = filters["money"], lambda n: money(n * 2)
lines[0]["n"] += 1
print(basket.render(lines=lines), letter.renderings)
WORDS = re.compile(r"(?i)\b(?P<first>[a-z])(?P<rest>[a-z]*)")
print(WORDS.sub(lambda m: m["first"].upper() + m["rest"], "the quick fox"), WORDS.pattern is not None, WORDS.groups)
