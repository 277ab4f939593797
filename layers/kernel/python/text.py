"""Text that the kernel sends to the host: valid UTF-8 of limited length."""

CUT = " … "


def clean(text):
    """The text as a plain `str` that UTF-8 can encode: lone surrogates become escapes."""
    return str.encode(text, "utf-8", "backslashreplace").decode()


def json_length(name):
    """How many bytes of JSON a clean name takes at most: JSON writes a control character as six bytes."""
    length = len(name.encode())
    return length if name.isidentifier() else 6 * length


class Room:
    """So many names, and so many bytes of JSON, may still be told."""

    def __init__(self, names, size):
        self.names, self.size = names, size

    def take(self, names, more=0):
        """True when these are among them, with so many bytes beside."""
        size = sum(map(json_length, names)) + more
        fits = len(names) <= self.names and size <= self.size
        if fits:
            self.names, self.size = self.names - len(names), self.size - size
        return fits


def cut_middle(text, limit):
    """The text. Its middle is left out if it has more than `limit` bytes."""
    data = str.encode(text, "utf-8", "backslashreplace")
    if len(data) <= limit:
        return data.decode()
    half = (limit - len(CUT.encode())) // 2
    return data[:half].decode(errors="ignore") + CUT + data[-half:].decode(errors="ignore")


def cut_lines(lines, limit, width):
    """The lines, each cut to `width` bytes. Middle lines are left out if all have more than `limit` bytes."""
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
