"""SIGINT from the host: the execution has reached its limit."""
from _signal import SIG_IGN, SIGINT, signal


class Limit:
    """The running call's limit."""
    armed = False  # user code runs
    hit = False  # the limit was reached while it ran
    quiet_globals = None  # of the module whose frames see no exception, because they look at `hit`


def on_sigint(_signal, frame):
    if Limit.armed:
        Limit.hit = True
        if frame is None or frame.f_globals is not Limit.quiet_globals:
            raise KeyboardInterrupt


def ignore():
    """In the zygote: the keyboard's interrupt is for the host, which ends the zygote when it wants to."""
    signal(SIGINT, SIG_IGN)


def begin_call():
    """Takes the signal back from whatever user code has set."""
    Limit.armed = Limit.hit = False
    signal(SIGINT, on_sigint)


def time_error(limit_ms):
    """The exception that the user sees in place of the interrupt."""
    return TimeoutError(f"the execution took longer than its limit of {limit_ms / 1000:g} s")
