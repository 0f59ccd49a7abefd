"""A why is a graph from the sources down to what was asked about: DOT, and Graphviz's picture of it."""

import textwrap
from pathlib import Path

from fwsim.analysis.story import WhyNode
from fwsim.analysis.why import Why
from fwsim.errors import FwsimError
from fwsim.report import plots
from fwsim.rom.files import refuse_existing, write_atomically

_CHARS = 60
"""Letters of a box's longest line."""
_PLAIN = "#f8f9fa"
_FILLS = {
    "input": "#d0ebff", "answer": "#d0ebff", "byte": "#fff3bf", "cpu": "#d0ebff", "fault": "#ffe3e3",
    "event": "#e9ecef", "screen": "#e9ecef", "firmware": "#d3f9d8",
}  # fmt: skip
_HEAD = f"""digraph why {{
  graph [ranksep=0.25, nodesep=0.3];
  node [shape=box, style="rounded,filled", height=0.3, margin="0.12,0.06", color="{plots.LINE}", fillcolor="{_PLAIN}",
    fontcolor="{plots.INK}", fontname="Courier", fontsize=10];
  edge [color="{plots.LINE}", arrowsize=0.6];
"""


def check_name(path: Path, force: bool) -> None:
    """Raises FwsimError where no graph can be written to ``path``: its ending, a file there, a library that is missing.

    For .dot there need be none.
    """
    if _form(path) not in ("dot", "svg", "png"):
        raise FwsimError(
            "not a graph's name", where="--graph", found=str(path), expected="FILE.dot, FILE.svg or FILE.png",
            hint=f"--graph {path.with_suffix('.svg')}",
        )  # fmt: skip
    refuse_existing([path], force)
    if (form := _form(path)) != "dot":
        plots.graph_libraries(form, "--graph", _instead(path))


def write_graph(path: Path, why: Why, force: bool) -> None:
    """Write ``why`` to ``path`` as a graph in the DOT language or, by the ending, as SVG or PNG. Raises FwsimError."""
    check_name(path, force)
    form, text = _form(path), dot(why)
    data = text.encode() if form == "dot" else plots.graph(text, form, "--graph", _instead(path))
    write_atomically(path, data, force)


def dot(why: Why) -> str:
    """The graph in Graphviz's language: a box a step, dashed arrows from what only chose a value."""
    parts = [_HEAD]
    for node in why.nodes:
        fill = f', fillcolor="{_FILLS[node.kind]}"' if node.kind in _FILLS else ""
        parts.append(f'  n{node.id} [label="{_label(node)}"{fill}];\n')
    for node in why.nodes:
        parts += [f"  n{source} -> n{node.id};\n" for source in dict.fromkeys(node.sources)]
        chosen = dict.fromkeys(each for each in node.chosen if each not in node.sources)
        parts += [f"  n{source} -> n{node.id} [style=dashed];\n" for source in chosen]
    return "".join([*parts, "}\n"])


def _label(node: WhyNode) -> str:
    r"""The node's line, wrapped; DOT ends a line that stands left with \l, and takes & for the begin of an entity."""
    lines = textwrap.wrap(node.line.strip(), _CHARS) or [""]
    text = [line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines]
    return "".join(f"{line}\\l" for line in text)


def _form(path: Path) -> str:
    return path.suffix.lower()[1:]


def _instead(path: Path) -> str:
    return f"--graph {path.with_suffix('.dot')}"
