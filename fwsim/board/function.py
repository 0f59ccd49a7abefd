"""One PCI function as data: address, ids, BARs, ROM, and the registers that it starts with."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from fwsim.firmware.request import QEMU_SUBSYSTEM as QEMU_SUBSYSTEM
from fwsim.firmware.request import Bar, Bridge, Function
from fwsim.firmware.request import BarKind as BarKind


class BarSpec(Struct, frozen=True):
    """One BAR: ``size`` in bytes, ``kind`` io, mem or pref; ``role`` says what lies behind it."""

    index: int
    size: int
    kind: BarKind
    is64: bool = False
    role: str = ""


class Setting(Struct, frozen=True):
    """``width`` bytes of configuration space at ``offset``, what they hold at first, and which bits can be written."""

    offset: int
    width: int
    value: int
    writable: int = 0


class Shadowing(Struct, frozen=True):
    """Where a host bridge has the registers that decide over A0000-FFFFF: PAM0 to PAM6, SMRAM, and ESMRAMC (or none).

    ``lock``: SMRAM's D_LCK holds what it says it holds.
    """

    pam: int
    smram: int
    esmramc: int | None = None
    lock: bool = False


class BoardFunction(Struct, frozen=True):
    """One function. ``bdf`` is bus<<8 | device<<3 | function, its bus the one that firmware will number it.

    ``parent`` is the bdf of the bridge that it is behind, None on bus 0; ``pciexbar`` what PCIEXBAR holds at first,
    None without such a register. ``ggc`` is the word at 50h as the guest reads it, for firmware that sizes stolen
    memory by it; None for a device that is no IGD. ``rom`` in bytes. ``pin``: its interrupt, 1 to 4, 0 for none; left
    out, 1 where it has BARs. ``line`` and ``command``: what those registers hold once firmware has been there, the
    command only where a placement writes none. ``moved``: (BAR index, address) that firmware gives it after its first.
    ``qemu``: one of QEMU's own conventional functions, 256 bytes whose upper 192 keep what is written where no setting
    says otherwise (QEMU hw/pci/pci.c, pci_init_wmask). ``ext_tseg``: MiB that the word at 50h answers FFFFh with.
    ``owner``: the emulator beside the device model that has it, "" for none; ``host``: the function of the host that it
    is, as segment<<16 | bus<<8 | devfn, None for one that is made up.
    ``config_size``: bytes of configuration space of one that is not QEMU's; ``power``: where its PMCSR is, None for
    none that acts.
    """

    bdf: int
    vendor: int
    device: int
    class_code: int
    revision: int = 0
    subsystem: int = QEMU_SUBSYSTEM
    bars: tuple[BarSpec, ...] = ()
    settings: tuple[Setting, ...] = ()
    rom: int = 0
    ggc: int | None = None
    bridge: Bridge | None = None
    parent: int | None = None
    pciexbar: int | None = None
    pin: int | None = None
    line: int = 0
    command: int = 0
    moved: tuple[tuple[int, int], ...] = ()
    qemu: bool = False
    shadow: Shadowing | None = None
    ext_tseg: int = 0
    config_size: int = 0x1000
    power: int | None = None
    owner: str = ""
    host: int | None = None

    @property
    def devfn(self) -> int:
        """device<<3 | function."""
        return self.bdf & 0xFF

    @property
    def interrupt_pin(self) -> int:
        """1 to 4 for INTA to INTD, 0 for none."""
        return int(bool(self.bars)) if self.pin is None else self.pin

    def byte(self, offset: int) -> int:
        """One byte of the header or of the settings, as a reader finds it after reset."""
        for row in reversed(self.settings):
            if row.offset <= offset < row.offset + row.width:
                return row.value >> 8 * (offset - row.offset) & 0xFF
        header = {
            0x00: self.device << 16 | self.vendor,
            0x08: self.class_code << 8 | self.revision,
            0x2C: self.subsystem,
        }
        return header.get(offset & ~3, 0) >> 8 * (offset & 3) & 0xFF

    def config(self) -> bytes:
        """All of configuration space as a reader finds it after reset, its BARs 0: ``config_size`` bytes."""
        image = bytearray(self.config_size)
        for at, width, value in (
            (0x00, 4, self.device << 16 | self.vendor), (0x08, 4, self.class_code << 8 | self.revision),
            (0x2C, 4, self.subsystem), (0x3D, 1, self.interrupt_pin),
            *((row.offset, row.width, row.value) for row in self.settings),
        ):  # fmt: skip
            image[at : at + width] = value.to_bytes(width, "little")
        return bytes(image)

    def with_bytes(self, offset: int, data: bytes, *, writable: bool = False) -> BoardFunction:
        """The function with these bytes of configuration space in place of its own; ids and class are read-only."""
        held = {at: self.byte(at) for base in (0x00, 0x08, 0x2C) for at in range(base, base + 4)}
        bits = 0xFF if writable else 0
        beyond = tuple(Setting(at, 1, value, bits) for at, value in enumerate(data, offset) if at not in held)
        held |= {at: value for at, value in enumerate(data, offset) if at in held}

        def word(at: int, width: int) -> int:
            return sum(held[at + i] << 8 * i for i in range(width))

        return replace(
            self, vendor=word(0x00, 2), device=word(0x02, 2), revision=held[0x08], class_code=word(0x08, 4) >> 8,
            subsystem=word(0x2C, 4), settings=self.settings + beyond,
        )  # fmt: skip

    def asked(self) -> Function:
        """The function as a firmware is asked to place it."""
        bars = tuple(Bar(bar.index, bar.size, bar.kind, bar.is64) for bar in self.bars)
        return Function(
            self.bdf, self.vendor, self.device, self.class_code, bars, self.rom, ggc=self.ggc, bridge=self.bridge,
            subsystem=self.subsystem, host=self.host,
        )  # fmt: skip


class Board(Struct, frozen=True):
    """What is plugged in: ``functions`` in the order of their addresses, and the ports that decode beside them.

    ``pm_bases``: where ACPI PM timers answer (at base + 8).
    """

    functions: tuple[BoardFunction, ...]
    pm_bases: tuple[int, ...] = ()
    display: BoardFunction | None = field(default=None)

    def at(self, bdf: int) -> BoardFunction | None:
        """The function at ``bdf``; None where none is."""
        return next((function for function in self.functions if function.bdf == bdf), None)
