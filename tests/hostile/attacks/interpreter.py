"""The interpreter and the harness in it: both belong to the attacker. What must hold is the sandbox's next call, and all others'."""
from entry import BOTH, EXECUTE, Attack, answered, died, never

#: The harness's modules are in no sys.modules, but a collector of garbage knows every object.
FIND = '''
import gc, types
harness = [one for one in gc.get_objects() if isinstance(one, types.ModuleType) and hasattr(one, "begin_call")]
'''
ATTACKS = [
    Attack("secrets_among_objects", "find texts of the host among the objects of the interpreter", '''
import gc
words = ("tql" + "_", "AWS" + "_SECRET", "bystander" + "-")
found = [one[:60] for holder in gc.get_objects() if isinstance(holder, (dict, list, tuple))
    for one in (holder.values() if isinstance(holder, dict) else holder)
         if isinstance(one, str) and len(one) > 20 and one.startswith(words)]
tried("found", found)
''', lambda seen: None if seen.of("found") == ["[]"] else f"{seen.of('found')}"),
    Attack("frames_of_the_harness", "change the caller's frames, globals and builtins", '''
frame, seen = sys._getframe(), 0
while frame:
    for name in list(frame.f_globals):
        if frame.f_globals is not globals() and not name.startswith("__"): frame.f_globals[name] = None; seen += 1
    frame = frame.f_back
tried("changed", seen)
''', answered, where=(EXECUTE,), dies=True),
    Attack("modules_of_the_harness", "replace every function of the harness", FIND + '''
changed = 0
for module in harness:
    for name, value in list(vars(module).items()):
        if callable(value): setattr(module, name, lambda *a, **k: os.system("id")); changed += 1
tried("changed", changed)
''', answered, where=(EXECUTE,), dies=True),
    Attack("answers_of_the_harness", "let the harness answer with the wrong types and sizes", FIND + '''
def answer(*_):
    return dict(failure=("x" * (9 << 20), ["y"] * 100_000), interrupted=False, dataframes=[("d", 2 ** 63 - 1, 2 ** 63 - 1, 0,
        True)] * 5000,
                names=["../../../x"] * 20_000, variables=None, not_loaded=["n"] * 9999, not_restored={}, missed=False,
                    still_lost=["l"] * 99_999,
                cwd="../../../../etc", env={"LD_PRELOAD": "/tmp/x.so", "PATH": None})
for module in harness:
    if hasattr(module, "finish"): module.finish = answer
tried("changed", len(harness))
''', answered, where=(EXECUTE,), dies=True),
    Attack("missed_for_ever", "ask the host to run the code again and again", FIND + '''
tried("changed", len(harness))
for module in harness:
    if hasattr(module, "Call") and hasattr(module, "finish"):
        old = module.finish
        module.finish = lambda *a: {**old(*a), "missed": True}
''', answered, where=(EXECUTE,), dies=True),
    Attack("writes_into_the_interpreter", "overwrite objects of the interpreter", '''
tried("writing", "")
for one in (None, True, 0, type, int, print): ctypes.memset(id(one), 0x41, 32)
print(None, True)
''', died("KernelDied", "exit code"), dies=True),
    Attack("calls_into_the_interpreter", "end the interpreter from within", '''
tried("finalizing", "")
ctypes.pythonapi.Py_FinalizeEx()
''', answered, dies=True),
    Attack("writes_of_zeros", "unmap the interpreter and its stack", '''
tried("unmapping", "")
call("munmap", 0x1000, (1 << 47) - 0x3000)
''', died("KernelDied", "exit code"), dies=True),
    Attack("code_objects", "run bytecode that leaves its stack", '''
tried("running", "")
def victim(): pass
exec(victim.__code__.replace(co_code=bytes([100, 255]) * 64, co_consts=(), co_stacksize=1))
''', answered, dies=True),
    Attack("hooks", "watch and stop the harness by hooks", '''
import atexit, threading, builtins
def hook(*arguments): raise SystemExit("hook")
tried("setting", "")
threading.settrace(hook); threading.setprofile(hook); atexit.register(hook)
sys.excepthook = sys.unraisablehook = sys.displayhook = sys.breakpointhook = hook
builtins.compile = builtins.exec = builtins.__import__ = builtins.repr = hook
sys.stdout = sys.stderr = None
sys.settrace(hook)
''', answered, dies=True),
    Attack("audit_hook", "refuse every event of the interpreter from now on", '''
tried("setting", "")
def hook(event, arguments): raise RuntimeError(event)
sys.addaudithook(hook)
''', answered, where=(EXECUTE,), dies=True),
    Attack("modules", "empty the modules and the path", '''
tried("emptying", "")
sys.path[:] = []; sys.meta_path[:] = []; sys.path_hooks[:] = []
for name in list(sys.modules): del sys.modules[name]
''', answered, where=(EXECUTE,), dies=True),
    Attack("methods_that_never_end", "hold the harness up while it stores variables", '''
tried("planting", "")
class Slow:
    def __reduce_ex__(self, protocol):
        while True: pass
    __hash__ = __eq__ = __sizeof__ = __getstate__ = __reduce_ex__
    def __repr__(self): return self.__reduce_ex__(0)
planted = [Slow(), Slow()]
''', answered, where=(EXECUTE,), dies=True),
    Attack("methods_that_lie", "confuse the harness by classes that are something else", '''
tried("planting", "")
class Liar:
    __class__ = property(lambda self: dict)
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __len__(self): return -1
    def __iter__(self): return iter(int, 1)
class Meta(type):
    def __instancecheck__(cls, one): raise KeyboardInterrupt
    def __subclasscheck__(cls, one): raise SystemExit
    def __getattribute__(cls, name): raise MemoryError
class Planted(metaclass=Meta): pass
DataFrame = shape = planted = Liar(); planted_class = Planted
globals()["x" * 100_000] = 1; globals()["\\ud800"] = 2; globals()[Liar] = 3
''', answered, where=(EXECUTE,), dies=True),
    Attack("pickles", "run code where the variables are restored", '''
class Planted:
    def __reduce__(self): return eval, ("print('TRIED restored: ' + str(__import__('os').getuid())) or __import__('os').getpid()",
        )
planted = Planted()
tried("planted", os.getuid())
''', lambda seen: "restored by root" if "0" in seen.of("restored") else None, where=(EXECUTE,), dies=True, then='''
os._exit(1) if isinstance(planted, Planted) else tried("restored", planted)
'''),
    Attack("errors", "answer with an error that is too long to be sent", '''
tried("raising", "")
class E(Exception):
    def __str__(self): return "e" * (64 << 20)
raise E("x" * (64 << 20))
''', answered, where=(EXECUTE,), dies=True),
    Attack("errors_that_raise", "answer with an error that cannot be shown", '''
tried("raising", "")
class E(BaseException):
    def __str__(self): raise self
    __repr__ = __str__
    __traceback__ = property(lambda self: sys.exit(7))
raise E from E()
''', answered, dies=True),
    Attack("long_names", "report names, frames and environment that are too long", '''
import pandas
tried("making", "")
for n in range(1100): globals()[f"frame{n}_" + "x" * 300] = pandas.DataFrame({"a": [1]})
for n in range(12_000): globals()[f"name{n}"] = n
os.environ["LONG"] = "x" * (1 << 20)
for n in range(1000): os.environ[f"LONG{n}"] = "x" * 1000
tried("made", len(globals()))
''', answered, where=(EXECUTE,), dies=True),
    Attack("forked_harness", "go on as two harnesses", '''
tried("forking", "")
for n in range(3): os.fork()
''', answered, where=BOTH, dies=True),
    Attack("another_program", "put another program in the kernel's place", '''
tried("executing", "")
os.execv("/bin/sleep", ["sleep", "100"])
''', answered, where=(EXECUTE,), dies=True),
    Attack("exits", "end the process at once", '''
tried("ending", "")
os._exit(0)
''', died("KernelDied", "exit code 0"), dies=True),
    Attack("warnings_of_the_host", "have a text of its own appear as the server's", '''
import syslog, logging
print("\\x1b[2J\\x1b]0;title\\x07", '{"level":"ERROR","message":"hostile-forged"}')
attempt("syslog", syslog.syslog, "hostile-forged")
''', never("hostile-never")),
    Attack("compiler", "crash or hold up the compiler", '''
tried("compiling", "")
for text in ("(" * 90 + ")" * 90, "-" * 100_000 + "1", "[" * 199 + "]" * 199, "lambda:" * 5000 + "1", "x = 1\\n" * 100_000,
    "f'" + "{f'" * 140, "'" + "\\\\N{" * 1000, "1" * 100_000,
             "def f(" + ",".join(f"a{n}" for n in range(70_000)) + "): pass", "if 1:\\n" + "".join(" " * n + "if 1:\\n"
                 for n in range(1, 101))):
    outcome(compile, text, "x", "exec")
outcome(eval, "+".join(["1"] * 100_000))
''', answered, dies=True),
]
