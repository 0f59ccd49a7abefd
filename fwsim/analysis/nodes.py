"""A slice is made of nodes: each is one step of a machine, with the nodes that its values come from."""

from msgspec import Struct, field


class Node(Struct):
    """One step that had a part in the value. ``at``: its number since reset; ``how``: what it did.

    ``sources``: the nodes (by key) its bits come from; ``chosen``: those that chose which memory was read, or whether
    it ran. ``value`` of ``width`` bytes is what it wrote; ``mask``: which bits of it mattered.
    """

    key: int
    kind: str
    how: str
    cs: int = 0
    ip: int = 0
    value: int = 0
    mask: int = 0
    place: int = -1
    size: int = 4
    event: int = 0
    selected: int = 0
    through: int = 0
    """The bits that a read has from event ``selected``, a write."""
    code: bytes = b""
    bits: int = 16
    """Of the code,"""
    arch: str = "x86"
    """and its instruction set."""
    service: int = 0
    """The UEFI service that did it, by the number that its events have; 0: code itself."""
    constant: int | None = None
    """The instruction's own part in the value, where its bytes are no node of their own."""
    sources: set[int] = field(default_factory=set)
    chosen: set[int] = field(default_factory=set)

    @property
    def outside(self) -> bool:
        """Whether it is an input from outside of the code: not a constant, not a byte that lay in memory."""
        own = self.kind == "readback" and self.mask & ~self.through  # of a BAR's size the code wrote no bit
        return self.kind in ("input", "answer", "cpu") or bool(own)


class Slice(Struct):
    """Nodes by key. ``top`` is the one asked for; a root byte's key is negative."""

    top: int = 0
    nodes: dict[int, Node] = field(default_factory=dict)
    complete: bool = True

    def roots(self) -> list[Node]:
        """What it all comes from."""
        return [node for node in self.nodes.values() if not node.sources]

    @property
    def reaches_outside(self) -> bool:
        """Whether any input has a part in it."""
        return any(node.outside for node in self.nodes.values())
