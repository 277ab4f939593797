"""Compiling and running a cell: top-level `await`, and the value of a last bare expression."""
import ast
from sys import setprofile, settrace

from .interrupt import Limit
from .output import element

CO_COROUTINE = 0x80  # see inspect.CO_COROUTINE
AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

Limit.quiet_globals = globals()


class Loop:
    """The event loop of top-level `await`, made when it is first needed and kept."""
    loop = None


def compile_cell(source, filename, display):
    """(code to execute, code of the last expression or None)."""
    if display:
        tree = ast.parse(source, filename)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr) and not semicolon_after(last, source):
            del tree.body[-1]
            return build(tree, filename, "exec"), build(ast.Expression(last.value), filename, "eval")
    return build(source, filename, "exec"), None


def build(source, filename, mode):
    return compile(source, filename, mode, AWAIT, dont_inherit=True)


def semicolon_after(statement, source):
    """Whether a semicolon ends the statement, the last one of the source."""
    lines = source.encode().splitlines()
    line = lines[statement.end_lineno - 1] if statement.end_lineno <= len(lines) else b""
    return line[statement.end_col_offset:].lstrip().startswith(b";")


def run(code, expression, namespace):
    """Runs the code in the namespace, and shows the expression's value. Whatever it raises is the cell's own."""
    evaluate(code, namespace)
    if expression is not None:
        if Limit.hit:
            raise KeyboardInterrupt
        value = evaluate(expression, namespace)
        if value is not None:
            element(str(repr(value)))


def evaluate(code, namespace):
    value = eval(code, namespace)
    return wait_for(value) if code.co_flags & CO_COROUTINE else value


def wait_for(coroutine):
    import asyncio
    if Loop.loop is None or Loop.loop.is_closed():
        Loop.loop = asyncio.new_event_loop()
    try:
        return Loop.loop.run_until_complete(coroutine)
    except KeyboardInterrupt:
        Loop.loop = None  # its task stands where the interrupt has met it
        raise


def interruptible(function, *arguments):
    """Calls the function with the limit in force; gives the exception that ended it, if one did."""
    failure = None
    try:
        Limit.armed = True
        if Limit.hit:
            raise KeyboardInterrupt
        function(*arguments)
    except BaseException as error:
        failure = error
    Limit.armed = False
    # Right here, for the next call of a function would meet what user code has set.
    for stop in settrace, setprofile:
        try:
            stop(None)
        except BaseException:
            pass  # a profile function that raises is gone with that
    return failure
