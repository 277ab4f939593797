class Two(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a}-{b}")
        self.a, self.b = a, b
try:
    try:
        {}["k"]
    except KeyError as k:
        raise Two(1, [2]) from k
except Two as error:
    error.add_note("a note")
    e = error
try:
    open("nothere")
except OSError as o:
    os_error = o
try:
    eval("1+")
except SyntaxError as s:
    syntax = s
group = ExceptionGroup("g", [ValueError(1), e])
try:
    undefined
except NameError as x:
    name = x
stop = StopIteration(5)
uni = None
try:
    b"\xff".decode()
except UnicodeDecodeError as x:
    uni = x
# %%
print(repr(e), e.a, e.b, e.args, repr(e.__cause__), e.__notes__, e.__traceback__ is None or True)
print(repr(os_error), os_error.errno, os_error.filename, isinstance(os_error, FileNotFoundError))
print(repr(syntax), syntax.lineno, syntax.text, repr(group), group.exceptions[1] is e, name.name, stop.value, repr(uni), str(uni))
