"""Compiles and runs the code of one execution: top-level `await`, and the value of a last bare expression."""
import ast
from sys import setprofile, settrace

from .interrupt import Limit
from .output import element

CO_COROUTINE = 0x80  # inspect.CO_COROUTINE
AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class Loop:
    """The event loop for top-level `await`. It is made at the first `await` and then kept."""
    loop = None


def compile_code(source, filename, display):
    """(code to execute, code of the last expression or None)."""
    if display:
        tree = build(source, filename, "exec", ast.PyCF_ONLY_AST)
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr) and not semicolon_after(last, source):
            del tree.body[-1]
            return build(tree, filename, "exec"), build(ast.Expression(last.value), filename, "eval")
    return build(source, filename, "exec"), None


def build(source, filename, mode, flags=0):
    return compile(source, filename, mode, AWAIT | flags, dont_inherit=True)


def semicolon_after(statement, source):
    """Whether a semicolon follows the statement, which is the last one of the source."""
    lines = source.encode().splitlines()
    line = lines[statement.end_lineno - 1] if statement.end_lineno <= len(lines) else b""
    return line[statement.end_col_offset:].lstrip().startswith(b";")


def run(code, expression, namespace):
    """Runs the code in the namespace and shows the expression's value. Exceptions are those of the code."""
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
        Loop.loop = None  # the interrupted task is still pending in it
        raise


def interruptible(function, *arguments):
    """Calls the function while the time limit can interrupt it. Returns the exception that ended it, or None."""
    failure = None
    try:
        Limit.armed = True
        if Limit.hit:
            raise KeyboardInterrupt
        function(*arguments)
    except BaseException as error:
        failure = error
    Limit.armed = False
    # Before any other call: user code may have set a function that runs at every call.
    for stop in settrace, setprofile:
        try:
            stop(None)
        except BaseException:
            pass  # the profile function raised, and is removed
    return failure
