"""Changes of lists and dicts, and copies of them."""
from model import Obj, step


@step("list", 4)
def list_append(p, obj, path):
    p.emit(f"{path}.append({p.number(0, 99)})")
    obj.n += 1


@step("list", 1)
def list_loop(p, obj, path):
    n = p.number(2, 4)
    p.emit(f"for i in range({n}):", f"    {path}.append(i * {p.number(2, 9)})")
    obj.n += n


@step("list", 2)
def list_set(p, obj, path):
    free = sorted(set(range(obj.n)) - obj.slots())
    if not free:
        return False
    p.emit(f"{path}[{p.random.choice(free)}] = {p.number(100, 200)}")
    return None


@step("list", 2)
def list_pop(p, obj, path):
    if obj.n < 2 or obj.n - 1 in obj.slots():
        return False
    p.emit(f"{path}.pop()")
    obj.n -= 1
    return None


@step("list", 2)
def list_in_place(p, obj, path):
    if obj.children or not obj.info.get("ints"):
        return False
    what = p.number(0, 3)
    if what == 0:
        p.emit(f"{path}.sort(reverse={bool(p.number(0, 1))})")
    elif what == 1:
        p.emit(f"{path}.reverse()")
    elif what == 2:
        p.emit(f"{path}[:] = [v * 2 % 101 for v in {path}]")
    elif path.isidentifier():
        values = p.ints(1, 3)
        p.emit(f"{path} += {values}")
        obj.n += len(values)
    else:
        return False
    return None


@step("list", 3)
def list_append_object(p, obj, path):
    other, other_path = p.pick("list dict set array inst func frame tuple bytes")
    if other is None:
        return False
    p.emit(f"{path}.append({other_path})")
    obj.children[f"[{obj.n}]"] = other
    obj.info["ints"] = False
    obj.n += 1
    return None


@step("list", 1)
def list_copy(p, obj, path):
    name = p.target("list")
    p.emit(f"{name} = {p.random.choice([f'list({path})', f'{path}.copy()', f'{path}[:]'])}")
    p.bind(name, Obj("list", obj.n, obj.children, **obj.info))


@step("list", 1)
def list_comprehension(p, obj, path):
    name = p.target("list")
    p.emit(f"{name} = [len(show(v)) + {p.number(1, 5)} for v in {path}]")
    p.bind(name, Obj("list", obj.n, ints=True))


@step("dict", 3)
def dict_set(p, obj, path):
    key = p.word()
    if f"['{key}']" in obj.children:
        return False
    p.emit(p.random.choice([f"{path}['{key}'] = {p.number(1, 99)}", f"{path}.update({key}={p.number(1, 99)})"]))
    if key not in obj.info["keys"]:
        obj.info["keys"].append(key)
    return None


@step("dict", 3)
def dict_set_object(p, obj, path):
    other, other_path = p.pick("list dict set array inst func class frame deque bytes rng")
    if other is None:
        return False
    key = p.word()
    p.emit(f"{path}['{key}'] = {other_path}")
    obj.children[f"['{key}']"] = other
    if key in obj.info["keys"]:
        obj.info["keys"].remove(key)
    return None


@step("dict", 1)
def dict_pop(p, obj, path):
    if not obj.info["keys"]:
        return False
    key = obj.info["keys"].pop(p.number(0, len(obj.info["keys"]) - 1))
    p.emit(f"{p.random.choice(['', 'count_of = '])}{path}.pop('{key}')")
    return None


@step("dict", 4)
def dict_default(p, obj, path):
    if not obj.info.get("default"):
        return False
    key = p.word()
    if key in obj.info["keys"]:
        return False
    child = obj.children.get(f"['{key}']") or Obj("list", 0, ints=True)
    if child.kind != "list":
        return False
    p.emit(f"{path}['{key}'].append({p.number(1, 9)})")
    obj.children[f"['{key}']"] = child
    child.n += 1
    return None
