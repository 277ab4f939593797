"""Settings of libraries that the sandbox has changed: random numbers' states, options, warnings' filters, sys.path."""
from sys import getrecursionlimit, modules, path


class Base:
    """The settings of a new kernel."""
    values, path = {}, ()


def begin():
    """Remembers the settings. Called in a new kernel, before its variables are restored."""
    Base.path, Recursion.limit = tuple(path), getrecursionlimit()
    Base.values = read()


def read():
    values = {}
    for name, (module, get, _) in SETTINGS.items():
        if module in modules:
            try:
                values[name] = get(modules[module])
            except Exception:
                pass  # user code has replaced what it needs
    return values


def changed():
    """{setting: value} of those that differ from a new kernel's."""
    return {name: value for name, value in read().items() if not same(value, Base.values.get(name, NEW.get(name)))}


def same(one, other):
    try:
        return bool(one == other)
    except Exception:
        return False


def restore(values):
    for name, value in values.items():
        module, _, put = SETTINGS[name]
        try:
            if module not in modules:
                __import__(module)
            put(modules[module], value)
        except Exception:
            pass  # another version of the library


def numpy_state(numpy_random):
    kind, keys, *rest = numpy_random.get_state()
    return kind, keys.tobytes(), *rest


def set_numpy_state(numpy_random, value):
    kind, keys, *rest = value
    numpy_random.set_state((kind, modules["numpy"].frombuffer(keys, "u4"), *rest))


def context(decimal):
    now = decimal.getcontext()
    flags = [flag for flag, on in now.flags.items() if on]
    traps = [flag for flag, on in now.traps.items() if on]
    return now.prec, now.rounding, now.Emin, now.Emax, now.capitals, now.clamp, flags, traps


def set_context(decimal, value):
    decimal.setcontext(decimal.Context(*value))


class Places:
    """(name, the dict that holds it, its key, its default) of each option of pandas. Finding them takes long."""
    of_options = []


def options(config):
    """The options of pandas that are not at their defaults."""
    if len(Places.of_options) != len(config._registered_options):
        Places.of_options = [(name, *config._get_root(name), option.defval)
                             for name, option in config._registered_options.items()]
    return {name: root[key] for name, root, key, default in Places.of_options
            if root[key] is not default and not same(root[key], default)}


def set_options(config, value):
    for name, one in value.items():
        config.set_option(name, one)


def parameters(matplotlib):
    """The rcParams that are not at their defaults."""
    # The plain methods of dict: those of rcParams are slow, and choose a backend.
    defaults, get = matplotlib.rcParamsDefault, dict.get
    return {name: value for name, value in dict.items(matplotlib.rcParams)
            if value is not get(defaults, name) and name not in ("backend", "backend_fallback")
            and not same(value, get(defaults, name))}


def set_parameters(matplotlib, value):
    for name, one in value.items():
        matplotlib.rcParams[name] = one


def set_filters(warnings, value):
    warnings.filters[:] = value
    warnings._filters_mutated_lock_held() if hasattr(warnings, "_filters_mutated_lock_held") else \
        warnings._filters_mutated()


def added_folders(_):
    return [(place, one) for place, one in enumerate(path) if one not in Base.path]


def set_path(_, value):
    for place, folder in value:
        if folder not in path:
            path.insert(place, folder)


class Recursion:
    """The limit as the code has set it: the kernel sets its own to find and store values."""
    limit = 1000


def set_recursion_limit(sys, value):
    Recursion.limit = value
    sys.setrecursionlimit(value)


def logging_settings(logging):
    """(names of levels, what is disabled, settings of loggers). Loggers with handlers are stored with those."""
    root = logging.root
    known = [root, *(one for one in list(root.manager.loggerDict.values()) if isinstance(one, logging.Logger))]
    loggers = {one.name: (one.level, one.propagate, one.disabled) for one in known if one is root or one.level
               or one.disabled or not one.propagate}
    return dict(logging._levelToName), root.manager.disable, loggers


def set_logging_settings(logging, value):
    names, disabled, loggers = value
    for level, name in names.items():
        logging.addLevelName(level, name)
    logging.disable(disabled)
    for name, (level, propagate, is_disabled) in loggers.items():
        one = logging.root if name == "root" else logging.getLogger(name)
        one.propagate, one.disabled = propagate, is_disabled
        one.setLevel(level)


def numpy_settings(numpy):
    return numpy.get_printoptions(), numpy.geterr()


def set_numpy_settings(numpy, value):
    printing, errors = value
    numpy.set_printoptions(**printing)
    numpy.seterr(**errors)


SETTINGS = {
    "sys.path": ("sys", added_folders, set_path),
    "random": ("random", lambda random: random.getstate(), lambda random, value: random.setstate(value)),
    "numpy.random": ("numpy.random", numpy_state, set_numpy_state),
    "recursion": ("sys", lambda sys: Recursion.limit, set_recursion_limit),
    "digits": ("sys", lambda sys: sys.get_int_max_str_digits(), lambda sys, value: sys.set_int_max_str_digits(value)),
    "logging": ("logging", logging_settings, set_logging_settings),
    "sklearn": ("sklearn._config", lambda config: config.get_config(), lambda config, value: config.set_config(**value)),
    "numpy": ("numpy", numpy_settings, set_numpy_settings),
    "decimal": ("decimal", context, set_context),
    "pandas": ("pandas._config.config", options, set_options),
    "matplotlib": ("matplotlib", parameters, set_parameters),
    "warnings": ("warnings", lambda warnings: list(warnings.filters), set_filters),
}
NEW = {"pandas": {}, "matplotlib": {}, "sys.path": []}
