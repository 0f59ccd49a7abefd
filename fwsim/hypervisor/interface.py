"""A hypervisor stands between guest and device: what it passes, answers, offers, rewrites and refuses.

One class a kind, a subclass of ``Hypervisor``; ``kinds.py`` is the table. Everybody else asks the object: nobody
outside this room compares a kind's name. A class imports no numpy by itself (placements are made without it);
what native code needs is imported by ``gtt_policy``.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from msgspec import Struct, field

from fwsim.devices.config_traps import Owner
from fwsim.devices.vtd_lines import Style
from fwsim.exactness import Known
from fwsim.firmware.request import LATEST, Function
from fwsim.hypervisor.interrupts import Line
from fwsim.memory.ramsplit import ram_split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fwsim.hypervisor.config_space import ConfigBoard, ConfigDesign
    from fwsim.hypervisor.groups.opening import Refused

HOST_BRIDGE, IGD, LPC_BRIDGE = 0x00, 0x10, 0xF8
"""devfn of 00:00.0, 00:02.0 and 00:1f.0: the functions of the host that a guest's drivers look at."""
OPREGION_FILE, BDSM_SIZE_FILE = "etc/igd-opregion", "etc/igd-bdsm-size"
"""fw_cfg files (SeaBIOS src/fw/pciinit.c)."""
STOLEN_BASE_FILE = "etc/igd-stolen-base"
"""Of a patch to QEMU: the host's base, 8 bytes, little-endian (lf-edge/eve#6432)."""
ASLS = 0xFC
OPREGION_CUT = "warning: not all of the host's OpRegion is the guest's"
"""How a run's log begins to say what ``Hypervisor.opregion_cut`` found."""
Treatment = Literal["answered", "hidden", "watched", "kept"]
At1F = Literal["usual", "free", "dummy", "other"]
"""What is at the guest's 00:1f.0: what its machine has there, nothing, QEMU's vfio-pci-igd-lpc-bridge, or else."""


class Choice(Struct, frozen=True):
    """What the user asks for, as the scenario's ``[hypervisor]`` has it; ``options`` are an installed kind's own."""

    kind: str = "qemu"
    profile: str = ""
    gms: int = 0
    opregion: str = "auto"
    lpc: str = "auto"
    vga: str = "auto"
    legacy: str = "auto"
    vapic: str = "auto"
    mirror: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    stolen_base: str = ""
    gsm: str = ""
    xl_cfg: str = ""


class Regions(Struct, frozen=True):
    """What the kernel's vfio-pci offers of a host's IGD beside BARs, ROM and configuration space.

    ``asls`` is what it answers at FCh where it offers the OpRegion; ``host`` and ``lpc`` are the bridges' configuration
    spaces. ``errno`` names the error that ended it, "" for none, and ``at`` says where. A device is known without a
    host as well: then nothing is offered, and nothing was wrong.
    """

    opregion: bool = False
    asls: int = 0
    host: bool = False
    lpc: bool = False
    errno: str = ""
    at: str = ""

    @property
    def refused(self) -> bool:
        """Whether the device cannot be opened for it."""
        return self.errno not in ("", "ENODEV")


class Device(Struct, frozen=True):
    """The physical IGD and the guest's place for it.

    ``bdsm`` is the base, the lock bit left out; ``stolen`` bytes; ``devfn`` the guest's slot, on bus 0. ``rom``: the
    device's ROM BAR shows one; ``romfile``: one is given instead. ``opregion_region``, ``vga_region``,
    ``host_region``, ``lpc_region``: the kernel offers them (vfio-pci's, since Linux 4.6); ``at_1f`` what is at
    00:1f.0; ``generation`` is the family's, not the hypervisor's. ``regions`` is what the kernel found where a host is
    known; ``ram``: where the guest's RAM below 4 GiB ends. ``disintx``: the command register's bit 10 switches
    the interrupt pin off; ``intx_shared``: which driver of the host has the same line, "" for none.
    """

    device_id: int
    generation: int
    ggc: int
    bdsm: int
    stolen: int
    asls: int
    vendor: int = 0x8086
    class_code: int = 0x030000
    machine: str = "pc"
    devfn: int = IGD
    rom: bool = True
    romfile: bool = False
    opregion_region: bool = True
    vga_region: bool = True
    host_region: bool = True
    lpc_region: bool = True
    hotplugged: bool = False
    at_1f: At1F = "usual"
    regions: Regions = field(default_factory=Regions)
    ram: int = 0
    disintx: bool = True
    intx_shared: str = ""

    @property
    def lpc_slot(self) -> At1F:
        """What is at 00:1f.0: on q35 the ICH9's own bridge, on pc nothing, where nothing else is said."""
        if self.at_1f != "usual":
            return self.at_1f
        return "other" if self.machine == "q35" else "free"


class Register(Struct, frozen=True):
    """Bytes of a function's configuration space that do not simply reach the device; what is not listed passes.

    answered: ``value`` is read, ``writable`` bits are storage. hidden: reads ``value``, takes no write. watched: the
    device's own, but ``Hypervisor.written`` hears of each write. An answered register with ``watched`` is both. kept:
    the device's own value is read, no write reaches it, and ``Hypervisor.dropped`` hears of each. ``width`` is 1, 2, 4
    or 8 bytes, ``offset`` a multiple of it; ``mask``: the bits that are answered, None for all.
    """

    offset: int
    width: int
    treatment: Treatment = "answered"
    value: int = 0
    writable: int = 0
    watched: bool = False
    mask: int | None = None


class Reaction(Struct, frozen=True):
    """What a hypervisor does at a write that it watches: ``value`` is what the guest's dword reads from now on.

    ``opregion_at``: so many ``pages`` of the host, from the one that its OpRegion begins in, appear at this
    guest-physical page. ``also``: what other answered dwords of the function read from now on, by offset.
    """

    value: int | None = None
    opregion_at: int | None = None
    pages: int = 3
    also: Mapping[int, int] = field(default_factory=dict)


class Overlay(Struct, frozen=True):
    """``width`` bytes at ``offset`` of BAR0 that are the guest's configuration register at ``config``.

    ``name`` is what its own trace log calls them; "": it tells of no access.
    """

    offset: int
    width: int
    config: int
    name: str = ""


class Copied(Struct, frozen=True):
    """``width`` bytes at ``offset`` that a guest's bridge takes from the host's function at the same address.

    ``writable``: beyond the header, they take the guest's writes as well.
    """

    offset: int
    width: int
    writable: bool = False


class Stub(Struct, frozen=True):
    """A function that the guest gets at ``bdf`` because its host has one there, where the guest has none of its own.

    What of it is the host's is in ``Assignment.copies``; else it has this ``device`` id and class.
    """

    bdf: int
    device: int
    class_code: int


class Shown(Struct, frozen=True):
    """Bytes ``first`` to ``end`` (exclusive, multiples of 4) of BAR0 or of the GTT that reach the device.

    ``writes``: and not only reads.
    """

    first: int
    end: int
    writes: bool


class Dma(Struct, frozen=True):
    """The IOMMU domain: the requester id that faults show, and whether there is an IOMMU at all.

    ``requester`` None: the one under which the host's topology has the device's DMA arrive. ``style``: whose words tell
    of a fault, as ``fwsim.devices.vtd_lines`` has them.
    """

    translated: bool = True
    requester: int | None = None
    style: Style = "D"


class RomChange(Struct, frozen=True):
    """``image`` as the guest gets it, and the dword of it that was cleared: its ``offset`` and what it ``held``.

    ``offset`` None: one was looked for, and ``reason`` says why there is none.
    """

    image: bytes
    offset: int | None
    held: int = 0
    reason: str = ""


class Remedy(Struct, frozen=True):
    """What helps against a host's address in the GTT, in a sentence; ``posted``: only for a ROM that has POSTed."""

    text: str
    posted: bool = False


class GttPolicy(Struct):
    """What becomes of a GTT write, as native code asks it.

    ``write`` is the address of a C function (root, value, byte offset, index port or 64 ones) that returns what the
    device gets; ``whole``: value is the whole entry, put together from both dwords as the guest wrote them. ``pair``
    is (root, port offset, 1 for a write, value), called at each access of the index and data ports. ``words`` is
    theirs: its address is in root word R_HYP. ``python`` instead of ``write``: a slower function (entry or dword, byte
    offset) that returns what the device gets, or None to refuse. ``keep`` holds what must not be freed.
    """

    write: int = 0
    whole: bool = False
    pair: int = 0
    words: NDArray[Any] | None = None
    python: Callable[[int, int], int | None] | None = None
    keep: tuple[object, ...] = ()


class Assignment(Struct):
    """What one hypervisor makes of one device.

    ``files`` go to the guest's firmware; the OpRegion's content is the host's, so ``opregion`` only says whether it is
    offered. ``registers`` are of 00:02.0, ``copies`` by devfn of the guest's bridges; ``lpc``: (device id, revision) of
    the bridge that a guest without one at 00:1f.0 gets there. ``vga``: the guest's VGA ports and A0000-BFFFF are the
    device's. ``cleared`` are the GTT indices that start-up sets to 0. ``stolen``: bytes that the firmware is to place,
    0 where BDSM is not the guest's; ``ggc``: the word at 50h, where the guest reads another. ``refusal``: why a mode
    that the guest's vBIOS needs does not come up; ``error``: why the device does not come up at all, by which field of
    ``[hypervisor]`` (or, with a dot in it, of the scenario), what would be right and what to do; ``aborted``: how the
    hypervisor itself dies of it, before the guest starts. ``messages``: what it says, in order, as "error: ...",
    "warning: ..." or "info: ...". ``ports_trapped``: the index and data ports of the I/O BAR are its own;
    ``rom_disabled``: the ROM BAR shows nothing any more. ``traced``: what its own trace log has of the set-up, a line
    an entry, in order; a range: the zeroes that it writes to the GTT at these indices. ``stubs``: functions made for
    the guest. ``bar0``: the registers that reach the device, None: all of them; the others read 0 and take no write.
    ``gtt``: the bytes of the GTT that take the guest's writes, None: all. ``vga_ports``: those of VGA's that do, None:
    all; ``host_ports``: other ports that the host's chipset answers. ``absent``: functions of the usual machine that
    its guests lack.
    """

    generation: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    opregion: bool = True
    registers: list[Register] = field(default_factory=list)
    overlays: list[Overlay] = field(default_factory=list)
    copies: dict[int, tuple[Copied, ...]] = field(default_factory=dict)
    lpc: tuple[int, int] | None = None
    vga: bool = True
    cleared: range = range(0)
    stolen: int = 0
    own_bdsm: bool = True
    ggc: int | None = None
    refusal: str = ""
    error: str = ""
    error_field: str = ""
    error_expected: str = ""
    error_hint: str = ""
    aborted: str = ""
    messages: list[str] = field(default_factory=list)
    ports_trapped: bool = False
    rom_disabled: bool = False
    traced: list[str | range] = field(default_factory=list)
    stubs: tuple[Stub, ...] = ()
    bar0: tuple[Shown, ...] | None = None
    gtt: tuple[Shown, ...] | None = None
    vga_ports: frozenset[int] | None = None
    host_ports: frozenset[int] = frozenset()
    absent: frozenset[int] = frozenset()

    @property
    def bdsm(self) -> Register | None:
        """The register that holds the guest's own base; None where the guest reads the device's."""
        return next((row for row in self.registers if row.offset in (0x5C, 0xC0)), None)


class Hypervisor(ABC):  # every method has a sensible answer: a kind overrides what it does otherwise
    """One kind, made for one user's choice. The defaults pass everything to the device."""

    kind: ClassVar[str]
    on_host: ClassVar[bool] = False
    """Whether there is no guest: the ROM runs on the host itself, and stolen memory and OpRegion are the host's."""
    by_vfio: ClassVar[bool] = False
    """Whether it takes the device from Linux' vfio: with its whole IOMMU group, or not at all."""
    mode: ClassVar[str] = ""
    """The mode that a guest's vBIOS needs, as its users call it; empty for a kind that has no such thing."""
    remedies: ClassVar[tuple[Remedy, ...]] = ()
    """How this kind keeps a host's address out of the GTT."""
    defaults: ClassVar[str] = ""
    """The profile taken where none is named; empty for a kind that has none."""
    profiles: ClassVar[tuple[str, ...]] = ()
    """The profiles that differ, oldest first: a column each in tables; empty for a kind that has none."""
    firmware: ClassVar[str] = "seabios"
    """The firmware that its guests have (``firmware.kind``), where nothing else is said."""
    guest_reset: ClassVar[Literal["dropped", "passed", "restored"]] = "dropped"
    """What becomes of a function level reset or a power state that is written to the IGD: nothing; the device does it;
    the kernel does it in the guest's place, and restores command and BARs (Linux drivers/pci/pci.c,
    pci_dev_save_and_disable and pci_dev_restore)."""
    machines: ClassVar[frozenset[str]] = frozenset(("pc", "q35"))
    """The machines (``guest.machine``) that its guests can be."""
    reads_xl_cfg: ClassVar[bool] = False
    """Whether Xen's toolstack starts its guests, so that an xl.cfg says what is assigned."""
    chosen_by: ClassVar[Literal["profile", "mirror"]] = "profile"
    """The field of ``[hypervisor]`` that tells one of this kind from another: WORD of a command line's KIND:WORD."""

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile or option that the kind does not have."""
        self.choice = choice

    @property
    def name(self) -> str:
        """As tables show it: the kind, and its profile where it has one."""
        return f"{self.kind} {self.profile}".rstrip()

    @property
    def profile(self) -> str:
        """The release, as the user named it."""
        return (self.choice.profile or self.defaults) if self.defaults else ""

    @property
    def release(self) -> tuple[int, ...]:
        """The numbers of the QEMU release whose PC its guest is; the newest where it is not one of QEMU's."""
        return LATEST

    @property
    def title(self) -> str:
        """As sentences name it."""
        return self.name

    @property
    def known(self) -> Known:
        """How well what it does is known."""
        return Known("assumed", f"{self.title} says nothing of where its rules come from")

    @property
    def story(self) -> str:
        """One sentence, for people: who stands between ROM and device, and what that does."""
        return f"{self.title} stands between ROM and device."

    def assign(self, device: Device) -> Assignment:
        """What the guest gets. Raises nothing: what the real one refuses is in the assignment."""
        return Assignment(own_bdsm=False)

    def gtt_policy(self, device: Device, given: Assignment, answer_at: Callable[[int], int]) -> GttPolicy:
        """What becomes of the guest's GTT writes; by default they reach the device as they are.

        ``answer_at(offset)`` is the memory address of the answered configuration register of 00:02.0 at ``offset``.
        """
        return GttPolicy()

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """What is answered, hidden or watched of one function of the guest's; by default the IGD's alone."""
        return given.registers if function.bdf == device.devfn else ()

    def registers_over(
        self, device: Device, given: Assignment, function: Function, read: Callable[[int, int], int]
    ) -> Sequence[Register]:
        """The same, for who looks at the device first: ``read(offset, width)`` is what the function itself holds."""
        return self.registers(device, given, function)

    def dropped(self, device: Device, bdf: int, offset: int, width: int, value: int) -> Sequence[str]:
        """What it says, line by line, when the guest writes a register that is kept; ``width`` bytes at ``offset``.

        It is said once: not again while the last of the lines is in the log.
        """
        return ()

    def ram_end(self, device: Device, low: int) -> int:
        """Where RAM below 4 GiB ends that would end at ``low``: lower where the host's addresses are kept free."""
        return low

    def identity(self, device: Device) -> Sequence[tuple[int, int]] | None:
        """(start, end) of the host's memory that the IGD's domain has at the same addresses; None: as is usual.

        A guest has none of it; on the host itself it is all.
        """
        return None

    def fix_rom(self, image: bytes, device: Device) -> bytes | None:
        """A ROM read from the host after its POST, ids and checksum as this kind makes them right; None: as vfio."""
        return None

    def opregion_cut(self, content: bytes, asls: int) -> str:
        """What of the host's OpRegion at ``asls`` the guest does not see, in a sentence; "" for nothing."""
        return ""

    def check_assigned(self, functions: Collection[int], machine: str) -> None:
        """Raises FwsimError where what its options assign is none of the host's ``functions`` (segment << 16 | bus << 8
        | devfn), or is not for such a ``machine`` (as ``guest.machine`` names it). By default they assign nothing.
        """
        return

    def check_memory(self, machine: str, ram: int) -> None:
        """Raises FwsimError where its options put something of its own over the ``ram`` bytes of such a ``machine``."""
        return

    def owner(self, device: Device, function: Function) -> Owner | None:
        """Who answers all of a function's configuration space, as an emulator of its own; None: the tables."""
        return None

    @property
    def routes_config(self) -> bool:
        """Whether ``config_design`` has an answer: it says who gets each access to configuration space."""
        return False

    def config_design(self, device: Device, board: ConfigBoard) -> ConfigDesign | None:
        """Who gets which access to configuration space; None: nobody asks, functions just answer."""
        return None

    def written(
        self, device: Device, bdf: int, offset: int, old: int, new: int, read: Callable[[int, int], int]
    ) -> Reaction | None:
        """The guest wrote a watched dword: ``old`` as it read before, ``new`` as written, whatever became of it.

        ``read(offset, width)`` is that function's configuration space as the guest sees it now. None: nothing happens.
        """
        return None

    @property
    def qemu_release(self) -> tuple[int, ...]:
        """The release of QEMU that the guest's PC is of; () where it is another's, or not known."""
        return ()

    @property
    def placed_by(self) -> tuple[str, str]:
        """The firmware kind by whose rules the hypervisor itself places, and their version; ("", "") where it does not.

        A run with that firmware goes by this version; with another it says that such a guest has none.
        """
        return "", ""

    def ram_split(self, machine: str, ram: int) -> tuple[int, int]:
        """Of ``ram`` bytes, those below 4 GiB and those from there up; by default as QEMU's ``machine`` has them."""
        return ram_split(machine, ram)

    @property
    def vapic(self) -> bool:
        """Whether it adds the option ROM kvmvapic, whose pages take writes after POST."""
        return False

    def line(self, inject: Callable[[bool], None], note: Callable[[bool], None]) -> Line:
        """The way of the device's interrupt pin to the guest's line, which ``inject`` sets; ``note`` records a mask."""
        return Line(inject, note)

    @property
    def dma(self) -> Dma:
        """The IOMMU domain that the device's DMA goes through."""
        return Dma()

    def opregion(self, content: bytes, asls: int) -> bytes:
        """The host's OpRegion as the guest's firmware gets it; the host has it at ``asls``."""
        return content

    def change_rom(self, image: bytes, device: Device) -> RomChange | None:
        """What is done to a ROM that was read from the host after its POST; None: nothing, and nothing was tried."""
        return None

    def group_text(self, refused: Refused) -> str:
        """What it says when vfio does not give it the device's group."""
        return f"{refused.function.name}: {refused.errno or f'group {refused.group} is not viable'}"

    def abort_text(self) -> str:
        """What it says when it kills the guest at a GTT write."""
        return f"{self.title} refused a GTT write"
