"""SIGINT, which the host sends when an execution reaches its time limit, and once more if the code then runs on."""
from _signal import SIG_IGN, SIGINT, signal
from time import monotonic


class Limit:
    """The time limit of the running call."""
    armed = False  # user code runs
    hit = False  # the limit was reached while it ran
    of_code = False  # the code of the call runs, and may send the signal itself
    patience = 0  # so many signals are only counted down: what runs is needed
    own_until = own_until_in_code = 0.0  # a signal before this is not the host's, by the monotonic clock
    raised = False  # the signal has interrupted what ran
    over = False  # there is no time left to restore more
    quiet = []  # globals of modules whose frames check `hit` and get no exception


def on_sigint(_signal, frame):
    # The host repeats it for code that was about to begin a system call. Code that is ending is not interrupted again.
    if not Limit.armed or (Limit.hit and Limit.of_code):
        return
    if monotonic() >= Limit.own_until:
        if Limit.patience:
            Limit.patience -= 1
            return
        Limit.hit = True
    if frame is None or all(frame.f_globals is not quiet for quiet in Limit.quiet):
        Limit.raised = True
        raise KeyboardInterrupt


def ignore():
    """In the zygote: Ctrl-C on a terminal is meant for the host, which ends the zygote."""
    signal(SIGINT, SIG_IGN)


def begin_call():
    """Installs the handler again: user code may have replaced it."""
    Limit.armed = Limit.hit = Limit.of_code = False
    Limit.patience, Limit.own_until = 0, 0.0
    signal(SIGINT, on_sigint)


def set_limit(limit_ms):
    """The host interrupts restoring after half of the limit, and code at the limit. Its clock began a little earlier: a signal
    shortly before counts as the host's."""
    limit = limit_ms / 1000
    begun = monotonic() - max(1, limit / 5)
    Limit.own_until, Limit.own_until_in_code = begun + limit / 2, begun + limit


def begin_code():
    """The code of the call begins."""
    Limit.of_code, Limit.own_until = True, Limit.own_until_in_code


def time_error(limit_ms):
    """The exception that the user gets instead of KeyboardInterrupt."""
    return TimeoutError(f"the execution took longer than its limit of {limit_ms / 1000:g} s")
