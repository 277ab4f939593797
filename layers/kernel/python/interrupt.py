"""SIGINT, which the host sends when an execution reaches its time limit, and once more if the code then runs on."""
from _signal import SIG_IGN, SIGINT, signal
from time import monotonic


class Limit:
    """The time limit of the running call."""
    armed = False  # user code runs
    hit = False  # the limit was reached while it ran
    of_code = False  # the code of the call runs, and may send the signal itself
    patience = 0  # so many signals are only counted down: what runs is needed
    own_until = 0.0  # when such a signal may be the host's, by the monotonic clock
    quiet_globals = None  # of the module `execution`: its frames check `hit` and get no exception


def on_sigint(_signal, frame):
    # The host repeats it for code that was about to begin a system call. Code that is ending is not interrupted again.
    if Limit.armed and Limit.patience:
        Limit.patience -= 1
    elif Limit.armed and not (Limit.hit and Limit.of_code):
        Limit.hit = Limit.hit or not Limit.of_code or monotonic() >= Limit.own_until
        if frame is None or frame.f_globals is not Limit.quiet_globals:
            raise KeyboardInterrupt


def ignore():
    """In the zygote: Ctrl-C on a terminal is meant for the host, which ends the zygote."""
    signal(SIGINT, SIG_IGN)


def begin_call():
    """Installs the handler again: user code may have replaced it."""
    Limit.armed = Limit.hit = Limit.of_code = False
    Limit.patience = 0
    signal(SIGINT, on_sigint)


def set_limit(limit_ms):
    """The host's clock began a little earlier: a signal shortly before the limit counts as the host's."""
    limit = limit_ms / 1000
    Limit.own_until = monotonic() + limit - max(1, limit / 5)


def time_error(limit_ms):
    """The exception that the user gets instead of KeyboardInterrupt."""
    return TimeoutError(f"the execution took longer than its limit of {limit_ms / 1000:g} s")
