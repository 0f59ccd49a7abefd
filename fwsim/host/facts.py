"""A fact found in the dumps keeps the place it comes from; ``fwsim host import`` prints a document of them."""

from collections.abc import Iterator

import msgspec
from msgspec import field

from fwsim import __version__
from fwsim.results.summary import CheckResult, E820Range
from fwsim.units import MIB

MASKS = {"bdsm": -MIB, "bgsm": -MIB, "tolud": -MIB, "tseg": -MIB, "ggc": ~1, "class": ~0xFF, "bridge_class": ~0xFF}
"""The bits of a value in which two sources must agree: lock bits say nothing."""


def locate(file: str, line: int) -> str:
    """``file:line``; the file alone where it has no lines."""
    return f"{file}:{line}" if line else file


class Fact(msgspec.Struct, kw_only=True):
    """One value from one source. ``line`` counts from 1, 0 in a binary file; ``how`` says where in it.

    The lower ``rank``, the nearer the source is to the device: 0 configuration space, 1 registers read by a tool,
    2 lspci's own text, 3 the kernel's log, 4 /proc/iomem, 5 worked out from other facts.
    """

    name: str
    value: int
    file: str
    line: int = 0
    how: str = ""
    rank: int = 0

    @property
    def place(self) -> str:
        """``file:line, how``."""
        return locate(self.file, self.line) + (f", {self.how}" if self.how else "")

    @property
    def essence(self) -> int:
        """The value without the bits that say nothing."""
        return self.value & MASKS.get(self.name, -1)


class Note(msgspec.Struct, kw_only=True):
    """Something odd about the dumps; ``level`` is warning (something was not taken, or contradicts) or note."""

    level: str
    where: str
    what: str
    found: str = ""
    expected: str = ""
    next: str = ""


class Missing(msgspec.Struct, kw_only=True):
    """What no dump tells, and the ``command`` that collects it."""

    what: str
    command: str


class Source(msgspec.Struct, kw_only=True):
    """A file, by its name below the folder and by its whole path, and what it was recognised as."""

    file: str
    path: str = ""
    kinds: list[str]


class Area(msgspec.Struct, kw_only=True):
    """A range of addresses, ``end`` exclusive, as /proc/iomem or the kernel's log names it."""

    start: int
    end: int
    label: str
    file: str = ""
    line: int = 0


class Monitor(msgspec.Struct, kw_only=True):
    """What is attached: ``port`` as in a scenario's [[display]]; ``edid`` a file, "" none."""

    port: str
    edid: str = ""
    place: str = ""


class HostFunctionFact(msgspec.Struct, kw_only=True):
    """One function of the host as the dumps show it, in the words of a scenario's [[host_function]].

    ``secondary`` is the number of the bus behind it, 0 for none; ``group`` -1 where no dump says.
    """

    slot: str
    type: str = ""
    behind: str = ""
    vendor: int = 0
    device: int = 0
    class_code: int = 0
    acs: str = ""
    driver: str = ""
    group: int = -1
    secondary: int = 0
    place: str = ""


class Dumps(msgspec.Struct, kw_only=True):
    """Everything the files say, nothing decided yet. ``opregion``, ``vbt`` and ``rom`` are paths of files to use;
    ``driver`` is the kernel's for 00:02.0."""

    fwsim: str = __version__
    sources: list[Source] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    cpu: str = ""
    cpu_from: str = ""
    guest_of: str = ""
    e820: list[E820Range] = field(default_factory=list)
    e820_from: str = ""
    iomem: list[Area] = field(default_factory=list)
    rmrr: list[Area] = field(default_factory=list)
    bars: list[Area] = field(default_factory=list)
    faults: list[Area] = field(default_factory=list)
    driver: str = ""
    driver_from: str = ""
    opregion: str = ""
    vbt: str = ""
    rom: str = ""
    rom_accepts: bool = True
    functions: list[HostFunctionFact] = field(default_factory=list)
    monitors: list[Monitor] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def claims(self, name: str) -> list[Fact]:
        """Every fact of this name, the best first: one that is not 0, of the lowest rank, as the files came."""
        found = [fact for fact in self.facts if fact.name == name]
        return sorted(found, key=lambda fact: (not fact.essence, fact.rank))

    def best(self, name: str) -> Fact | None:
        """The fact to go by, None where no source has it."""
        return next(iter(self.claims(name)), None)

    def value(self, name: str) -> int | None:
        """Its value."""
        fact = self.best(name)
        return fact.value if fact else None

    def disagreements(self) -> Iterator[tuple[Fact, list[Fact]]]:
        """(what is taken, what says otherwise) for each name on which the sources differ."""
        for name in dict.fromkeys(fact.name for fact in self.facts):
            first, *rest = self.claims(name)
            other = [fact for fact in rest if fact.essence != first.essence]
            if other:
                yield first, other

    def say(self, level: str, where: str, what: str, found: str = "", expected: str = "", hint: str = "") -> None:
        """Add a note, once."""
        note = Note(level=level, where=where, what=what, found=found, expected=expected, next=hint)
        if note not in self.notes:
            self.notes.append(note)


class Imported(msgspec.Struct, kw_only=True):
    """What ``fwsim host import --json`` prints and keeps beside the host file; ``fwsim check`` reads it."""

    host_import: str = ""
    host_file: str = ""
    dumps: Dumps
    missing: list[Missing] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
