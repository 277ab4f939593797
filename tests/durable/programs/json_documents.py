# JSON documents: own encoder and decoder, shared parts, paths, merging, differences, saved settings.
# %%
import copy
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

defaults = {"theme": {"colour": "blue", "font": ["Serif", 12]}, "limits": {"size": 10, "time": None}}
user = {"theme": defaults["theme"], "name": "Zoë"}
user["theme"]["colour"] = "green"
print(json.dumps(defaults, sort_keys=True))

# %%
class Encoder(json.JSONEncoder):
    def default(self, value):
        if isinstance(value, date):
            return {"$date": value.isoformat()}
        if isinstance(value, (set, frozenset)):
            return {"$set": sorted(value)}
        return super().default(value)


def decode(document):
    if set(document) == {"$date"}:
        return date.fromisoformat(document["$date"])
    if set(document) == {"$set"}:
        return set(document["$set"])
    return document


user["born"], user["tags"] = date(1990, 2, 3), {"x", "a", "m"}
Path("user.json").write_text(json.dumps(user, cls=Encoder, ensure_ascii=False, indent=1))
back = json.loads(Path("user.json").read_text(), object_hook=decode, parse_float=Decimal)
print(back == user, back["born"], back["theme"] is user["theme"], user["theme"] is defaults["theme"])

# %%
def merge(base, extra):
    result = copy.deepcopy(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


settings = merge(defaults, {"limits": {"time": 30}, "extra": [1, {"deep": True}]})
print(settings["limits"], defaults["limits"])

# %%
def walk(document, path=()):
    if isinstance(document, dict):
        for key in sorted(document):
            yield from walk(document[key], (*path, key))
    elif isinstance(document, list):
        for number, item in enumerate(document):
            yield from walk(item, (*path, number))
    else:
        yield "/".join(map(str, path)), document


before = dict(walk(settings))
settings["extra"][1]["deep"] = "no"
settings["theme"]["font"].append("bold")
changes = {path: (before.get(path), value) for path, value in walk(settings) if before.get(path) != value}
print(changes)

# %%
user["theme"]["font"][1] = 14
print(defaults["theme"]["font"], settings["theme"]["font"], json.dumps({"n": [1.5, None, True]}, separators=(",", ":")))

# %%
# raises: JSONDecodeError
json.loads('{"a": [1, 2,, 3]}')

# %%
loop = {"name": "loop"}
loop["self"] = loop
try:
    json.dumps(loop)
except ValueError as error:
    print(error)
lines = [json.dumps({"id": i, "square": i * i}) for i in range(4)]
Path("rows.jsonl").write_text("\n".join(lines) + "\n")
print(loop["self"] is loop)

# %%
rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
print(loop["self"]["self"] is loop, sum(row["square"] for row in rows), back["tags"] - {"a"} == {"x", "m"})
