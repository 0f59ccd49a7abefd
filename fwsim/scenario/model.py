"""The scenario's tables: host, hypervisor, guest, firmware, ROM, calls and budget, as frozen structs.

Every struct is resolved: a value left out is filled in from the host's CPU family when the struct is made. Attributes
bear the names of the TOML keys, except ``Call.vector`` (``int``) and ``Budget.time_ns`` (``time``).
"""

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta
from msgspec.structs import force_setattr, replace

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import allocator
from fwsim.firmware.cpu_models import HOST, guest_cpu
from fwsim.firmware.request import Cpu
from fwsim.hypervisor import kinds
from fwsim.hypervisor.groups.topology import Kind
from fwsim.hypervisor.interface import Assignment, Choice, Device, Regions
from fwsim.hypervisor.interface import Hypervisor as Design
from fwsim.hypervisor.vfio.opregion import HEADER_BYTES, OpRegionView, view, view_of
from fwsim.hypervisor.vfio.regions import ISA_BRIDGE_CLASS, Neighbour, regions
from fwsim.memory.arm_map import MACHINE as ARM
from fwsim.memory.ramsplit import ram_split
from fwsim.registers.families import family
from fwsim.registers.family import Family
from fwsim.scenario.choices import SLOT
from fwsim.scenario.functions import Hotplug
from fwsim.units import GIB

Hex16 = Annotated[int, Meta(extra={"as": "hex", "max": 0xFFFF})]
Hex24 = Annotated[int, Meta(extra={"as": "hex", "max": 0xFF_FFFF})]
Hex32 = Annotated[int, Meta(extra={"as": "hex", "max": 0xFFFF_FFFF})]
Hex64 = Annotated[int, Meta(extra={"as": "hex", "max": (1 << 64) - 1})]
File = Annotated[str, Meta(extra={"as": "path"})]
Switch = Literal["auto", "on", "off"]
Vga = Literal[
    "auto", "igd", "stdvga", "cirrus", "ati", "qxl", "virtio", "vmware", "bochs-display", "ramfb", "isavga", "banshee"
]  # fmt: skip
Port = Literal[
    "none", "crt", "lvds", "edp", "hdmi-b", "hdmi-c", "hdmi-d", "dp-b", "dp-c", "dp-d", "dvi-b", "dvi-c", "dvi-d",
    "dp-tc1", "dp-tc2", "dp-tc3", "dp-tc4", "hdmi-tc1", "hdmi-tc2", "hdmi-tc3", "hdmi-tc4",
]  # fmt: skip
DriverName = Literal[
    "none", "i915-3.6", "i915-3.14", "i915-4.8", "i915-6.12", "slot-1f.0", "subsystem-id", "windows", "pair"
]  # fmt: skip
IsaBridge = Literal["auto", "one", "two", "stub-1f.0", "subsystem-id", "real-chipset"]

Reset = Literal["auto", "flr", "pm", "bus", "none"]
IGD_RMRR = "igd"
"""The range that a host's firmware reserves for its IGD: GTT stolen memory and stolen memory."""
_UNSET = -1


def _usual_view(asls: int) -> OpRegionView:
    """An OpRegion at ``asls`` that the kernel takes as it is."""
    return view(asls, 0x200, HEADER_BYTES >> 10, 0, 0)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A TOML table: immutable, knows every key it may hold."""


class Host(_Table, frozen=True):
    """The physical machine. Numbers left out are those of the CPU family (``fwsim/registers/families.py``).

    ``ggc``: config 0x50 of 00:00.0 and 00:02.0 (16 bits). ``bdsm``: stolen memory base, 1 MiB aligned, bit 0 the lock.
    ``asls``: OpRegion address, 32 bits, any alignment. ``opregion``: file, "" = made from ``vbt``, a file
    too, or from the ROM's. ``subsystem``:
    00:02.0's subsystem id << 16 | vendor, ``bridge_subsystem`` that of 00:00.0 and its like; left out, a device's own
    id, as coreboot writes it where the board names none (src/southbridge/intel/*, set_subsystem). ``lpc_id`` 0: there
    is no bridge at 00:1f.0; ``lpc_class`` is its class (24 bits), an ISA bridge's as a rule. ``disintx``: the
    IGD's command register has a working interrupt disable; ``intx_shared``: the driver that has the pin's line too.
    ``post``: the video BIOS that the host's own firmware ran before all this, "" = none; ``post_mode``: what it set
    then, BX of 4F02h, 0 = nothing.
    """

    cpu: str = "sandybridge"
    vga: Vga = "auto"
    device_id: Hex16 = _UNSET
    ggc: Hex16 = _UNSET
    bdsm: Hex64 = _UNSET
    asls: Hex32 = _UNSET
    opregion: File = ""
    vbt: File = ""
    lpc_id: Hex16 = _UNSET
    lpc_class: Hex24 = ISA_BRIDGE_CLASS
    subsystem: Hex32 = _UNSET
    bridge_subsystem: Hex32 = _UNSET
    slot: str = "00:02.0"
    rmrr: tuple[str, ...] = (IGD_RMRR,)
    iommu: Literal["on", "off"] = "on"
    kernel: str = "6.12"
    disintx: bool = True
    intx_shared: str = ""
    post: File = ""
    post_mode: Hex16 = 0

    def __post_init__(self) -> None:
        """Fill what was left out, and give ``cpu`` its usual spelling. Raises FwsimError for an unknown one."""
        force_setattr(self, "cpu", self.family.name)
        for name in ("device_id", "ggc", "bdsm", "asls", "lpc_id"):
            if getattr(self, name) == _UNSET:
                force_setattr(self, name, getattr(self.family, name))
        for name, device in (("subsystem", self.device_id), ("bridge_subsystem", self.family.host_bridge_id)):
            if getattr(self, name) == _UNSET:
                force_setattr(self, name, device << 16 | 0x8086)

    @property
    def regions(self) -> Regions:
        """What the kernel's vfio-pci offers of the IGD beside its BARs."""
        lpc = Neighbour(0x8086, self.lpc_class) if self.lpc_id else None
        return regions(0x8086, 0x030000, self._opregion_view(), Neighbour(0x8086, 0x060000), lpc)

    def _opregion_view(self) -> OpRegionView:
        """As the kernel finds the OpRegion of the file; one that is made here has what it wants."""
        if not self.opregion:
            return _usual_view(self.asls)
        try:
            with Path(self.opregion).open("rb") as file:
                return view_of(file.read(HEADER_BYTES), self.asls)
        except OSError:
            return _usual_view(self.asls)

    @property
    def stolen_base(self) -> int:
        """First byte of stolen memory: ``bdsm`` without its lock bit."""
        return self.bdsm & ~1

    @property
    def stolen_size(self) -> int:
        """Bytes of stolen memory, as ``ggc`` says."""
        return self.family.gms.decode(self.ggc)

    @property
    def family(self) -> Family:
        """The CPU family ``cpu`` names."""
        return family(self.cpu)


class Display(_Table, frozen=True):
    """What is attached to one port of the host. ``edid``: file of 128 or 256 bytes, "" = our 1024x768 monitor.

    Of a DisplayPort sink: ``defers``, how often it puts off each request on its AUX channel before it answers;
    ``swing`` and ``pre_emphasis``, the levels from which on it locks (swing 4: from none, its link never trains).
    """

    port: Port = "crt"
    edid: File = ""
    defers: Annotated[int, Meta(extra={"min": 0, "max": 100})] = 0
    swing: Annotated[int, Meta(extra={"min": 0, "max": 4})] = 0
    pre_emphasis: Annotated[int, Meta(extra={"min": 0, "max": 3})] = 0


class Hypervisor(_Table, frozen=True):
    """Who stands between guest and device. ``profile``: a release of the kind, "" = its usual one.

    ``gms``, ``opregion``, ``lpc``, ``vga`` and ``legacy`` are QEMU's x-igd-gms (0 = the host's), x-igd-opregion,
    x-igd-lpc, x-vga and x-igd-legacy-mode, ``vapic`` its apic.vapic. ``rombar`` "off" is rombar=0: the ROM is a file
    in vgaroms/, which SeaBIOS runs whatever its ids; "on": it is behind the device's ROM BAR. ``disable_vga``:
    vfio-pci's module option, the kernel offers no VGA region. ``options`` are the kind's own: of ``xen``, and of
    installed kinds. ``stolen_base`` "host" and ``gsm`` "guest" are patches to QEMU that no release has: the host's
    base in a file of fw_cfg, and BGSM and GSMBASE answered by the guest's. ``pair``: where a paravirtual register pair
    is (``hypervisor/register_pair.py``). ``mirror``: file, the list that ``custom`` is made of. ``xl_cfg``: file, a
    domain's configuration whose lines on PCI count; ``options`` of the same names go before them.
    """

    kind: str = kinds.DEFAULT
    profile: str = ""
    gms: Annotated[int, Meta(extra={"as": "hex", "max": 0xFF})] = 0
    opregion: Switch = "auto"
    lpc: Switch = "auto"
    vga: Literal["auto", "on"] = "auto"
    legacy: Switch = "auto"
    rombar: Literal["on", "off"] = "on"
    vapic: Switch = "auto"
    disable_vga: bool = False
    pair: Literal["none", "config", "ports", "bar"] = "none"
    mirror: File = ""
    options: dict[str, str | int | bool | tuple[str, ...]] = {}
    xl_cfg: File = ""
    stolen_base: Literal["", "host"] = ""
    gsm: Literal["", "guest"] = ""

    def __post_init__(self) -> None:
        """Fill in the kind's usual profile."""
        if not self.profile:
            force_setattr(self, "profile", kinds.default_profile(self.kind))

    @property
    def design(self) -> Design:
        """The hypervisor itself. Raises FwsimError for a kind, profile or option that is not there."""
        return kinds.hypervisor(
            Choice(
                self.kind, self.profile, self.gms, self.opregion, self.lpc, self.vga, self.legacy, self.vapic,
                self.mirror, self.options, self.stolen_base, self.gsm, self.xl_cfg,
            )
        )  # fmt: skip


class Guest(_Table, frozen=True):
    """The virtual machine. ``ram`` in bytes, from 1 MiB on; ``slot`` is the display device's, bus 00, function 0.

    ``cpu``: a model of QEMU's, ``phys_bits`` its physical address bits (0: what the model has), ``cpus`` how many.
    ``user``: the user id that it runs as, 0 for root.
    ``isa_bridge``: how the guest's driver is shown the host's PCH, "auto" as the hypervisor does it; ``driver``: a
    driver that looks for it when all else is done (``fwsim/drivers``). ``machine`` "arm-virt": Xen's Arm guest, which
    has the machine, its RAM and ``payload.program`` alone.
    """

    machine: Literal["pc", "q35", "arm-virt"] = "pc"
    ram: Annotated[int, Meta(extra={"as": "size", "min": 0, "max": (1 << 63) - 1})] = 2 * GIB
    slot: str = "00:02.0"
    cpu: str = HOST
    phys_bits: int = 0
    cpus: int = 1
    accel: Literal["kvm", "tcg"] = "kvm"
    user: int = 0
    isa_bridge: IsaBridge = "auto"
    driver: DriverName = "none"

    @property
    def on_arm(self) -> bool:
        """Whether it is an Arm guest of Xen's: no PC, no firmware, no display."""
        return self.machine == ARM

    @property
    def devfn(self) -> int:
        """``slot`` as PCI's device<<3 | function."""
        match = SLOT.fullmatch(self.slot)
        return (int(match[2], 16) << 3 | int(match[3], 16)) if match else 0x10


class Firmware(_Table, frozen=True):
    """Who places OpRegion and stolen memory. ``version`` "" becomes the kind's usual one.

    ``options``: the kind's own, as its struct of options has them; what is left out has its default.
    """

    kind: str = "seabios"
    version: str = ""
    image: File = ""
    drivers: tuple[File, ...] = ()
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        """Fill in the version, if the kind is known: what is none is refused where scenarios are checked."""
        if not self.version:
            try:
                force_setattr(self, "version", allocator(self.kind).default_version)
            except FwsimError:
                return


RomInt15 = dict[str, dict[str, Hex16]]


class Rom(_Table, frozen=True):
    """The option ROM. ``file`` "" = none named. ``int15``: leaf (four hex digits) to the registers of the answer.

    ``fix_ids``: PCIR's device id and the checksum are made the device's first, as ``fwsim rom fix`` does; else a file
    is taken as it is. ``assist``: help the ROM out of a wait that would never end, and say so in the summary.
    ``before``: who ran it on this device earlier, the first one first; ``reset``: what the device got after each, after
    the host's own POST, and between POSTs. ``coreboot_table``: memory has a table of coreboot's that names the frame
    buffer which is on then.
    """

    file: File = ""
    source: Literal["file", "shadow"] = "file"
    checksum: Literal["enforce", "ignore"] = "enforce"
    any_device: bool = False
    fix_ids: bool = False
    assist: bool = False
    posts: Annotated[int, Meta(extra={"min": 1, "max": 16})] = 1
    reset: Literal["flr", "none"] = "flr"
    coreboot_table: bool = False
    before: tuple[Literal["host", "guest"], ...] = ()
    int15: RomInt15 = {}

    def answers(self) -> dict[int, dict[str, int]]:
        """The INT 15h answers by AX; registers ax bx cx dx si di, and carry (0 or 1). One not named stays as it was."""
        return {int(leaf, 16): dict(registers) for leaf, registers in self.int15.items()}


class Call(_Table, frozen=True):
    """One software interrupt made after the ROM's init. Registers of 16 bits; es:di 0:0 stands for the run's buffer."""

    vector: Annotated[int, Meta(extra={"as": "hex", "max": 0xFF})] = msgspec.field(default=0x10, name="int")
    ax: Hex16 = 0
    bx: Hex16 = 0
    cx: Hex16 = 0
    dx: Hex16 = 0
    si: Hex16 = 0
    di: Hex16 = 0
    bp: Hex16 = 0
    es: Hex16 = 0


class Payload(_Table, frozen=True):
    """What a boot loader would do. ``draw``: painted once a graphics mode is set; ``floppy``: boot sector to run.

    ``frames``: how long each screen is looked at before the next mode, in frames of 1/60 s of virtual time.
    ``program``: what an Arm guest runs, an AArch64 ELF.
    """

    draw: Literal["test-card", "none"] = "test-card"
    frames: Annotated[int, Meta(extra={"min": 1, "max": 600})] = 1
    floppy: File = ""
    program: File = ""


class Budget(_Table, frozen=True):
    """When to stop: after ``code`` executed code bytes, ``time_ns`` virtual ns (key ``time``), ``events`` records."""

    code: Annotated[int, Meta(extra={"as": "size", "min": 1})] = 8 * GIB
    time_ns: Annotated[int, Meta(extra={"as": "ns", "min": 1})] = msgspec.field(default=300_000_000_000, name="time")
    events: Annotated[int, Meta(extra={"min": 1})] = 10_000_000


class Function(_Table, frozen=True):
    """One more function on the guest's bus. ``class`` has 24 bits; 0604xx is a PCI-PCI bridge.

    ``host``: the function of the host that it is, "" for one that the hypervisor makes up.
    ``slot`` is device.function on its bus; ``behind`` the bridge's own slot, "00:1c.0", or "00:1c.0/01.0" for a bridge
    behind one; "" is bus 0. ``bars`` from BAR0 on: "mem 16K", "pref64 256M", "io 32". ``rom`` bytes of a ROM BAR.
    ``owner``: the emulator beside the device model that has it, "" the device model. ``extended``: PCI Express, with a
    capability at 100h.
    """

    slot: str
    vendor: Hex16 = 0x1AF4
    device: Hex16 = 0x0001
    class_code: Annotated[int, Meta(extra={"as": "hex", "max": 0xFFFFFF})] = msgspec.field(
        default=0xFF0000, name="class"
    )
    subsystem: Hex32 = 0x11001AF4
    bars: tuple[str, ...] = ()
    rom: Annotated[int, Meta(extra={"as": "size", "min": 0, "max": (1 << 63) - 1})] = 0
    behind: str = ""
    hotplug: Hotplug = "none"
    host: str = ""
    owner: str = ""
    extended: bool = False

    @property
    def is_at_1f(self) -> bool:
        """Whether it is 00:1f.0, where a guest's vBIOS looks for the LPC bridge."""
        return not self.behind and self.slot.lower().removeprefix("00:") == "1f.0"


class HostFunction(_Table, frozen=True):
    """One function of the host: what IOMMU groups go by, and what an Arm guest is given of it. ``class`` has 24 bits.

    ``slot`` is bus:device.function; ``behind`` the slot of the bridge that its bus is behind, "" on a root bus.
    ``acs``: the bits of its ACS capability, each with + or - for on or off ("SV+ RR+ CR+ UF+"); "" none, "empty" a
    capability without bits, "override" taken as isolated. ``driver``: the kernel's, "" none. ``alias``: other slots of
    its bus that it sends as. ``group``: its number as the host's kernel said it, -1 for not known.
    ``bars`` from BAR0 on, each with the host's address: "mem 128K @ 0x50000000"; ``capabilities``: "msi 64 mask",
    "msix 8 bar 1 at 0x2000" and their like (``host_capabilities.py``). ``hotplug``: attached when the guest waits.
    """

    slot: str
    type: Kind = "pci"
    behind: str = ""
    vendor: Hex16 = 0x8086
    device: Hex16 = 0
    class_code: Annotated[int, Meta(extra={"as": "hex", "max": 0xFFFFFF})] = msgspec.field(default=0, name="class")
    multifunction: Switch = "auto"
    acs: str = ""
    driver: str = ""
    alias: tuple[str, ...] = ()
    reset: Reset = "auto"
    group: Annotated[int, Meta(extra={"min": -1})] = -1
    bars: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    hotplug: bool = False


class GroupRow(_Table, frozen=True):
    """The group that ``function`` is in: ``owner`` is the user id of its /dev/vfio file, ``held`` who has it open."""

    function: str
    owner: int = 0
    held: str = ""


class Scenario(_Table, frozen=True):
    """One run, fully resolved. ``Scenario()`` is a Sandy Bridge host under QEMU 10.0 with no ROM named."""

    name: str = "default"
    host: Host = msgspec.field(default_factory=Host)
    display: tuple[Display, ...] = ()
    hypervisor: Hypervisor = msgspec.field(default_factory=Hypervisor)
    guest: Guest = msgspec.field(default_factory=Guest)
    function: tuple[Function, ...] = ()
    host_function: tuple[HostFunction, ...] = ()
    group: tuple[GroupRow, ...] = ()
    firmware: Firmware = msgspec.field(default_factory=Firmware)
    rom: Rom = msgspec.field(default_factory=Rom)
    call: tuple[Call, ...] = ()
    payload: Payload = msgspec.field(default_factory=Payload)
    budget: Budget = msgspec.field(default_factory=Budget)

    def __post_init__(self) -> None:
        """A host with no display named has what is usual for its family."""
        if not self.display:
            usual = tuple(Display(port=cast(Port, port)) for port in self.host.family.displays)
            force_setattr(self, "display", usual or (Display(port="none"),))

    @property
    def device(self) -> Device:
        """The physical IGD and its place in the guest, as the hypervisor finds them. Raises FwsimError on Arm."""
        if self.guest.on_arm:
            raise FwsimError(
                "an Arm guest has no IGD", where="guest.machine", found=f'"{ARM}"', expected="a PC, pc or q35",
                hint="fwsim run runs its program",
            )  # fmt: skip
        host, found = self.host, self.host.regions
        return Device(
            device_id=host.device_id, generation=host.family.gen, ggc=host.ggc, bdsm=host.stolen_base,
            stolen=host.stolen_size, asls=host.asls, machine=self.guest.machine, devfn=self.guest.devfn,
            at_1f="other" if any(each.is_at_1f for each in self.function) else "usual", regions=found,
            opregion_region=found.opregion, vga_region=not self.hypervisor.disable_vga,
            host_region=found.host, lpc_region=found.lpc,
            ram=ram_split(self.guest.machine, self.guest.ram)[0], disintx=host.disintx, intx_shared=host.intx_shared,
        )  # fmt: skip

    @property
    def cpu(self) -> Cpu:
        """The CPUs that the guest's firmware finds; on a host, its own. Raises FwsimError for what no guest has."""
        guest, family = self.guest, self.host.family.name
        if self.hypervisor.design.on_host:
            return replace(guest_cpu(family=family), accel="")
        return guest_cpu(guest.cpu, guest.phys_bits, guest.cpus, guest.accel, family)

    @property
    def assignment(self) -> Assignment:
        """What the hypervisor makes of that device."""
        return self.hypervisor.design.assign(self.device)
