"""A slice is told in words: the steps that matter, oldest first; plain moves left out, loops counted once."""

from __future__ import annotations

from msgspec import Struct, field

from fwsim.analysis.nodes import Node, Slice
from fwsim.analysis.roots import Roots
from fwsim.analysis.slicer import Slicer
from fwsim.trace.efi import service_name

_MOVES = frozenset(("moved", "exchanged", "popped", "pushed", "copied", "loaded", "flags pushed", "flags taken"))


class WhyNode(Struct):
    """One line of a story. ``machine`` is guest or host (the shadow's POST); ``seq`` the event, 0 for none.

    ``sources`` are the ids of the lines its value comes from, ``chosen`` of those that only chose it.
    """

    id: int
    kind: str
    text: str
    machine: str = "guest"
    cs: int = 0
    ip: int = 0
    value: int = 0
    seq: int = 0
    count: int = 1
    sources: list[int] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)
    code: bytes = b""
    """The instruction, for those whose licence lets them see it; ``bits`` of it."""
    bits: int = 16
    arch: str = "x86"
    function: str = ""
    """The function of the program's that it is in, with the offset, where there are symbols."""

    @property
    def where(self) -> str:
        """CS:IP, the address in flat code, or spaces where no code did it."""
        if not self.cs and self.ip > 0xFFFF:
            return f"{self.ip:08x}"
        return f"{self.cs:04x}:{self.ip:04x}" if self.cs or self.ip else ""

    @property
    def line(self) -> str:
        """The printed line."""
        host = "[host's POST] " if self.machine == "host" else ""
        times = f" ({self.count} times)" if self.count > 1 else ""
        inside = f"[{self.function}] " if self.function else ""
        return f"{self.where:<10} {host}{inside}{self.text}{times}".rstrip()


class Teller:
    """Turns slices into lines, and keeps them; ids are places in ``nodes``."""

    def __init__(self, origins: Roots) -> None:
        self.origins = origins
        self.nodes: list[WhyNode] = []

    def add(self, kind: str, text: str, **fields: object) -> WhyNode:
        """A line of its own."""
        made = WhyNode(len(self.nodes), kind, text, **fields)  # type: ignore[arg-type]
        self.nodes.append(made)
        return made

    def tell(self, found: Slice, slicer: Slicer, machine: str = "guest") -> dict[int, WhyNode]:
        """The lines of one slice, those of a shadow's POST before them; by key."""
        lively = _lively(found)
        told: dict[int, WhyNode] = {}
        last = found.nodes[found.top].sources if found.top in found.nodes else set()
        by_place: dict[tuple[int, int, str], WhyNode] = {}
        for key in sorted(found.nodes):
            node = found.nodes[key]
            held = machine == "host" and (node.kind == "memory" or (key in last and node.how in _MOVES))
            if key not in lively or held:  # the line of the ROM's byte says these
                continue
            text = self._text(node, found, slicer)
            inner: dict[int, WhyNode] = {}
            if node.kind in ("byte", "constant"):
                text, earlier = self.origins.byte_text(node)
                if earlier is not None:
                    inner = self.tell(*earlier, "host")
            if not text:
                continue
            place = (node.cs, node.ip, node.kind)
            if node.kind == "code" and place in by_place:
                line = by_place[place]
                line.count += 1
                line.text, line.value = text, node.value
            else:
                line = self.add(
                    node.kind, text, machine=machine, cs=node.cs, ip=node.ip, value=node.value, seq=node.event,
                    code=node.code, bits=node.bits, arch=node.arch, function=self.origins.function_at(node.ip),
                )  # fmt: skip
                by_place[place] = line
            told[key] = line
            line.sources += [each.id for each in list(inner.values())[-1:]]
            for kind in ("sources", "chosen"):
                ids = getattr(line, kind)
                for source in _shown(found, getattr(node, kind), told):
                    if source.id not in ids and source.id != line.id:
                        ids.append(source.id)
        return told

    # --- one node ---------------------------------------------------------------------------------------------------
    def _text(self, node: Node, found: Slice, slicer: Slicer) -> str:
        by = f", by {service_name(node.service)}" if node.service else ""
        text = self._said(node, found, slicer)
        return f"{text}{by}" if text and node.kind != "answer" else text

    def _said(self, node: Node, found: Slice, slicer: Slicer) -> str:
        if node.kind == "input":
            return self.origins.input_text(node, slicer)
        if node.kind == "answer":
            return self.origins.answer_text(node, slicer)
        if node.kind == "readback":
            return self.origins.readback_text(node, slicer)
        if node.kind in ("event", "store"):
            return self.origins.event_text(slicer, node.event)
        if node.kind == "cpu":
            return f"{node.how.upper()} gave {node.value:#x}"
        if node.kind == "start":
            return self.origins.start_text(node)
        return self._code_text(node, found) if node.kind == "code" else ""

    def _code_text(self, node: Node, found: Slice) -> str:
        """What an instruction did; "" for a move that is not worth a line."""
        chosen = ", chosen by an input" if node.chosen else ""
        if node.how in _MOVES or node.how in ("stored", "counted"):
            if node.place >= 0 and node.how in ("moved", "stored", "copied") and not self._stack(node):
                return f"stored {node.value:#x} at {self.origins.memory_text(node.place)}"
            return f"{node.how} {node.value:#x}{chosen}" if chosen else ""
        if node.constant is not None:
            return self._with_constant(node, node.constant, chosen)
        constants = [found.nodes[key] for key in sorted(node.sources) if found.nodes[key].kind == "constant"]
        value = sum(each.value << 8 * (each.place - constants[0].place) for each in constants) if constants else 0
        if node.how == "compared":  # it makes flags, no value
            return f"compared with {value:#x}{chosen}" if constants else f"compared{chosen}"
        given = f" with {value:#x}" if constants and node.how == "combined" else ""
        given = f" {value:#x}" if constants and node.how in ("added", "subtracted") else given
        return f"{node.how}{given}: {node.value:#x}{chosen}"

    def _with_constant(self, node: Node, constant: int, chosen: str) -> str:
        """What an instruction did with the constant that is part of it."""
        if node.how == "compared":
            return f"compared with {constant:#x}{chosen}"
        joined = {"masked": " with", "combined": " with", "set in part": " with", "added": "", "subtracted": ""}
        with_it = f"{joined[node.how]} {constant:#x}" if node.how in joined else ""
        return f"{node.how}{with_it}: {node.value:#x}{chosen}"

    def _stack(self, node: Node) -> bool:
        return node.how == "pushed"


def _lively(found: Slice) -> set[int]:
    """The nodes that something else than a constant has a part in; all of them where nothing has."""
    order = sorted(found.nodes)
    alive: set[int] = set()
    for key in order:  # sources come before what they make
        node = found.nodes[key]
        root = not node.sources and node.kind not in ("constant", "code", "event", "memory", "store")
        if root or node.outside or (node.sources | node.chosen) & alive:
            alive.add(key)
    alive.add(found.top)
    if len(alive) > 1:
        return alive
    return set(order)


def _shown(found: Slice, keys: set[int], told: dict[int, WhyNode]) -> list[WhyNode]:
    """The lines behind ``keys``: through nodes that have none, to those that have."""
    result: list[WhyNode] = []
    work, seen = sorted(keys, reverse=True), set()
    while work:
        key = work.pop()
        if key in seen:
            continue
        seen.add(key)
        if key in told:
            result.append(told[key])
        elif key in found.nodes:
            work += sorted(found.nodes[key].sources | found.nodes[key].chosen, reverse=True)
    return result
