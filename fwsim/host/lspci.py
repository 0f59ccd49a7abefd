"""lspci's text gives PCI functions: headers, ids, BARs and bytes, as lspci -vvvxxxx mixes them."""

import re

from msgspec import Struct, field

from fwsim.host.buses import acs_bits, express

_HEADER = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\s+(\S.*)")
_GROUP = re.compile(r"IOMMU [Gg]roup (\d{1,4}):? +")
"""Stands before a function in the listings of IOMMU groups that scripts make with lspci -nns."""
_ROW = re.compile(r"([0-9a-f]{2,3}):((?: [0-9a-f]{2}){1,16})\s*")
_NAMED_IDS = re.compile(r"\[([0-9a-f]{4}):([0-9a-f]{4})\]")
_PLAIN_IDS = re.compile(r"(?:Class )?([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})\b")
_CLASS = re.compile(r"\[([0-9a-f]{4})\]: ")
_REGION = re.compile(r"Region (\d): Memory at ([0-9a-f]+) .*\[size=(\d+)([KMG])\]")
_DRIVER = re.compile(r"Kernel driver in use: (\S{1,40})")
_IN_GROUP = re.compile(r"\s*IOMMU [Gg]roup:? (\d{1,4}):?\s*")
"""lspci -v's line below a function (3.7 on), or the heading of a script's listing, with functions below."""
_EXPRESS = re.compile(r"Capabilities: \[[0-9a-f]+\] Express (?:\(v\d\) )?([^,(]+)")
_SECONDARY = re.compile(r"Bus: primary=[0-9a-f]{2}, secondary=([0-9a-f]{2})")
_ACS = re.compile(r"ACS(Cap|Ctl):\s*(.*)")
_WORDS = {
    "Host bridge": 0x0600, "VGA compatible controller": 0x0300, "Display controller": 0x0380, "ISA bridge": 0x0601,
    "RAID bus controller": 0x0104, "System peripheral": 0x0880, "PCI bridge": 0x0604,
}  # fmt: skip
"""lspci's words for the classes that matter here, where it was run without -n."""
_SHIFT = {"K": 10, "M": 20, "G": 30}

PORTION = 16


class Function(Struct):
    """One function as one file shows it. ``bytes_at`` and ``lines`` are by offset in configuration space."""

    bdf: str
    line: int = 0
    vendor: int = 0
    device: int = 0
    class_code: int | None = None
    bytes_at: dict[int, int] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    regions: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(BAR, address, size, line)."""
    driver: tuple[str, int] = ("", 0)
    """The kernel's driver, and the line that says so."""
    group: int = -1
    """Its IOMMU group, -1 for not known."""
    secondary: int = 0
    """The bus behind it, 0 for none."""
    express: str = ""
    """What it is by its Express capability, as a scenario's ``type``."""
    acs: str = ""
    """Its ACS bits, as a scenario's ``acs``."""
    acs_capability: str = ""
    """The words of its ACSCap."""
    clashes: list[int] = field(default_factory=list)
    """Lines with a byte that contradicts an earlier one."""

    def read(self, offset: int, width: int) -> int | None:
        """A little-endian value, None where a byte of it is not shown."""
        raw = [self.bytes_at.get(offset + number) for number in range(width)]
        known = [byte for byte in raw if byte is not None]
        return int.from_bytes(bytes(known), "little") if len(known) == width else None

    def line_of(self, offset: int) -> int:
        """The line that shows ``offset``, 0 in a binary file."""
        return self.lines.get(offset & -PORTION, 0)


def from_bytes(bdf: str, data: bytes) -> Function:
    """The function whose configuration space ``data`` is."""
    return Function(bdf, bytes_at=dict(enumerate(data)))


def read_lspci(lines: list[str]) -> list[Function]:
    """The functions in a text's ``lines``, rows of bytes going to the header above them; no function, no rows."""
    found: dict[str, Function] = {}
    current: Function | None = None
    group = -1
    for number, raw in enumerate(lines, 1):
        line = raw.lstrip("> ")
        bare = line.lstrip("\t") if group < 0 else line.lstrip()
        numbered, heading = _GROUP.match(bare), _IN_GROUP.fullmatch(line)
        header = _HEADER.match(_GROUP.sub("", bare))
        if header:
            domain, bus, device, function, rest = header.groups()
            bdf = f"{bus}:{device}.{function}" if not int(domain or "0", 16) else f"{domain}:{bus}:{device}.{function}"
            current = found.setdefault(bdf, Function(bdf, number))
            _ids(current, rest)
            told = int(numbered[1]) if numbered else group
            current.group = told if current.group < 0 else current.group
        elif heading and not line[:1].isspace():
            group = int(heading[1])
        elif current is not None:
            _detail(current, line, number)
    return list(found.values())


def _ids(function: Function, rest: str) -> None:
    plain = _PLAIN_IDS.match(rest)
    named = _NAMED_IDS.search(rest)
    if plain:
        function.class_code = int(plain[1], 16)
        function.vendor, function.device = int(plain[2], 16), int(plain[3], 16)
    elif named:
        function.vendor, function.device = int(named[1], 16), int(named[2], 16)
        shown = _CLASS.search(rest)
        function.class_code = int(shown[1], 16) if shown else function.class_code
    if function.class_code is None:
        function.class_code = next((code for words, code in _WORDS.items() if rest.startswith(words)), None)


def _detail(function: Function, line: str, number: int) -> None:
    row = _ROW.fullmatch(line)
    if row:
        base = int(row[1], 16)
        function.lines.setdefault(base & -PORTION, number)
        for at, byte in enumerate(bytes.fromhex(row[2]), base):
            if function.bytes_at.setdefault(at, byte) != byte and number not in function.clashes:
                function.clashes.append(number)
        return
    driver = _DRIVER.search(line) if "river" in line else None
    if driver:
        function.driver = driver[1], number
    _bus_detail(function, line)
    region = _REGION.search(line)
    if region:
        size = min(int(region[3]), 1 << 20) << _SHIFT[region[4]]
        function.regions.append((int(region[1]), int(region[2], 16), size, number))


def _bus_detail(function: Function, line: str) -> None:
    """What a line says of the function's group, the bus behind it, its Express type and its ACS."""
    if group := _IN_GROUP.fullmatch(line):
        function.group = int(group[1])
    elif secondary := _SECONDARY.search(line):
        function.secondary = int(secondary[1], 16)
    elif words := _EXPRESS.search(line):
        function.express = express(words[1]) or ""
    elif bits := _ACS.search(line):
        if bits[1] == "Cap":
            function.acs_capability = bits[2]
        function.acs = acs_bits(function.acs_capability, bits[2] if bits[1] == "Ctl" else "")
