"""Processes that libraries keep to help them, such as multiprocessing's trackers and joblib's workers. They end with the call that
started them; a library that is not told fails with the next one."""
from os import close, kill, waitpid
from signal import SIGKILL
from sys import modules

TRACKERS = ("multiprocessing.resource_tracker", "joblib.externals.loky.backend.resource_tracker")


def end():
    """Called when the code of a call has ended."""
    loky = modules.get("joblib.externals.loky.reusable_executor")
    if loky is not None and loky._executor is not None:
        loky._executor.shutdown(wait=True, kill_workers=True)
        loky._executor = None
    forkserver = getattr(modules.get("multiprocessing.forkserver"), "_forkserver", None)
    if forkserver is not None and forkserver._forkserver_pid is not None:
        end_helper(forkserver._forkserver_pid, forkserver._forkserver_alive_fd)
        forkserver._forkserver_pid = forkserver._forkserver_alive_fd = forkserver._forkserver_address = None
    end_trackers()


def end_trackers():
    """Called before a call as well: a thread may have started one after the last call, and it ended with the other processes."""
    for name in TRACKERS:
        module = modules.get(name)
        tracker = getattr(module, "_resource_tracker", None)
        if tracker is None or tracker._pid is None:
            continue
        # First, and then under its lock: threads that workers have left are about to use it, and would say that it died.
        forget_names(module)
        with tracker._lock:
            if tracker._pid is not None:
                end_helper(tracker._pid, tracker._fd)
                tracker._pid = tracker._fd = None


def end_helper(process, descriptor):
    """Kills it before its descriptor closes: a tracker would remove the shared memory that the code has kept."""
    try:
        kill(process, SIGKILL)
        waitpid(process, 0)
    except OSError:
        pass  # it has ended by itself
    close(descriptor)


class Trackers:
    """{module: names that its present tracker knows}."""
    names = {}


def forget_names(module):
    """The next tracker knows no name of this one, and would print an error when it is told to forget one."""
    known = Trackers.names.get(module)
    if known is not None:
        known.clear()
        return
    known, register, unregister = Trackers.names.setdefault(module, set()), module.register, module.unregister

    def register_and_note(name, kind):
        known.add((name, kind))
        register(name, kind)

    def unregister_if_known(name, kind):
        if (name, kind) in known:
            known.discard((name, kind))
            unregister(name, kind)

    module.register, module.unregister = register_and_note, unregister_if_known
