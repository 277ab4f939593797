"""Prepares the zygote: work that is done once for all kernels."""
import gc
import importlib
import os
import shutil
import sys
import tempfile

from . import hooks, interrupt, process_state, touched

# Imported if installed. The last three are what drawing the first figure imports; matplotlib.font_manager makes a list of
# fonts, which takes long.
PACKAGES = ("numpy", "pandas", "matplotlib", "matplotlib.pyplot", "PIL.Image", "openpyxl",
            "matplotlib.backends.backend_agg", "matplotlib.font_manager", "PIL.PngImagePlugin")


def prepare_zygote(site_packages, preload):
    """Sets up sys.path and the import hooks. With `preload`, also imports the most used packages."""
    interrupt.ignore()
    sys.path.append(os.fspath(site_packages))
    touched.LIBRARY_FOLDERS.append(os.fspath(site_packages))
    hooks.install()
    os.environ.update(process_state.SINGLE_THREADED)
    if preload:
        import_packages()
        check_threads()
    gc.collect()
    gc.freeze()


def import_packages():
    """Imports the installed packages. matplotlib and fontconfig get a folder for their lists of fonts."""
    folder = tempfile.mkdtemp(prefix="fonts")
    os.environ.update(MPLCONFIGDIR=folder, XDG_CACHE_HOME=folder)
    try:
        for name in PACKAGES:
            try:
                importlib.import_module(name)
            except ImportError:
                pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_threads():
    """Fails if there is more than one thread: a forked child has no other threads, but has the locks that they hold."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/comm") as file:
            names.append(file.read().strip())
    if len(names) > 1:
        raise RuntimeError(f"imported packages must not start threads, but these run: {names}")
