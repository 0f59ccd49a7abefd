"""What came of a run is in the structs of ``summary.json``, with their writer and their reader.

The names are a contract with every reader of the file. Every address is an integer, so are counts and register values.
"""

from typing import Literal

import msgspec
from msgspec import field

from fwsim import __version__
from fwsim.errors import FwsimError
from fwsim.exactness import Known

INTEL = 0x8086
StopReason = Literal["completed", "hung", "budget", "invalid", "aborted", "error"]


class _Part(msgspec.Struct, kw_only=True):
    """A JSON object of the summary."""


class RomImage(_Part):
    """One image of the ROM's chain: ``offset`` and ``size`` in bytes, ``code_type`` as in PCIR (0 BIOS, 3 EFI)."""

    offset: int = 0
    size: int = 0
    code_type: int = 0
    vendor: int = 0
    device: int = 0


class RomSummary(_Part):
    """The ROM that was given. ``source`` is file or shadow (POSTed on the host first); ``sha256`` that of the file.

    ``taken``: the guest's firmware found it for its device; ``how`` says by what, or why not.
    """

    sha256: str = ""
    size: int = 0
    vendor: int = 0
    device: int = 0
    images: list[RomImage] = field(default_factory=list)
    source: str = "file"
    taken: bool = True
    how: str = ""

    @property
    def intel(self) -> bool:
        """Whether it is for a device of Intel's: by its id, or as a bare UEFI driver, which names none."""
        return self.vendor == INTEL or (not self.vendor and not self.images)


class Stop(_Part):
    """Where and why it ended; ``detail`` names what a hang waits for, or holds QEMU's message when aborted."""

    reason: StopReason = "completed"
    cs: int = 0
    ip: int = 0
    detail: str = ""

    @property
    def gave_up(self) -> bool:
        """Whether the code hung on purpose, in a jump to itself or a HLT, as ``environment.slices`` says it."""
        return self.reason == "hung" and self.detail.startswith(("a jump to itself", "HLT with", "HLT again"))


class E820Range(_Part):
    """One range of the firmware's memory map, ``end`` exclusive. ``type`` is RAM, RESERVED, ACPI, NVS or UNUSABLE."""

    start: int
    end: int
    type: str


class FirmwareSummary(_Part):
    """What the firmware placed. ``bars`` maps the BAR's number to its address; ``log`` is what the firmware printed."""

    kind: str = ""
    bdsm: int = 0
    asls: int = 0
    e820: list[E820Range] = field(default_factory=list)
    bars: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)


class GttWrite(_Part):
    """One write through the index/data pair. ``index`` as in the index port; ``written`` null: it never got there."""

    index: int
    value: int
    written: int | None


class GttFirst(GttWrite):
    """The first write, with the registers before it (eax ... esp, eip, cs, eflags)."""

    registers: dict[str, int] = field(default_factory=dict)


class GttTargets(_Part):
    """Valid entries by the page they finally point at; ``silent``: in the host's stolen memory and guest RAM too."""

    guest_stolen: int = 0
    host_stolen: int = 0
    guest_ram: int = 0
    unmapped: int = 0
    silent: int = 0


class Gtt(_Part):
    """What the guest's ROM wrote to the GTT in this run: ``writes`` in dwords.

    ``spare``: of ``targets``, the entries past the guest's stolen memory (that would map more than there is) that no
    access went through: neither a picture's, nor one by the aperture or A0000. 0 where nothing was shown.
    ``outside``: first and last page of the entries that point elsewhere than at the guest's stolen memory, or nothing.
    """

    writes: int = 0
    rewritten: int = 0
    first: GttFirst | None = None
    last: GttWrite | None = None
    targets: GttTargets = field(default_factory=GttTargets)
    spare: GttTargets = field(default_factory=GttTargets)
    outside: list[int] = field(default_factory=list)


class Iommu(_Part):
    """DMA faults: all, those that found a free recording register, whether one did not; ``lines`` as in dmesg."""

    faults: int = 0
    recorded: int = 0
    overflowed: bool = False
    by_reason: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


class Interrupts(_Part):
    """The IGD's interrupts: ``kind`` intx, msi or none; how many it ``fired``, were ``injected`` into the guest, were
    ``unmasked`` by an end of interrupt, and ``held`` while the pin was masked. ``lost``: why those that reached no CPU
    did not, and how many.
    """

    kind: str = "none"
    fired: int = 0
    injected: int = 0
    unmasked: int = 0
    held: int = 0
    lost: dict[str, int] = field(default_factory=dict)


class CallResult(_Part):
    """One call: the registers it was made with, and AX after it. ``ok``: it returned, and VBE answered 004F.

    ``undrawn``: why no test card was drawn on the linear mode that it set; "" where one was, or none was asked for.
    """

    vector: int = field(default=0x10, name="int")
    ax: int = 0
    bx: int = 0
    cx: int = 0
    dx: int = 0
    result_ax: int = 0
    ok: bool = False
    detail: str = ""
    lights: str = ""
    undrawn: str = ""


class Frame(_Part):
    """One frame scanned out: when it began, and how many of its pages DMA could not read."""

    start_ns: int = 0
    unreadable_pages: int = 0


class Window(_Part):
    """A part of a picture, in pixels and lines."""

    x: int = 0
    y: int = 0
    w: int = 0
    h: int = 0


class PanelScreen(_Part):
    """What the panel makes of a screen: its own size, and the ``window`` that the screen's picture fills.

    ``fitting``: off, centred, aspect or scaled; outside of the window it is black. ``file``: the picture's name.
    """

    file: str = ""
    width: int = 0
    height: int = 0
    window: Window = field(default_factory=Window)
    fitting: Literal["off", "centred", "aspect", "scaled"] = "off"


class Screen(_Part):
    """One mode as shown: ``stride`` in bytes, ``base`` a graphics address, ``file`` the picture's name.

    ``frames`` has each frame that was scanned out while it was looked at (scenario: payload.frames). ``lights``: which
    pipes were on, "" for another device than the IGD; ``drawn``: the test card was painted in this mode; ``flat``: the
    picture is of one colour; ``wanted``: width and height of the mode by VBE 4F01, where that was asked, or of a VGA
    mode that the ROM set in the VGA's registers and the screen does not show.
    ``panel``: the panel's own picture, there where it is another one.
    """

    mode: int = 0
    width: int = 0
    height: int = 0
    stride: int = 0
    format: str = ""
    base: int = 0
    file: str = ""
    unreadable_pages: int = 0
    frames: list[Frame] = field(default_factory=list)
    lights: str = ""
    drawn: bool = False
    flat: bool = False
    wanted: tuple[int, int] | None = None
    panel: PanelScreen | msgspec.UnsetType = msgspec.UNSET


class Hang(_Part):
    """A wait that never ended: where, for which input, and what it last answered (null: a loop without input)."""

    cs: int = 0
    ip: int = 0
    input: str = ""
    last: int | None = None
    detail: str = ""


class Assist(_Part):
    """Help the run gave the ROM that hardware would not have: ``what``, and how many times."""

    what: str
    count: int = 1


class Place(_Part):
    """A port or register that no model answers for, and how often it was used."""

    address: int
    count: int = 1
    name: str = ""


class Leaf(_Part):
    """An interrupt leaf nobody knows: the vector, AX, and how often it was called."""

    vector: int = field(name="int")
    ax: int = 0
    count: int = 1


class Service(_Part):
    """A service that was asked for and is not there, and how often."""

    name: str
    count: int = 1


class Unhandled(_Part):
    """Everything the ROM touched that fwsim does not model."""

    ports: list[Place] = field(default_factory=list)
    registers: list[Place] = field(default_factory=list)
    interrupts: list[Leaf] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)


class EfiInput(_Part):
    """A register that a driver read, by event ``seq``: its place, the value, its name, and how often in a row."""

    seq: int = 0
    space: str = ""
    address: int = 0
    width: int = 0
    value: int = 0
    name: str = ""
    count: int = 1


class EfiDriverResult(_Part):
    """A UEFI driver: its name, and the statuses of its entry, Supported and Start; "" for what was not called.

    ``base``: where it was loaded; ``registers``: accesses to the display device's registers in Start; ``why``: what
    made it give up. ``last_reads``: where Start returned an error, the last registers that were read, the newest first.
    """

    name: str = ""
    base: int = 0
    entry: str = ""
    supported: str = ""
    start: str = ""
    version: int = 0
    registers: int = 0
    last_reads: list[EfiInput] = field(default_factory=list)
    why: str = ""


class GopMode(_Part):
    """One mode of a GOP: pixels, those of a line, the format, and what SetMode answered."""

    number: int = 0
    width: int = 0
    height: int = 0
    line: int = 0
    format: str = ""
    set: str = ""


class GopResult(_Part):
    """GraphicsOutput: its modes, the one that is set, and the frame buffer."""

    modes: list[GopMode] = field(default_factory=list)
    mode: int = 0
    base: int = 0
    size: int = 0


class EfiSummary(_Part):
    """What became of UEFI drivers; ``breaches``: what they did that a driver must not.

    ``vbt``: bytes of the VBT that PlatformGopPolicy gives them; ``lpc_id``: 00:1f.0's device id as the guest reads it.
    """

    vbt: int = 0
    lpc_id: int = 0
    drivers: list[EfiDriverResult] = field(default_factory=list)
    gop: GopResult | None = None
    breaches: list[str] = field(default_factory=list)


class DriverSummary(_Part):
    """The guest's driver that looked for the PCH: what it takes it for, ``how``, and what it would on the ``host``."""

    name: str
    pch: str
    how: str
    host: str
    certainty: str = ""


class AssignedBar(_Part):
    """A BAR of an assigned function: the host's address, the guest's as it stands, and whether stage 2 maps it."""

    index: int = 0
    kind: str = "mem"
    size: int = 0
    host: int = 0
    guest: int = 0
    mapped: bool = False


class AssignedFunction(_Part):
    """A function of the guest's bus: where the guest finds it, whose it is on the host (""; made for the guest).

    ``late``: it was attached after the guest had started; ``refused``: why the guest does not have it.
    """

    guest: str = ""
    host: str = ""
    backend: str = "vpci"
    vendor: int = 0
    device: int = 0
    class_code: int = field(default=0, name="class")
    bridge: bool = False
    late: bool = False
    refused: str = ""
    bars: list[AssignedBar] = field(default_factory=list)


class Stage2Mapping(_Part):
    """Guest-physical memory that is the host's: ``bar`` of the host's ``function``."""

    guest: int
    host: int
    size: int
    function: str
    bar: int


class VpciSummary(_Part):
    """What vPCI showed a guest: ``design`` of its bridges, functions, stage-2 mappings at the end, what Xen printed.

    ``windows``: by name the guest's (start, bytes). ``crashed``: why the hypervisor ended the guest. ``reads`` and
    ``writes``: accesses of configuration space, each of which trapped; ``window_writes``: those that set the windows
    of bridges.
    """

    design: str = ""
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)
    functions: list[AssignedFunction] = field(default_factory=list)
    mappings: list[Stage2Mapping] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    aborts: int = 0
    crashed: str = ""
    reads: int = 0
    writes: int = 0
    window_writes: int = 0


NOTHING = "nothing"
"""The function of a ``ConfigAnswer`` that is for all those which are not there."""


class ConfigServer(_Part):
    """Who answers for functions, "00:05.0" each: the hypervisor itself first, then the others in the order of ids."""

    name: str
    functions: list[str] = field(default_factory=list)


class ConfigWindow(_Part):
    """The configuration window from event ``seq`` on: on, off, or locked (this was written, and the register kept its
    value). ``told``: the hypervisor knows. ``ram``: bytes of it where guest RAM answers; ``bars``: those that do.
    """

    seq: int = 0
    start: int = 0
    size: int = 0
    state: Literal["on", "off", "locked"] = "on"
    told: bool = True
    ram: int = 0
    bars: list[str] = field(default_factory=list)


class ConfigAnswer(_Part):
    """Accesses of one ``way`` to one function ("nothing": to those that are not there) that one party had.

    ``way``: "CF8/CFC", "ECAM", "ECAM 100h-FFFh", or "ECAM, left" where the window was before. ``form``: "config
    request", "MMIO", or "" where nobody had it. ``lost``: of them, those that did not reach the function.
    """

    way: str
    function: str
    who: str
    form: str = ""
    reads: int = 0
    writes: int = 0
    lost: int = 0


class ConfigSpace(_Part):
    """Who answered configuration space: the ``design`` by name, and ``title`` in words; ``cause``: why an access is
    lost in it, and ``remedy``: what helps; ``lacks``: what its guests do not have, in a sentence.
    """

    design: str = ""
    title: str = ""
    cause: str = ""
    remedy: str = ""
    lacks: str = ""
    servers: list[ConfigServer] = field(default_factory=list)
    windows: list[ConfigWindow] = field(default_factory=list)
    answers: list[ConfigAnswer] = field(default_factory=list)


class CheckResult(_Part):
    """One rule of what a correct run is."""

    id: str
    ok: bool
    detail: str = ""


class Summary(_Part):
    """``summary.json``. ``fwsim``: the version that wrote it, ``scenario``: its name, ``events``: their count.

    ``driver`` is there where the scenario names one, ``config_space`` where several answer for it, ``vpci`` in the run
    of an Arm guest.
    """

    fwsim: str = __version__
    scenario: str = ""
    rom: RomSummary = field(default_factory=RomSummary)
    stop: Stop = field(default_factory=Stop)
    firmware: FirmwareSummary = field(default_factory=FirmwareSummary)
    gtt: Gtt = field(default_factory=Gtt)
    iommu: Iommu = field(default_factory=Iommu)
    interrupts: Interrupts = field(default_factory=Interrupts)
    calls: list[CallResult] = field(default_factory=list)
    display: list[Screen] = field(default_factory=list)
    hangs: list[Hang] = field(default_factory=list)
    assists: list[Assist] = field(default_factory=list)
    unhandled: Unhandled = field(default_factory=Unhandled)
    driver: DriverSummary | msgspec.UnsetType = msgspec.UNSET
    efi: EfiSummary | None = None
    vpci: VpciSummary | msgspec.UnsetType = msgspec.UNSET
    config_space: ConfigSpace | msgspec.UnsetType = msgspec.UNSET
    checks: list[CheckResult] = field(default_factory=list)
    exactness: dict[str, Known] = field(default_factory=dict)
    events: int = 0
    code_bytes: int = 0
    virtual_ns: int = 0
    wall_s: float = 0.0

    @property
    def code(self) -> Literal["ROM", "driver", "program"]:
        """What ran: the ROM, a driver of UEFI's, or an Arm guest's program."""
        if self.vpci is not msgspec.UNSET:
            return "program"
        return "ROM" if self.efi is None else "driver"

    @property
    def failed(self) -> list[CheckResult]:
        """The checks that did not hold."""
        return [check for check in self.checks if not check.ok]


def encode(summary: Summary) -> bytes:
    """``summary`` as indented JSON ending in a newline."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"


def decode(data: bytes, where: str = "summary.json") -> Summary:
    """The summary in ``data``. Raises FwsimError naming ``where``, and the version that wrote it when that differs."""
    try:
        return msgspec.json.decode(data, type=Summary)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FwsimError(
            "not a summary this version can read",
            where=where,
            found=f"{error}; {_written_by(data)}",
            expected=f"a summary of fwsim {__version__}",
            hint="run the scenario again: fwsim run scenario.toml --out DIR --force",
        ) from None


class _Version(msgspec.Struct):
    fwsim: str


def _written_by(data: bytes) -> str:
    try:
        return f"written by fwsim {msgspec.json.decode(data, type=_Version).fwsim}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{len(data)} bytes without fwsim's version"
