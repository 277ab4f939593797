"""Prepares the zygote: work that is done once for all kernels, and what a kernel must not take from it."""
import gc
import importlib
import os
import shutil
import sys
import tempfile

from . import hidden, hooks, interrupt, locks, process_state, touched


def prepare_zygote(site_packages):
    """Sets up sys.path and the import hooks."""
    interrupt.ignore()
    sys.path.append(os.fspath(site_packages))
    touched.LIBRARY_FOLDERS.append(os.fspath(site_packages))
    hooks.install()
    locks.install()
    os.environ.update(process_state.SINGLE_THREADED)
    gc.collect()
    gc.freeze()


class Fonts:
    """Where matplotlib and fontconfig write their lists of fonts while they are imported."""
    folder = None


def import_module(name):
    """Imports a module if it is installed."""
    if Fonts.folder is None:
        Fonts.folder = tempfile.mkdtemp(prefix="fonts")
        os.environ.update(MPLCONFIGDIR=Fonts.folder, XDG_CACHE_HOME=Fonts.folder)
    # Nearly all that an import makes stays: looking for garbage meanwhile takes a tenth of the time, and finds little.
    gc.disable()
    try:
        importlib.import_module(name)
    except ImportError:
        pass
    finally:
        gc.enable()
    check_threads()
    hidden.note_modules()
    gc.freeze()


def tidy():
    """Removes what the imports have left: files and garbage."""
    shutil.rmtree(Fonts.folder, ignore_errors=True)
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def check_threads():
    """Fails if there is more than one thread: a forked child has no other threads, but has the locks that they hold."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/comm") as file:
            names.append(file.read().strip())
    if len(names) > 1:
        raise RuntimeError(f"imported packages must not start threads, but these run: {names}")


def fresh_randomness():
    """Modules that the zygote imported must not give all kernels the same random numbers and temporary names."""
    # The module `random` seeds itself after a fork.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    tempfile.tempdir = tempfile._name_sequence = None


def forget_machine():
    """What the zygote asked of the machine is not so in the cell."""
    platform = sys.modules.get("platform")
    if platform is not None:
        platform._uname_cache = None
        platform._platform_cache.clear()
