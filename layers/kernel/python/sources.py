"""The sources of calls, for tracebacks and `inspect`. Functions are stored with theirs, which a new kernel has again."""
import linecache
from types import CodeType

MAX_SIZE = 8 << 20  # characters of source that are kept

OTHER = "pass\n"  # in place of lines of earlier kernels that are of no function: it ends the functions before it
lines_of = {}  # file name: lines


class Kept:
    size = 0


def remember(filename, source):
    """Keeps the source of a call; drops the oldest sources when there are too many."""
    lines_of[filename] = source.splitlines(True)
    Kept.size += len(source)
    while Kept.size > MAX_SIZE and len(lines_of) > 1:
        oldest = next(iter(lines_of))
        Kept.size -= sum(map(len, lines_of.pop(oldest)))
        linecache.cache.pop(oldest, None)
    show(filename)


def show(filename):
    lines = lines_of[filename]
    linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)


def show_all():
    """Again, if code has cleared the cache."""
    for filename in lines_of:
        if filename not in linecache.cache:
            show(filename)


def of_code(code):
    """(number of the first line, text) of a function's code, or None."""
    lines = lines_of.get(code.co_filename)
    if lines is None:
        return None
    first = code.co_firstlineno
    last = end = last_line(code)
    while end < len(lines) and (not lines[end].strip() or is_inner_comment(lines[end])):
        end += 1
        if lines[end - 1].strip():
            last = end
    return first, "".join(lines[first - 1:last])


def is_inner_comment(line):
    return line[0].isspace() and line.lstrip().startswith("#")


def last_line(code):
    inner = [last_line(one) for one in code.co_consts if type(one) is CodeType]
    return max(code.co_firstlineno, *(end or 0 for _, end, _, _ in code.co_positions()), *inner)


def restore(filename, first, text):
    lines, added = lines_of.setdefault(filename, []), text.splitlines(True)
    lines += [OTHER] * (first - 1 + len(added) - len(lines))
    lines[first - 1:first - 1 + len(added)] = added
    Kept.size += len(text)
    if filename not in linecache.cache:
        show(filename)
