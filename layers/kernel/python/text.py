"""Text that may leave the kernel: valid UTF-8, and not too long."""

CUT = " … "


def clean(text):
    """The text as an exact `str` that can be encoded: lone surrogates are written as escapes."""
    return str.encode(text, "utf-8", "backslashreplace").decode()


def cut_middle(text, limit):
    """The text, with its middle left out where it has more than `limit` bytes."""
    data = str.encode(text, "utf-8", "backslashreplace")
    if len(data) <= limit:
        return data.decode()
    half = (limit - len(CUT.encode())) // 2
    return data[:half].decode(errors="ignore") + CUT + data[-half:].decode(errors="ignore")


def cut_lines(lines, limit, width):
    """Lines of at most `width` bytes each, with the middle ones left out where all have more than `limit` bytes."""
    lines = [cut_middle(line, width) for line in lines]
    sizes = [len(line.encode()) + 1 for line in lines]
    if sum(sizes) <= limit:
        return lines
    half, head, tail = (limit - 100) // 2, 0, 0
    size = 0
    while size + sizes[head] <= half:
        size += sizes[head]
        head += 1
    size = 0
    while size + sizes[-tail - 1] <= half:
        size += sizes[-tail - 1]
        tail += 1
    return [*lines[:head], f"  … {len(lines) - head - tail} lines left out …", *lines[len(lines) - tail:]]
