"""A why is told, a line a step, wrapped at 80 columns; as JSON, a node a step."""

import textwrap
from collections.abc import Iterator

from fwsim.analysis.story import WhyNode
from fwsim.analysis.why import Why
from fwsim.disasm.arm import text_a64
from fwsim.disasm.listing import instruction_at

_WIDTH = 80
_INDENT = " " * 11


def render(why: Why, full: bool) -> Iterator[str]:
    """The story; ``full`` adds each step's instruction, after what is known of the ROM's licence."""
    if full and why.licence is not None:
        yield from textwrap.wrap(f"licence: {why.licence.source}: {why.licence.text}", _WIDTH)
        if not may_show(why):
            yield "so no instruction is shown"
    for image in why.images:
        yield f"{image.base:08x}   {image.name} is loaded here"
    for node in why.nodes:
        yield from textwrap.wrap(node.line, _WIDTH, subsequent_indent=_INDENT)
        if full and may_show(why) and (text := instruction(node)):
            yield f"{_INDENT}  {text}"
    if why.prevented:
        yield ""
        yield "what would have prevented it:"
        for each in why.prevented:
            yield from textwrap.wrap(f"- {each}", _WIDTH, subsequent_indent="  ")


def may_show(why: Why) -> bool:
    """Whether the ROM's instructions may be shown: not where its licence forbids disassembly."""
    return why.licence is None or why.licence.shows_code


def instruction(node: WhyNode) -> str:
    """The instruction of a step, "" where there is none."""
    if not node.code:
        return ""
    if node.arch == "arm64":
        return " ".join(text_a64(node.code, node.ip).split())
    found = instruction_at(node.code, 0, node.ip, node.bits)
    return " ".join(found.text.split()) if found else ""


def document(why: Why, full: bool) -> dict[str, object]:
    """The JSON document; a node's ``text`` is the printed line without its CS:IP."""
    nodes = []
    for node in why.nodes:
        row: dict[str, object] = {
            "id": node.id, "kind": node.kind, "text": node.text, "machine": node.machine, "cs": node.cs, "ip": node.ip,
            "value": node.value, "seq": node.seq, "count": node.count, "sources": node.sources, "chosen": node.chosen,
        }  # fmt: skip
        if full:
            row["instruction"] = instruction(node) if may_show(why) else ""
        nodes.append(row)
    document: dict[str, object] = {"run": why.run, "target": why.target, "nodes": nodes, "prevented": why.prevented}
    if why.images:
        document["images"] = [{"name": each.name, "base": each.base, "size": each.size} for each in why.images]
    if full and why.licence is not None:
        document["licence"] = {"source": why.licence.source, "text": why.licence.text}
    return document
