# Decorators that keep state: call counters, a registry of commands, retries, type checks, a singleton.
# %%
import functools
import inspect

calls = {}


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **options):
        wrapper.calls += 1
        calls[function.__name__] = wrapper.calls
        return function(*args, **options)
    wrapper.calls = 0
    return wrapper


@counted
def greet(name, punctuation="!"):
    """Greets somebody."""
    return f"Hello {name}{punctuation}"


print(greet("Ada"), greet.calls, greet.__doc__)

# %%
commands = {}


def command(name=None, *, hidden=False):
    def register(function):
        commands[name or function.__name__] = (function, hidden)
        return function
    return register


@command()
@counted
def add(a, b):
    return a + b


@command("times", hidden=True)
def multiply(a, b):
    return a * b


print(sorted(commands), commands["add"][0](2, 3), add.calls, commands["add"][0] is add)

# %%
def retry(times, log=[]):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args):
            for attempt in range(1, times + 1):
                try:
                    return function(*args)
                except ValueError as error:
                    log.append((function.__name__, attempt, str(error)))
            raise RuntimeError(f"{function.__name__} failed {times} times")
        return wrapper
    decorate.log = log
    return decorate


patient = retry(3)
answers = iter(["x", "y", "17", "z", "z", "z"])


@patient
def ask():
    return int(next(answers))


print(ask(), len(patient.log))

# %%
# raises: RuntimeError
patient(ask.__wrapped__)()

# %%
print([attempt for _, attempt, _ in patient.log], patient.log is retry.__defaults__[0], greet("Bob", "?"), calls)


def checked(function):
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args, **options):
        bound = signature.bind(*args, **options)
        for name, value in bound.arguments.items():
            wanted = signature.parameters[name].annotation
            if wanted is not inspect.Parameter.empty and not isinstance(value, wanted):
                raise TypeError(f"{name} must be {wanted.__name__}, not {type(value).__name__}")
        return function(*args, **options)
    return wrapper


@checked
def repeat(text: str, times: int = 2):
    return text * times


print(repeat("ab"))

# %%
def singleton(cls):
    instances = {}

    @functools.wraps(cls, updated=())
    def get(*args):
        if cls not in instances:
            instances[cls] = cls(*args)
        return instances[cls]
    return get


@singleton
class Settings:
    def __init__(self):
        self.values = {"theme": "dark"}


Settings().values["size"] = 11
try:
    repeat("ab", "3")
except TypeError as error:
    print(error)

# %%
print(Settings() is Settings(), Settings().values, greet.calls, commands["times"][0](6, 7))
