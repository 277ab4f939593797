"""What is done once, in the zygote, for every kernel."""
import gc
import importlib
import os
import shutil
import sys
import tempfile

from . import hooks, interrupt, touched, world

# Imported as far as they are there. The last three are what drawing a first figure would import; one of them makes
# the list of fonts, which takes long.
PACKAGES = ("numpy", "pandas", "matplotlib", "matplotlib.pyplot", "PIL.Image", "openpyxl",
            "matplotlib.backends.backend_agg", "matplotlib.font_manager", "PIL.PngImagePlugin")


def prepare_zygote(site_packages, preload):
    """Sets up sys.path and the import hooks; with `preload` imports the usual packages."""
    interrupt.ignore()
    sys.path.append(os.fspath(site_packages))
    touched.LIBRARY_FOLDERS.append(os.fspath(site_packages))
    hooks.install()
    os.environ.update(world.SINGLE_THREADED)
    if preload:
        import_packages()
        check_threads()
    gc.collect()
    gc.freeze()


def import_packages():
    """Imports what is there, with a folder for matplotlib and fontconfig to write their lists of fonts to."""
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
    """Refuses to go on with more than one thread: a fork would take locks along whose holders it leaves behind."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/comm") as file:
            names.append(file.read().strip())
    if len(names) > 1:
        raise RuntimeError(f"packages have started threads: {names}")
