"""SIGINT, which the host sends when an execution reaches its time limit."""
from _signal import SIG_IGN, SIGINT, signal


class Limit:
    """The time limit of the running call."""
    armed = False  # user code runs
    hit = False  # the limit was reached while it ran
    quiet_globals = None  # of the module `execution`: its frames check `hit` and get no exception


def on_sigint(_signal, frame):
    if Limit.armed:
        Limit.hit = True
        if frame is None or frame.f_globals is not Limit.quiet_globals:
            raise KeyboardInterrupt


def ignore():
    """In the zygote: Ctrl-C on a terminal is meant for the host, which ends the zygote."""
    signal(SIGINT, SIG_IGN)


def begin_call():
    """Installs the handler again: user code may have replaced it."""
    Limit.armed = Limit.hit = False
    signal(SIGINT, on_sigint)


def time_error(limit_ms):
    """The exception that the user gets instead of KeyboardInterrupt."""
    return TimeoutError(f"the execution took longer than its limit of {limit_ms / 1000:g} s")
