"""Functions: globals, defaults, closures, decorators, partials, caches. An object's `call` is the text of a call, with `%s` for
the path; `grows` are the lists that each call makes longer by one."""
from model import Obj, start, step
from values import new_list


@start("defaults", 3)
def mutable_default(p):
    name, grown = p.fresh("func"), Obj("list", 0, ints=True)
    p.emit(f"def {name}(value, seen=[]):", f"    seen.append(value * {p.number(2, 5)})", "    return seen", "")
    p.bind(name, Obj("func", children={".__defaults__[0]": grown}, call="%s({n})", grows=[grown]))
    result = p.target("list")
    p.emit(f"{result} = {name}({p.number(1, 9)})")
    grown.n += 1
    p.bind(result, grown)


@start("globals", 3)
def global_counter(p):
    name, counter = p.fresh("func"), p.fresh("int")
    p.emit(f"{counter} = {p.number(0, 9)}", "", f"def {name}(step=1):", f"    global {counter}", f"    {counter} += step",
           f"    return {counter}", "")
    p.bind(counter, Obj("int"))
    p.pinned.add(counter)
    p.bind(name, Obj("func", call="%s({n})", grows=[]))


@start("globals", 2)
def global_list(p):
    lists = [n for n, o in p.names.items() if o.kind == "list"]
    if not lists:
        return new_list(p)
    name, used = p.fresh("func"), p.random.choice(lists)
    p.pinned.add(used)
    p.emit(f"def {name}(value):", f"    {used}.append(value)", f"    return len({used})", "")
    return p.bind(name, Obj("func", call="%s({n})", grows=[p.names[used]]))


@start("globals", 1)
def used_before_bound(p):
    name, later = p.fresh("func"), p.fresh("dict")
    p.pinned.add(later)
    p.emit(f"def {name}(key):", f"    return {later}.setdefault(key, len({later}))", "",
           f"{later} = {{'{p.word()}': 0}}")
    p.bind(later, Obj("registry"))
    p.bind(name, Obj("func", call="%s('{w}')", grows=[]))


@start("closures", 3)
def closure_pair(p):
    first, second, maker = p.fresh("func"), p.fresh("func") + "_value", f"make_pair{p.label()}"
    p.emit(f"def {maker}(total):", "    def add(by):", "        nonlocal total", "        total += by",
           "        return total", "    return add, lambda: total", "", f"{first}, {second} = {maker}({p.number(0, 9)})")
    p.bind(maker, Obj("module"))
    p.bind(first, Obj("func", call="%s({n})", grows=[]))
    p.bind(second, Obj("func", call="%s()", grows=[]))


@start("closures", 3)
def closure_over_list(p):
    obj, path = p.pick("list")
    if obj is None:
        return new_list(p)
    name, maker = p.fresh("func"), f"make_adder{p.label()}"
    p.emit(f"def {maker}(store):", "    def add(value):", "        store.append(value)",
           f"        return len(store) * {p.number(1, 5)}", "    return add", "", f"{name} = {maker}({path})")
    p.bind(maker, Obj("module"))
    return p.bind(name, Obj("func", children={".__closure__[0].cell_contents": obj}, call="%s({n})", grows=[obj]))


@start("decorators", 3)
def decorated(p):
    p.need("from functools import wraps")
    name, decorator = p.fresh("func"), f"counted{p.label()}"
    calls = Obj("list", 0, ints=True)
    p.emit(f"def {decorator}(function):", "    @wraps(function)", "    def wrapper(*args):",
           "        wrapper.calls.append(len(args))", "        return function(*args) + len(wrapper.calls)",
           "    wrapper.calls = []", "    return wrapper", "", "", f"@{decorator}", f"def {name}(value):",
           f"    return value * {p.number(2, 7)}", "")
    p.bind(decorator, Obj("module"))
    p.bind(name, Obj("func", children={".calls": calls}, call="%s({n})", grows=[calls]))


@start("partials", 3)
def new_partial(p):
    obj, path = p.pick("list")
    if obj is None:
        return new_list(p)
    name = p.fresh("func")
    if p.random.random() < 0.5:
        p.need("from functools import partial")
        p.emit(f"{name} = partial({path}.append, {p.number(1, 99)})")
        return p.bind(name, Obj("func", children={".func.__self__": obj}, call="%s()", grows=[obj], partial=True))
    p.emit(f"{name} = {path}.append")
    return p.bind(name, Obj("bound", children={".__self__": obj}, call="%s({n})", grows=[obj]))


@start("lambdas", 2)
def table_of_lambdas(p):
    name, factor = p.target("dict"), p.fresh("int")
    p.emit(f"{factor} = {p.number(2, 9)}",
           f"{name} = {{'scale': lambda v: v * {factor}, 'shift': lambda v, by={p.number(1, 9)}: v + by}}")
    p.bind(factor, Obj("int"))
    p.pinned.add(factor)
    p.bind(name, Obj("dict", keys=[], children={"['scale']": Obj("func", call="%s({n})", grows=[]),
                                                "['shift']": Obj("func", call="%s({n})", grows=[])}))


@start("dispatch", 2)
def single_dispatch(p):
    p.need("from functools import singledispatch")
    name = p.fresh("func")
    p.emit("@singledispatch", f"def {name}(value):", "    return 'other'", "", "",
           f"@{name}.register(int)", "def _(value):", f"    return value + {p.number(1, 50)}", "")
    p.bind(name, Obj("func", call="%s({n})", grows=[], dispatch=True))


@start("operators", 2)
def operator_function(p):
    p.need("import operator")
    name = p.fresh("func")
    text, call = p.random.choice([("operator.itemgetter(0, -1)", "%s([{n}, 2, 3])"),
                                  ("operator.methodcaller('replace', 'e', '3')", "%s('{w}')"),
                                  ("operator.attrgetter('real')", "%s({n})")])
    p.emit(f"{name} = {text}")
    p.bind(name, Obj("bound", call=call, grows=[]))


@start("caches", 2)
def cached_function(p):
    """Only results are printed: what such a cache holds may be dropped."""
    p.need("from functools import lru_cache")
    name = p.fresh("func")
    p.emit("@lru_cache(maxsize=None)", f"def {name}(n):",
           f"    return n if n < 2 else ({name}(n - 1) + {name}(n - 2)) % {p.number(50, 999)}", "")
    p.pinned.add(name)
    p.bind(name, Obj("bound", call="%s({n})", grows=[]))


@step("func bound", 6)
def call_function(p, obj, path):
    call = obj.info["call"].replace("%s", path).replace("{n}", str(p.number(1, 40))).replace("{w}", p.word())
    if p.random.random() < 0.5:
        p.emit(f"print(show({call}))")
    else:
        name = p.fresh("int")
        p.emit(f"{name} = show({call})")
        p.taken.add(name)
    for grown in obj.info["grows"]:
        grown.n += 1


@step("func", 1)
def function_attribute(p, obj, path):
    if obj.info.get("partial"):
        return False
    p.emit(f"{path}.uses = getattr({path}, 'uses', 0) + 1", f"print({path}.uses)")
    return None


@step("func", 2)
def extend_dispatch(p, obj, path):
    if not obj.info.get("dispatch"):
        return False
    p.emit(f"{path}.register(str, lambda value: value * {p.number(2, 3)})", f"print({path}('ab'), {path}(2.5))")
    return None
