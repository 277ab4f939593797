"""Writes figures to the sandbox's files: `figure_N.png` for pyplot and PIL, `figure_N.html` for plotly."""
import re
from io import BytesIO
from os import listdir
from weakref import WeakSet

from .output import note

FIGURE = re.compile(r"figure_(\d{1,9})\.")


class Target:
    """The folder for figures, and the highest number that this kernel has used."""
    folder = "."
    highest = 0


class Pyplot:
    """matplotlib's registry of figure managers and its original savefig, after pyplot is imported."""
    registry = None
    savefig = None


saved = WeakSet()  # figures that user code has written to a file itself


def write_figure(data, suffix):
    """Writes a new file `figure_N` with this suffix."""
    taken = [int(match[1]) for name in listdir(Target.folder) if (match := FIGURE.match(name))]
    Target.highest = max(Target.highest, *taken, 0)
    while True:
        Target.highest += 1
        path = f"{Target.folder}/figure_{Target.highest}{suffix}"
        try:
            with open(path, "xb") as file:
                file.write(data)
            return
        except FileExistsError:
            continue


def capture(figure):
    """Writes a matplotlib figure to a file. A failure is reported on stderr."""
    try:
        data = BytesIO()
        Pyplot.savefig(figure, data, format="png", bbox_inches="tight")
        write_figure(data.getbuffer(), ".png")
    except Exception as error:
        note_failure(error)


def note_failure(error):
    try:
        text = repr(error)
    except BaseException:
        text = type(error).__name__
    note(f"a figure could not be saved: {text[:1000]}")


def show_pyplot(*_args, **_options):
    """Replaces pyplot.show: writes all open figures to files and closes them."""
    for manager in Pyplot.registry.get_all_fig_managers():
        capture(manager.canvas.figure)
        Pyplot.registry.destroy(manager.num)


def show_figure(figure, warn=True):
    """Replaces Figure.show."""
    capture(figure)
    manager = getattr(figure.canvas, "manager", None)
    if manager is not None:
        Pyplot.registry.destroy(manager.num)


def end_call(keep):
    """At the end of a call: closes the open figures, after writing them to files if `keep` is true."""
    if Pyplot.registry is None or not Pyplot.registry.figs:
        return
    try:
        if keep:
            for manager in Pyplot.registry.get_all_fig_managers():
                figure = manager.canvas.figure
                # One child is the background: the figure is empty.
                if figure not in saved and len(figure.get_children()) > 1:
                    capture(figure)
    except Exception as error:
        note_failure(error)
    finally:
        Pyplot.registry.destroy_all()
        saved.clear()


def show_plotly(figure, *_args, **_options):
    """Replaces plotly.io.show: writes a page that loads nothing from elsewhere."""
    from plotly.io import to_html
    write_figure(to_html(figure, include_plotlyjs=True, full_html=True).encode(), ".html")


def show_image(image, *_args, **_options):
    """Replaces PIL.ImageShow.show."""
    if image.mode not in ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"):
        image = image.convert("RGB")
    data = BytesIO()
    image.save(data, "PNG")
    write_figure(data.getbuffer(), ".png")
    return True
