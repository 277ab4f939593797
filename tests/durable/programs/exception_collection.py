# Exceptions kept in variables: causes, contexts, notes, groups, own classes with arguments, retry reports.
# %%
class AppError(Exception):
    """An error with a code."""
    default_code = 500

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code or self.default_code


class NotFound(AppError):
    default_code = 404

    def __str__(self):
        return f"{self.args[0]} ({self.code})"


class TwoParts(Exception):
    def __init__(self, left, right):
        super().__init__(f"{left} | {right}")
        self.left, self.right = left, right


errors = {}


def attempt(name, function, *args):
    try:
        return function(*args)
    except Exception as error:
        errors[name] = error
        return error


attempt("zero", lambda: 1 / 0)
attempt("number", int, "x7")
print({name: f"{type(e).__name__}: {e}" for name, e in errors.items()})

# %%
def load(key):
    try:
        return {"a": 1}[key]
    except KeyError as error:
        raise NotFound(f"no {key}") from error


found = attempt("load", load, "b")
print(found, found.code, repr(found.__cause__), found is errors["load"])

# %%
found.add_note("looked in the small table")
errors["load"].hint = ["try a"]
attempt("two", lambda: (_ for _ in ()).throw(TwoParts("l", [1, 2])))
print(found.__notes__, found.hint, errors["two"].right, errors["two"])

# %%
found.hint.append("or c")
print(errors["load"].hint, errors["load"].__suppress_context__, isinstance(found, AppError), found.__cause__.args)
errors["two"].right.append(3)
copies = list(errors.values())
print(copies[-1].right, copies[2] is found)

# %%
group = ExceptionGroup("several", [errors["zero"], ExceptionGroup("inner", [found, errors["two"]])])
try:
    raise group
except* AppError as part:
    matched = part
except* ArithmeticError as part:
    arithmetic = part
except* Exception as part:
    rest = part
print(matched.exceptions[0].exceptions[0] is found, len(arithmetic.exceptions), rest.exceptions[0].exceptions[0].left)

# %%
# raises: NotFound
raise found

# %%
def context():
    try:
        attempt("inner", int, "q")
        raise ValueError("first")
    except ValueError:
        raise RuntimeError("second")


outer = attempt("context", context)
print(repr(outer), repr(outer.__context__), outer.__cause__)

# %%
report = []
for name, error in sorted(errors.items()):
    chain = []
    while error is not None:
        chain.append(type(error).__name__)
        error = error.__cause__ or error.__context__
    report.append((name, chain))
print(report)
print(group.subgroup(lambda e: isinstance(e, NotFound)).exceptions[0].message, found.code, found.__notes__)
