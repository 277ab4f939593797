"""Patches plotting libraries after their import, so that they write figures to files and not to a screen."""
import functools
import sys

from . import figures


def patch_pyplot(pyplot):
    import matplotlib
    from matplotlib import _pylab_helpers, figure, rcsetup
    # matplotlib 3.11 searches for a screen when rcParams itself looks this key up.
    if dict.__getitem__(matplotlib.rcParams, "backend") is rcsetup._auto_backend_sentinel:
        matplotlib.rcParams["backend"] = "agg"  # what matplotlib chooses when there is no screen
    original = figures.Pyplot.savefig = figure.Figure.savefig
    figures.Pyplot.registry = _pylab_helpers.Gcf

    @functools.wraps(original)
    def savefig(self, *args, **options):
        original(self, *args, **options)
        figures.saved.add(self)

    figure.Figure.savefig = savefig
    figure.Figure.show = named_as(figure.Figure.show, figures.show_figure)
    pyplot.show = named_as(pyplot.show, figures.show_pyplot)


def patch_plotly(renderers):
    renderers.show = named_as(renderers.show, figures.show_plotly)


def patch_image_show(image_show):
    image_show.show = named_as(image_show.show, figures.show_image)


def named_as(original, replacement):
    """The replacement with the original's name and documentation."""
    @functools.wraps(original)
    def show(*args, **options):
        return replacement(*args, **options)
    return show


PATCHES = {
    "matplotlib.pyplot": patch_pyplot,
    "plotly.io._renderers": patch_plotly,
    "PIL.ImageShow": patch_image_show,
}


class Finder:
    """First on sys.meta_path. Passes searches on to the other finders, and has the modules in PATCHES patched after import."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in PATCHES:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None) if finder is not Finder else None
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = PatchingLoader(spec.loader)
                return spec
        return None


class PatchingLoader:
    """The real loader, followed by the patch."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        PATCHES[module.__name__](module)


def install():
    sys.meta_path.insert(0, Finder)
