"""The function with which programs print their values, as lines of code."""

SHOW = '''
def show(value, depth=4):
    """A short text for any value; it names no addresses and does not depend on the order of sets."""
    kind = type(value).__name__
    if value is None or type(value) in (bool, int, str, bytes, complex, range):
        return repr(value)[:160]
    if isinstance(value, float):
        return format(round(value, 6) + 0.0, ".10g")
    if isinstance(value, (bytearray, memoryview)):
        return f"{kind} {bytes(value).hex()}"
    if isinstance(value, type) or hasattr(value, "__code__"):
        return f"{kind} {value.__name__}"
    if depth == 0:
        return kind
    if isinstance(value, (set, frozenset)):
        return f"{kind} {sorted(show(item, depth - 1) for item in value)}"
    if isinstance(value, BaseException):
        notes = getattr(value, "__notes__", [])
        return f"{kind} {show(value.args, depth - 1)} cause {show(value.__cause__, depth - 1)} notes {notes}"
    if isinstance(value, dict):
        shown = [f"{show(key, 1)}: {show(item, depth - 1)}" for key, item in list(value.items())[:12]]
        return f"{kind} of {len(value)} {{{', '.join(shown)}}}"
    if kind == "ndarray":
        if value.dtype.kind not in "biuf":
            return f"array {value.shape} {[show(item, depth - 1) for item in value.ravel().tolist()]}"
        return f"array {value.shape} {value.dtype} sum {show(value.sum().item())} ends {value.ravel()[-3:].tolist()}"
    if kind == "DataFrame" and hasattr(value, "iloc"):
        numbers = {str(name): show(value[name].sum().item()) for name in value.select_dtypes(["int64", "float64"])}
        last = [show(item, 2) for item in value.iloc[-1].tolist()] if len(value) else []
        return f"frame {value.shape} {list(map(str, value.columns))} sums {numbers} last {last}"
    if kind == "Series" and hasattr(value, "iloc"):
        return f"series {value.shape} {value.name} {[show(item, 2) for item in value.tolist()[:8]]}"
    if kind in ("DataFrame", "Series"):
        return f"polars {kind} {value.shape} {value.rows()[-2:] if kind == 'DataFrame' else value.to_list()[:6]}"
    if kind == "Table":
        return f"table {value.shape} {value.column_names} {value.slice(max(0, len(value) - 2)).to_pylist()}"
    if isinstance(value, (list, tuple)) or kind == "deque":
        return f"{kind} of {len(value)} [{', '.join(show(item, depth - 1) for item in list(value)[:12])}]"
    if hasattr(value, "__dict__") and type(value).__module__ in ("__main__", "types"):
        shown = [f"{name}={show(item, depth - 1)}" for name, item in sorted(vars(value).items())]
        return f"{kind}({', '.join(shown)})"
    if hasattr(type(value), "__slots__") and type(value).__module__ == "__main__":
        return f"{kind}({', '.join(show(getattr(value, name), depth - 1) for name in type(value).__slots__)})"
    if kind in ("Timestamp", "Timedelta") or type(value).__module__ in ("decimal", "fractions", "datetime", "array", "zoneinfo", "enum"):
        return str(value)
    return kind
'''.strip("\n").splitlines()
