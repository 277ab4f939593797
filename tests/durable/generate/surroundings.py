"""Settings of libraries, modules of the working folder, copies, sources of functions, and code that code makes."""
from model import Obj, start, step
from values import new_list


@start("settings", 4)
def change_setting(p):
    choices = [("import warnings", "warnings.simplefilter('ignore')", "print(warnings.filters[0][0])"),
               ("import random", f"random.seed({p.number(1, 99)})", "print(random.random(), random.choice('abc'))"),
               ("import sys", f"sys.path.append('{p.word()}')", "print(sys.path[-1])"),
               ("from decimal import Decimal, getcontext", f"getcontext().prec = {p.number(4, 9)}", "print(Decimal(1) / 3)")]
    if "numpy" in p.features:
        choices += [("import numpy as np", f"np.random.seed({p.number(1, 99)})", "print(round(np.random.rand(), 6))"),
                    ("import numpy as np", f"np.set_printoptions(precision={p.number(1, 4)})", "print(np.array([1 / 3]))")]
    if "pandas" in p.features:
        choices += [("import pandas as pd", f"pd.set_option('display.max_rows', {p.number(4, 40)})",
                     "print(pd.get_option('display.max_rows'))")]
    needed, text, shown = p.random.choice(choices)
    p.need(needed)
    p.emit(text, shown)
    name = p.fresh("ref")
    p.emit(f"{name} = None")
    p.bind(name, Obj("setting", shown=shown))


@step("setting", 4)
def show_setting(p, obj, path):
    p.emit(obj.info["shown"])


@start("modules", 3)
def own_module(p):
    """A module of the working folder, with state."""
    name = f"helper{p.label()}"
    p.need("import sys")
    p.emit(f"with open('{name}.py', 'w') as file:",
           f"    file.write('CACHE = {{}}\\nCOUNT = {p.number(1, 9)}\\n\\n\\ndef put(key, value):\\n    global COUNT\\n"
           f"    COUNT += 1\\n    CACHE[key] = value\\n    return COUNT\\n\\n\\nclass Thing:\\n    all = []\\n\\n    def __init__(self):\\n"
           f"        self.all.append(self)\\n')", f"import {name}")
    p.pinned.add(name)
    p.bind(name, Obj("usermodule", children={".CACHE": Obj("loose")}))


@step("usermodule", 4)
def use_module(p, obj, path):
    other, other_path = p.pick("list dict set")
    p.emit(p.random.choice([f"print({path}.put({p.word()!r}, {other_path or 1}), sorted({path}.CACHE))",
                            f"{path}.Thing().owner = {other_path or 1}", f"print({path}.COUNT, len({path}.Thing.all))"]))


@start("copies", 3)
def copied(p):
    obj, path = p.pick("list dict set inst deque ns own data")
    if obj is None:
        return new_list(p)
    p.need("import copy")
    name = p.target("inst")
    p.emit(f"{name} = copy.{p.random.choice(['copy', 'deepcopy'])}({path})", f"print({name} is {path}, show({name}) == show({path}))")
    return p.bind(name, Obj("loose"))


@start("sources", 2)
def source_of_function(p):
    p.need("import inspect")
    name = p.fresh("func")
    p.emit(f"def {name}(value, by={p.number(1, 9)}):", f'    """Adds {p.word()}."""', "    return value + by", "")
    p.bind(name, Obj("sourced"))


@step("sourced", 3)
def show_source(p, obj, path):
    p.emit(p.random.choice([f"print(inspect.signature({path}), {path}.__doc__, {path}(1))",
                            f"print({path}.__code__.co_varnames, {path}.__qualname__, {path}({p.number(1, 9)}))"]))


@start("executed", 2)
def executed(p):
    """Functions that `exec` makes in a dict of its own."""
    name, function = p.target("dict"), p.fresh("func")
    p.emit(f"{name} = {{'BASE': {p.number(1, 9)}}}",
           f"exec('def work(n):\\n    global BASE\\n    BASE += n\\n    return BASE', {name})", f"{function} = {name}['work']")
    p.bind(name, Obj("executed", children={"['work']": p.bind(function, Obj("bound", call="%s({n})", grows=[]))}))


@step("executed", 3)
def use_executed(p, obj, path):
    p.emit(p.random.choice([f"print({path}['BASE'], sorted({path})[:2])", f"{path}['BASE'] *= 2",
                            f"print({path}['work'].__globals__ is {path}, {path}['work'](1))"]))


@start("weakrefs", 2)
def weak_containers(p):
    obj, path = p.pick("inst")
    if obj is None:
        return new_list(p)
    p.need("import weakref")
    name = p.target("ref")
    text = p.random.choice([f"weakref.WeakValueDictionary(one={path})", f"weakref.WeakSet([{path}])",
                            f"weakref.WeakKeyDictionary({{{path}: [1]}})"])
    p.emit(f"{name} = {text}")
    return p.bind(name, Obj("weak"))


@step("weak", 3)
def use_weak(p, obj, path):
    p.emit(f"print(len({path}), type({path}).__name__)")


@start("heaps", 2)
def heap(p):
    p.need("import heapq")
    name = p.target("list")
    obj, path = p.pick("list dict")
    if obj is None:
        return new_list(p)
    p.emit(f"{name} = [({p.number(1, 9)}, 0, {path}), ({p.number(1, 9)}, 1, {path})]", f"heapq.heapify({name})")
    return p.bind(name, Obj("heap", children={"[0][2]": obj, "[1][2]": obj}))


@step("heap", 3)
def use_heap(p, obj, path):
    p.emit(p.random.choice([f"print(heapq.heappushpop({path}, ({p.number(1, 9)}, len({path}), {path}[0][2]))[:2])",
                            f"print([entry[:2] for entry in sorted({path}, key=lambda entry: entry[:2])], {path}[0][2] is {path}[1][2])"]))
    obj.children.clear()
