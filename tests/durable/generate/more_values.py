"""Flags and other enums, class members of every kind, files of bytes and of csv, paths, regexes, dates and decimals."""
from model import Obj, start, step


@start("enums", 2)
def other_enums(p):
    p.need("from enum import Flag, IntEnum, StrEnum, auto, unique")
    flag, number, word, name = f"Perm{p.label()}", f"Level{p.label()}", f"Mode{p.label()}", p.target("list")
    p.emit(f"class {flag}(Flag):", "    READ = auto()", "    WRITE = auto()", "    BOTH = READ | WRITE", "", "", "@unique",
           f"class {number}(IntEnum):", "    LOW = 1", "    HIGH = 5", "", "    @classmethod", "    def top(cls):",
           "        return max(cls)", "", "", f"class {word}(StrEnum):", "    FAST = auto()", "    SLOW = 's'", "",
           "    def __init__(self, text):", "        self.length = len(text)", "",
           f"{name} = [{flag}.READ, {number}.HIGH, {word}.SLOW]")
    for made in flag, number, word:
        p.bind(made, Obj("module"))
        p.pinned.add(made)
    p.bind(name, Obj("members", flag=flag, number=number, word=word))


@step("members", 4)
def use_members(p, obj, path):
    flag, number, word = obj.info["flag"], obj.info["number"], obj.info["word"]
    p.emit(p.random.choice([
        f"{path}[0] |= {flag}.WRITE", f"print({path}[0] in ({flag}.BOTH, {flag}.READ), {path}[0] is {flag}.READ)",
        f"print({path}[1] is {number}.top(), {path}[1] + 1, {path}[2].length, {path}[2] is {word}('s'), f'{{{path}[2]}}')",
        f"print([one.name for one in {word}], {flag}.BOTH.value, {number}(1).name, list({flag}.BOTH))"]))


@start("members", 3)
def members_of_all_kinds(p):
    """A class with each kind of member, and an instance."""
    p.need("from functools import cached_property, partialmethod, singledispatchmethod, total_ordering")
    name, one = f"Full{p.label()}", p.target("inst")
    p.emit("@total_ordering", f"class {name}:", f"    limit: int = {p.number(5, 50)}", "    shared = {}", "",
           "    def __init__(self, n):", "        self._n = n", "        self.shared[n] = self", "",
           "    @classmethod", "    def at_limit(cls):", "        return cls(cls.limit)", "", "    @staticmethod",
           "    def twice(n):", "        return 2 * n", "", "    @property", "    def n(self):", "        return self._n", "",
           "    @n.setter", "    def n(self, value):", "        self._n = value", "", "    @n.deleter", "    def n(self):",
           "        self._n = 0", "", "    @cached_property", "    def doubled(self):", "        return [self._n, self._n]", "",
           "    def add(self, by, sign=1):", "        self._n += by * sign", "        return self._n", "",
           "    subtract = partialmethod(add, sign=-1)", "", "    @singledispatchmethod", "    def tell(self, what):",
           "        return 'any'", "", "    @tell.register", "    def _(self, what: int):", "        return what + self._n", "",
           "    def __eq__(self, other):", "        return self._n == other._n", "", "    def __lt__(self, other):",
           "        return self._n < other._n", "", "    def __hash__(self):", "        return 7", "", "    class Inner:",
           "        depth = 1", "", f"{one} = {name}({p.number(1, 9)})")
    p.bind(name, Obj("module"))
    p.pinned.add(name)
    p.bind(one, Obj("full", name=name, children={".doubled": Obj("loose")}))


@step("full", 5)
def use_full(p, obj, path):
    name = obj.info["name"]
    p.emit(p.random.choice([
        f"print({path}.add({p.number(1, 9)}), {path}.subtract(2), {path}.doubled)", f"{path}.n = {p.number(1, 99)}",
        f"print({path}.tell({p.number(1, 9)}), {path}.tell('x'), {path} <= {name}.at_limit(), {name}.twice(3))",
        f"del {path}.n", f"{name}.Inner.depth += 1", f"{name}.limit += 1", f"{path}.doubled.append({p.number(1, 9)})",
        f"print(len({name}.shared), {name}.Inner.depth, {name}.__annotations__, {name}.shared.get({path}.n) is {path})"]))


@start("files", 2)
def file_of_bytes(p):
    name, path = p.target("file"), f"bytes{p.label()}.bin"
    mode = p.random.choice(["w+b", "xb"])
    p.emit(f"{name} = open('{path}', '{mode}'{p.random.choice(['', ', buffering=0'])})", f"{name}.write(bytes(range({p.number(5, 20)})))")
    p.bind(name, Obj("binary", mode=mode, file=path))


@step("binary", 4)
def use_bytes_file(p, obj, path):
    choices = [f"print({path}.write({p.word()!r}.encode()), {path}.tell())", f"print({path}.seek({p.number(0, 4)}))",
               f"{path}.flush()", f"{path}.truncate()"]
    if obj.info["mode"] == "w+b":
        choices.append(f"print({path}.read(3), {path}.tell())")
    p.emit(p.random.choice(choices))


@start("files", 2)
def rows_of_file(p):
    """A file with a byte order mark or another encoding, read by lines."""
    p.need("from pathlib import Path")
    name, file, folder = p.target("file"), p.target("ref"), f"folder{p.label()}"
    encoding = p.random.choice(["utf-8", "utf-8-sig", "latin-1", "utf-16"])
    p.emit(f"{file} = Path('{folder}') / 'rows.csv'", f"{file}.parent.mkdir()",
           f"{file}.write_text('é;1\\nü;2\\nß;3\\nå;4\\nœ;5\\n'.replace('œ', 'o'), encoding='{encoding}')",
           f"{name} = {file}.open(encoding='{encoding}')", f"print(repr(next({name})))")
    p.bind(file, Obj("path"))
    p.bind(name, Obj("lines"))


@step("lines", 4)
def use_lines(p, obj, path):
    p.emit(p.random.choice([f"print(repr(next({path}, 'end')))", f"print(repr({path}.readline()), {path}.encoding)",
                            f"print(repr({path}.read(1)), {path}.closed)"]))


@step("path", 2)
def use_path(p, obj, path):
    p.emit(f"print({path}.exists(), {path}.suffix, {path}.parent.name, {path}.with_suffix('.txt').name)")


@start("regexes", 2)
def compiled_patterns(p):
    p.need("import re")
    name = p.target("dict")
    p.emit(f"{name} = {{re.compile(text): text for text in ('a+', '[a-f]+')}}", f"{name}[re.compile('x', re.I)] = re.compile('x', re.I).sub")
    p.bind(name, Obj("patterns"))


@step("patterns", 3)
def use_patterns(p, obj, path):
    p.emit(f"print([len(one.findall({p.word()!r})) for one in {path}], re.compile('a+') in {path}, re.compile('x', 2) in {path})")


@start("dates", 2)
def dates_in_order(p):
    p.need("from datetime import date, datetime, time, timedelta, timezone")
    name = p.target("list")
    p.emit(f"{name} = [date(2024, 2, {p.number(1, 28)}), datetime(2024, 3, 1, tzinfo=timezone.utc), timedelta(hours={p.number(1, 99)}),",
           f"    time(12, {p.number(0, 59)}), timezone(timedelta(hours={p.number(1, 9)}), 'X')]")
    p.bind(name, Obj("datelist"))


@step("datelist", 3)
def use_dates_in_order(p, obj, path):
    p.emit(p.random.choice([f"{path}[0] += {path}[2]", f"print([str(one) for one in {path}], {path}[1].astimezone({path}[4]))",
                            f"{path}[1] = {path}[1].astimezone({path}[4])"]))


@start("money", 2)
def own_context(p):
    p.need("from decimal import Context, Decimal, ROUND_UP, localcontext")
    name = p.target("money")
    p.emit(f"{name} = Context(prec={p.number(3, 8)}, rounding=ROUND_UP)")
    p.bind(name, Obj("decimals"))


@step("decimals", 3)
def use_context(p, obj, path):
    p.emit(p.random.choice([f"print({path}.divide(Decimal({p.number(1, 9)}), Decimal(7)), {path}.prec)",
                            f"{path}.prec = {p.number(3, 9)}"]), f"with localcontext({path}):", "    print(Decimal(2) / 3)")
