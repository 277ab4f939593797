"""Files, loggers, regexes, exceptions, dates, exact numbers, and names in strings."""
from model import Obj, start, step
from values import new_list


@start("files", 4)
def new_file(p):
    name, path = p.target("file"), f"file{p.label()}.txt"
    if p.random.random() < 0.5:
        p.emit(f"{name} = open('{path}', '{p.random.choice(['w', 'a', 'w+'])}')", f"{name}.write('{p.word()}\\n')")
        p.bind(name, Obj("writer", file=path))
    else:
        p.emit(f"with open('{path}', 'w') as file:",
               f"    file.writelines(f'{p.word()} {{i}}\\n' for i in range({p.number(4, 9)}))", f"{name} = open('{path}')",
               f"print(repr({name}.readline()))")
        p.bind(name, Obj("reader"))


@step("writer", 4)
def write_file(p, obj, path):
    choice = p.number(0, 4)
    if choice < 3:
        p.emit(f"print('{p.word()}', {p.number(1, 99)}, file={path})")
    elif choice == 3:
        p.emit(f"{path}.flush()", f"with open('{obj.info['file']}') as file:", "    print(file.read().split(), file.tell())")
    else:
        p.emit(f"if not {path}.closed:", f"    {path}.flush()", f"print({path}.tell(), {path}.closed, {path}.name)")


@step("reader", 4)
def read_file(p, obj, path):
    p.emit(p.random.choice([f"print(repr({path}.readline()))", f"print(repr({path}.read(3)), {path}.tell())"]))


@start("logging", 3)
def new_logger(p):
    p.need("import logging")
    p.need("import io")
    name, number = p.fresh("logger"), p.label()
    buffer = f"{name}_text"
    p.emit(f"{name}, {buffer} = logging.getLogger('app{number}'), io.StringIO()", f"{name}.propagate = False",
           f"{name}.addHandler(logging.StreamHandler({buffer}))", f"{name}.setLevel(logging.INFO)",
           f"{name}.info('started {number}')")
    p.pinned |= {name, buffer}
    p.bind(buffer, Obj("module"))
    p.bind(name, Obj("logger", buffer=buffer, number=number))


@step("logger", 4)
def use_logger(p, obj, path):
    p.emit(p.random.choice([f"{path}.warning('{p.word()} %d', {p.number(1, 99)})",
                            f"logging.getLogger('app{obj.info['number']}.child').info('below')",
                            f"{path}.setLevel(logging.{p.random.choice(['DEBUG', 'ERROR', 'INFO'])})",
                            f"{path}.handlers[0].setFormatter(logging.Formatter('%(levelname)s %(message)s'))"]),
           f"print({obj.info['buffer']}.getvalue().split('\\n'), len({path}.handlers))")


@start("regexes", 3)
def new_regex(p):
    p.need("import re")
    name = p.target("regex")
    text = p.random.choice([r"(?P<word>[a-z]+)(\d*)", r"[aeiou]{1,2}", r"(?i)\b(p|f)\w+"])
    p.emit(f"{name} = re.compile(r'{text}')")
    p.bind(name, Obj("regex"))


@step("regex", 3)
def use_regex(p, obj, path):
    text = " ".join(p.word() for _ in range(3))
    p.emit(f"print({path}.findall('{text} 42'), {path}.sub(lambda m: m[0].upper(), '{text}'), {path}.groups)")


@start("errors", 4)
def new_error(p):
    name = p.target("error")
    kind = p.number(0, 2)
    if kind == 0:
        p.emit("try:", f"    {p.random.choice(['1 / 0', '{}[1]', 'int(repr(1.5))', '[].pop()'])}",
               "except Exception as error:", f"    {name} = error")
    elif kind == 1:
        p.emit("try:", "    try:", f"        raise KeyError('{p.word()}')", "    except KeyError as error:",
               f"        raise RuntimeError('failed', {p.number(1, 9)}) from error", "except RuntimeError as error:",
               f"    {name} = error")
    else:
        cls, (obj, path) = f"Problem{p.label()}", p.pick("list dict")
        path = path or "None"
        p.emit(f"class {cls}(Exception):", "    def __init__(self, code, where):",
               "        super().__init__(f'problem {code}')", "        self.code, self.where = code, where", "",
               "try:", f"    raise {cls}({p.number(1, 99)}, {path})", f"except {cls} as error:", f"    {name} = error")
        p.bind(cls, Obj("module"))
        p.pinned.add(cls)
        return p.bind(name, Obj("error", children={".where": obj} if obj else {}, own=True))
    return p.bind(name, Obj("error"))


@step("error", 3)
def use_error(p, obj, path):
    choices = [f"{path}.add_note('{p.word()}')", f"print(type({path}).__name__, {path}, repr({path}.__cause__))"]
    if obj.info.get("own"):
        choices.append(f"print({path}.code, type({path}).__mro__[1].__name__)")
    p.emit(p.random.choice(choices))


@start("dates", 3)
def new_date(p):
    p.need("from datetime import date, datetime, timedelta")
    name = p.target("date")
    if p.random.random() < 0.6:
        p.need("from zoneinfo import ZoneInfo")
        zone = p.random.choice(["Europe/Paris", "America/Chicago", "Asia/Tokyo"])
        p.emit(f"{name} = datetime(2024, {p.number(1, 12)}, {p.number(1, 28)}, {p.number(0, 23)}, tzinfo=ZoneInfo('{zone}'))")
    else:
        p.emit(f"{name} = datetime(2024, {p.number(1, 12)}, {p.number(1, 28)})")
    p.bind(name, Obj("date"))


@step("date", 3)
def use_date(p, obj, path):
    delta = f"timedelta(days={p.number(1, 90)}, hours={p.number(0, 9)})"
    if path.isidentifier() and p.random.random() < 0.5:
        p.emit(f"{path} += {delta}")
    else:
        p.emit(f"print(({path} - {delta}).isoformat(), {path}.utcoffset(), {path}.strftime('%a %j'))")


@start("money", 3)
def new_money(p):
    name = p.target("money")
    if p.random.random() < 0.6:
        p.need("from decimal import Decimal, getcontext")
        p.emit(f"{name} = Decimal('{p.number(1, 999)}.{p.number(10, 99)}')")
        p.bind(name, Obj("money"))
    else:
        p.need("from fractions import Fraction")
        p.emit(f"{name} = Fraction({p.number(1, 20)}, {p.number(3, 20)})")
        p.bind(name, Obj("money"))


@step("money", 3)
def use_money(p, obj, path):
    if path.isidentifier():
        p.emit(f"{path} = {path} / {p.number(3, 9)} + {p.number(1, 9)}")
    if "from decimal import Decimal, getcontext" in p.imported and p.random.random() < 0.3:
        p.emit(f"getcontext().prec = {p.number(5, 12)}", "print(Decimal(1) / 7)")


@start("strings", 2)
def evaluated_text(p):
    """Names that only a string mentions."""
    names = [n for n, o in p.names.items() if o.kind in ("list", "dict", "set", "deque", "tuple")]
    if not names:
        return new_list(p)
    name = p.random.choice(names)
    half = len(name) // 2
    kind = p.number(0, 3)
    if kind == 0:
        p.emit(f"print(eval('len({name})'))")
    elif kind == 1:
        p.emit(f"print(len(globals()['{name[:half]}' + '{name[half:]}']))")
    elif kind == 2:
        p.emit(f"print('{name}' in globals(), sorted(k for k in globals() if k == '{name}'))")
    elif p.names[name].kind == "list":
        p.emit(f"exec('{name}.append({p.number(1, 99)})')")
        p.names[name].n += 1
    return None
