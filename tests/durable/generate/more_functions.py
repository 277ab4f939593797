"""Decorators of several kinds, nested closures, context managers, memoised functions, itertools, and errors in groups."""
from model import Obj, start, step
from values import new_list


@start("decorators", 3)
def class_decorator(p):
    """A decorator that is a class, which keeps count."""
    decorator, name = f"Counted{p.label()}", p.fresh("func")
    p.need("from functools import update_wrapper")
    calls = Obj("list", 0, ints=True)
    p.emit(f"class {decorator}:", "    made = []", "", "    def __init__(self, function):",
           "        self.function, self.calls = function, []", "        update_wrapper(self, function)",
           f"        {decorator}.made.append(function.__name__)", "", "    def __call__(self, *args):",
           "        self.calls.append(len(args))", "        return self.function(*args) + len(self.calls)", "", "",
           f"@{decorator}", f"def {name}(value):", f"    return value * {p.number(2, 7)}", "")
    p.bind(decorator, Obj("module"))
    p.pinned.add(decorator)
    p.bind(name, Obj("func", children={".calls": calls}, call="%s({n})", grows=[calls]))


@start("decorators", 2)
def memoised(p):
    """A decorator with an argument, over a cache that is a name's or its own."""
    p.need("from functools import wraps")
    decorator, name, cache = f"memo{p.label()}", p.fresh("func"), p.fresh("dict")
    p.emit(f"{cache} = {{}}", "", "", f"def {decorator}(store, limit=5):", "    def decorate(function):", "        @wraps(function)",
           "        def inner(n):", "            if n not in store and len(store) < limit:",
           "                store[n] = function(n)", "            return store.get(n, -1)", "        inner.store = store",
           "        return inner", "    return decorate", "", "", f"@{decorator}({cache}, limit={p.number(2, 9)})",
           f"def {name}(n):", f"    return n * n + {p.number(1, 9)}", "")
    p.bind(decorator, Obj("module"))
    p.pinned.add(cache)
    store = p.bind(cache, Obj("registry"))
    p.bind(name, Obj("func", children={".store": store, ".__wrapped__": Obj("bound", call="%s({n})", grows=[])},
                     call="%s({n})", grows=[]))


@start("closures", 2)
def nested_closures(p):
    maker, name = f"outer{p.label()}", p.target("list")
    p.emit(f"def {maker}(start):", "    total = start", "    def middle(step):", "        def inner(by):", "            nonlocal total",
           "            total += by * step", "            return total", "        return inner",
           "    return [middle(step) for step in (1, 2)] + [lambda by=0: total + by]", "",
           f"{name} = {maker}({p.number(1, 9)})")
    p.bind(maker, Obj("module"))
    p.bind(name, Obj("list", 3, {f"[{i}]": Obj("bound", call="%s({n})", grows=[]) for i in range(3)}))


@start("closures", 2)
def recursive_closure(p):
    maker, name = f"make_walk{p.label()}", p.fresh("func")
    p.emit(f"def {maker}():", "    seen = []", "    def walk(n):", "        seen.append(n)",
           "        return len(seen) if n <= 0 else walk(n // 2)", "    walk.seen = seen", "    return walk", "",
           f"{name} = {maker}()")
    p.bind(maker, Obj("module"))
    p.bind(name, Obj("func", children={".seen": Obj("loose")}, call="%s({n})", grows=[]))


@start("managers", 2)
def context_manager(p):
    p.need("from contextlib import contextmanager, ExitStack")
    name, log = f"opened{p.label()}", p.target("list")
    p.emit(f"{log} = []", "", "", "@contextmanager", f"def {name}(label):", f"    {log}.append('in ' + label)", "    try:",
           f"        yield len({log})", "    finally:", f"        {log}.append('out')", "")
    p.pinned |= {name, log}
    p.bind(log, Obj("loose"))
    p.bind(name, Obj("manager", log=log))


@step("manager", 3)
def use_manager(p, obj, path):
    p.emit(f"with {path}({p.word()!r}) as n, ExitStack() as stack:", f"    stack.callback({obj.info['log']}.append, n)",
           f"print({obj.info['log']}[-3:])")


@start("callbacks", 3)
def callbacks(p):
    """Functions of several kinds in a dict, over one object."""
    obj, path = p.pick("list", lambda o: o.info.get("ints"))
    if obj is None:
        return new_list(p)
    name = p.target("dict")
    p.emit(f"{name} = {{'add': {path}.append, 'size': {path}.__len__, 'show': lambda store={path}: store[-2:],",
           "    'low': min, 'upper': str.upper}")
    return p.bind(name, Obj("callbacks", children={"['add'].__self__": obj}, grows=obj))


@step("callbacks", 4)
def use_callbacks(p, obj, path):
    p.emit(f"{path}['add']({p.number(1, 99)})", f"print({path}['size'](), show({path}['show']()), {path}['low'](3, 2), {path}['upper']('a'))")
    obj.info["grows"].n += 1


@start("itertools", 3)
def iterator_tools(p):
    p.need("import itertools")
    name, values = p.target("iter"), p.ints(5, 9)
    obj, path = p.pick("list", lambda o: o.info.get("ints"))
    values = path if obj is not None and p.random.random() < 0.5 else values
    p.emit(f"{name} = itertools." + p.random.choice([
        f"count({p.number(1, 9)}, 3)", f"cycle({p.ints(2, 4)})", f"chain({values}, 'ab')", f"islice({values}, 1, None)",
        f"accumulate({values})", f"repeat({p.word()!r})", f"permutations({p.ints(3, 3)}, 2)", f"product('ab', {values})",
        f"zip_longest({values}, 'xy')", f"pairwise({values})", f"takewhile(bool, {values})", f"starmap(pow, [(2, 3), (3, 2)])"]))
    p.bind(name, Obj("iter"))


@start("errors", 2)
def error_group(p):
    name = p.target("error")
    obj, path = p.pick("error")
    p.emit("try:", f"    raise ExceptionGroup({p.word()!r}, [ValueError({p.number(1, 9)}), {path or 'KeyError(1)'}])",
           "except ExceptionGroup as error:", f"    {name} = error")
    p.bind(name, Obj("group", children={".exceptions[1]": obj} if obj else {}))


@step("group", 3)
def use_group(p, obj, path):
    p.emit(p.random.choice([f"{path}.add_note({p.word()!r})", f"print({path}, len({path}.split(ValueError)[0].exceptions))",
                            f"print([type(one).__name__ for one in {path}.exceptions])"]))


@start("logging", 2)
def own_handler(p):
    """A logger with a handler, a filter and an adapter of the program's own classes."""
    p.need("import logging")
    name, kind, lines, number = p.fresh("logger"), f"ToList{p.label()}", p.target("list"), p.label()
    p.emit(f"class {kind}(logging.Handler):", "    def __init__(self, lines):", "        super().__init__()",
           "        self.lines = lines", "", "    def emit(self, record):", "        self.lines.append(self.format(record))", "",
           f"{lines} = []", f"{name} = logging.LoggerAdapter(logging.getLogger('own{number}'), {{'who': {p.word()!r}}})",
           f"{name}.logger.addHandler({kind}({lines}))", f"{name}.logger.propagate = False",
           f"{name}.logger.addFilter(lambda record: record.levelno > 10)")
    p.pinned |= {name, kind, lines}
    p.bind(kind, Obj("module"))
    p.bind(lines, Obj("loose"))
    p.bind(name, Obj("adapter", lines=lines, number=number))


@step("adapter", 4)
def use_adapter(p, obj, path):
    p.emit(p.random.choice([f"{path}.warning('n %s', {p.number(1, 9)})", f"logging.getLogger('own{obj.info['number']}').error('direct')",
                            f"{path}.logger.handlers[0].setLevel(logging.ERROR)"]),
           f"print({obj.info['lines']}, len({path}.logger.handlers), len({path}.logger.filters))")
