"""The plane that is on, and what its registers say it shows, by the register database: one rule set for all families.

Sources: the database's own (Linux i915 display/i9xx_plane_regs.h, skl_universal_plane_regs.h), and Linux i915
display/i9xx_plane.c for which offset register counts where.
"""

from collections.abc import Callable

from msgspec import Struct

from fwsim.registers import mmio_plane as planes
from fwsim.registers.core import Field, Register
from fwsim.registers.family import Family
from fwsim.registers.mmio_bus import PP_CONTROL
from fwsim.registers.mmio_pipe import LGC_PALETTE, LGC_PALETTE_B, LGC_PALETTE_C, PALETTE, PALETTE_B, VGACNTRL
from fwsim.registers.mmio_timing import PIPECONF, PIPESRC
from fwsim.registers.variants import expand

ReadRegister = Callable[[int], int]
Bits = tuple[int, int]
"""A colour's place in a pixel: lowest bit, number of bits."""


class Format(Struct, frozen=True):
    """A pixel format under its DRM name: ``size`` bytes a pixel; no ``channels`` (red, green, blue): indexed."""

    name: str
    size: int
    channels: tuple[Bits, Bits, Bits] | None = None


C8 = Format("C8", 1)
_RGB565 = Format("RGB565", 2, ((11, 5), (5, 6), (0, 5)))
_RGB555 = Format("XRGB1555", 2, ((10, 5), (5, 5), (0, 5)))
_RGB = Format("XRGB8888", 4, ((16, 8), (8, 8), (0, 8)))
_BGR = Format("XBGR8888", 4, ((0, 8), (8, 8), (16, 8)))
_RGB30 = Format("XRGB2101010", 4, ((20, 10), (10, 10), (0, 10)))
_BGR30 = Format("XBGR2101010", 4, ((0, 10), (10, 10), (20, 10)))

PRIMARY_FORMATS = {
    2: C8, 3: _RGB555, 4: _RGB555, 5: _RGB565, 6: _RGB, 7: _RGB, 8: _BGR30, 9: _BGR30, 10: _RGB30, 11: _RGB30,
    14: _BGR, 15: _BGR,
}  # fmt: skip
"""DSPCNTR bits 29:26, generations 2 to 8."""
UNIVERSAL_FORMATS = {
    (2, 0): _RGB30, (2, 1): _BGR30, (4, 0): _RGB, (4, 1): _BGR, (12, 0): C8, (12, 1): C8,
    (14, 0): _RGB565, (14, 1): Format("BGR565", 2, ((0, 5), (5, 6), (11, 5))),
}  # fmt: skip
"""PLANE_CTL bits 27:24 and the order bit 20, generation 9 on; from 11 on bit 23 belongs to the format, and is 0."""


class Tiling(Struct, frozen=True):
    """A memory layout: tiles of ``width`` bytes by ``height`` lines; linear is a tile of one line."""

    name: str
    width: int
    height: int


LINEAR = Tiling("linear", 64, 1)
X_TILED = Tiling("X-tiled", 512, 8)
Y_TILED = Tiling("Y-tiled", 128, 32)
_UNIVERSAL_TILINGS = {0: LINEAR, 1: X_TILED, 4: Y_TILED}


class Plane(Struct, frozen=True):
    """What one primary plane shows. Sizes in pixels and lines, ``stride`` in bytes (of one line, tiled or not).

    The screen is ``width`` by ``height``; the plane covers ``shown`` (left, top, width, height) of it. ``surface`` is
    the graphics address of the surface, linear offset included, and its first pixel shown is at ``x``, ``y``.
    ``format`` or ``tiling`` None: one that is not drawn, named by ``note``.
    """

    pipe: str
    width: int
    height: int
    shown: tuple[int, int, int, int]
    stride: int
    surface: int
    x: int
    y: int
    format: Format | None
    tiling: Tiling | None
    note: str = ""

    @property
    def base(self) -> int:
        """Graphics address of the first pixel shown; of the surface when it is tiled."""
        if self.tiling is LINEAR and self.format:
            return self.surface + self.y * self.stride + self.x * self.format.size
        return self.surface


def place(register: type[Register], family: str, label: str = "") -> int | None:
    """The register's offset on ``family``; ``label`` is the pipe (``A``) or plane and pipe (``1A``)."""
    for found in register.places:
        if found.label == label and family in found.families:
            return found.address
    return None


def _pair(value: int) -> tuple[int, int]:
    """The upper and the lower half of a register, thirteen bits each: no screen or surface is larger."""
    return value >> 16 & 0x1FFF, value & 0x1FFF


class Registers:
    """Registers of one ``family`` by their class, ``read`` by offset; one that the family lacks reads 0."""

    def __init__(self, family: Family, read: ReadRegister) -> None:
        self.family = family
        self.read = read

    def has(self, register: type[Register], label: str = "") -> bool:
        """Whether the family has it."""
        return place(register, self.family.name, label) is not None

    def __call__(self, register: type[Register], label: str = "") -> int:
        """Its value."""
        at = place(register, self.family.name, label)
        return 0 if at is None else self.read(at)

    def labels(self, register: type[Register], field: Field) -> list[str]:
        """The labels of those of an array's registers whose ``field`` is not 0."""
        own = (found for found in register.places if self.family.name in found.families)
        return [found.label for found in own if field.get(self.read(found.address))]


def vga_shown(family: Family, read: ReadRegister) -> bool:
    """Whether the legacy VGA is what the screen shows."""
    return vga_pipe(family, read) is not None


def vga_pipe(family: Family, read: ReadRegister) -> str | None:
    """The pipe that shows the legacy VGA: VGACNTRL's disable bit is clear, and the pipe runs; None where none does.

    The VGA is a plane like another: it has pixels, its pipe has the timing. What a VGA BIOS writes to 3C0h to 3DFh
    starts no pipe: coreboot's text mode on these devices sets up pipe, transcoder and port as for a linear mode, and
    turns the VGA plane on in the place of the primary one (libgfxinit common/hw-gfx-gma-pipe_setup.adb, Setup_Display;
    coreboot src/drivers/intel/gma/text_fb/gma-gfx_init.adb), and each vBIOS that shows mode 3 here writes PIPECONF.

    Where VGACNTRL has no choice of pipe it is pipe A's (Linux i915 display/intel_vga.c, has_vga_pipe_sel); which
    transcoder drives that is not followed: any running one will do.
    """
    control = Registers(family, read)(VGACNTRL)
    pipes = running_pipes(family, read)
    if VGACNTRL.DISABLE.get(control) or not pipes:
        return None
    for field in (VGACNTRL.PIPE_CHV, VGACNTRL.PIPE):
        if family.name in field.families:
            chosen = "ABCD"[field.get(control)]
            return chosen if chosen in pipes else None
    return "A"


def vga_source(family: Family, read: ReadRegister, pipe: str) -> tuple[int, int] | None:
    """Width and height of what ``pipe`` takes from the VGA; None where the VGA has its own timing (generations 2 to 4).

    From generation 5 on the VGA is fitted to the screen from there. Who sets a VGA mode has to set this size too: each
    vBIOS of generations 6 to 9 here does, to the mode's dots a line and lines a frame, 720x400 for text.
    """
    if family.gen <= 4:
        return None
    width, height = _pair(Registers(family, read)(PIPESRC, pipe))
    return width + 1, height + 1


def running_pipes(family: Family, read: ReadRegister) -> list[str]:
    """The pipes that are on."""
    return Registers(family, read).labels(PIPECONF, PIPECONF.ENABLE)


def panel_powered(family: Family, read: ReadRegister) -> bool:
    """Whether a panel power sequencer is told to keep a panel on."""
    return bool(Registers(family, read).labels(PP_CONTROL, PP_CONTROL.POWER))


def active_plane(family: Family, read: ReadRegister) -> Plane | None:
    """The first primary plane that is on and whose pipe is; None when all are off.

    Which transcoder drives a pipe is not followed: any running one will do.
    """
    registers = Registers(family, read)
    if not running_pipes(family, read):
        return None
    for pipe in "ABCD":
        if registers.has(planes.PLANE_CTL, f"1{pipe}"):
            if planes.PLANE_CTL.ENABLE.get(registers(planes.PLANE_CTL, f"1{pipe}")):
                return _universal(registers, pipe)
        elif planes.DSPCNTR.ENABLE.get(registers(planes.DSPCNTR, pipe)):
            return _primary(registers, pipe)
    return None


def _primary(registers: Registers, letter: str) -> Plane:
    """Generations 2 to 8: DSPCNTR and its neighbours; before Ironlake a plane may be put on either pipe."""
    control = registers(planes.DSPCNTR, letter)
    gen = registers.family.gen
    pipe = "ABC"[min(planes.DSPCNTR.PIPE.get(control), 2)] if gen <= 4 else letter
    width, height = (half + 1 for half in _pair(registers(PIPESRC, pipe)))
    code = planes.DSPCNTR.FORMAT.get(control)
    tiling = X_TILED if gen >= 4 and planes.DSPCNTR.TILED.get(control) else LINEAR
    surface, x, y = registers(planes.DSPADDR, letter), 0, 0
    if registers.has(planes.DSPSURF, letter):
        surface = registers(planes.DSPSURF, letter) & planes.DSPSURF.ADDRESS.mask
        if tiling is LINEAR and registers.family.name not in expand("hsw"):
            surface += registers(planes.DSPLINOFF, letter)
        else:
            y, x = _pair(registers(planes.DSPTILEOFF, letter))
    return Plane(
        pipe, width, height, (0, 0, width, height), registers(planes.DSPSTRIDE, letter) & 0xFFFF, surface, x, y,
        PRIMARY_FORMATS.get(code), tiling, f"DSPCNTR format {code:#x}",
    )  # fmt: skip


def _universal(registers: Registers, pipe: str) -> Plane:
    """Generation 9 on: plane 1 of the pipe, which may cover a part of the screen only."""
    label = f"1{pipe}"
    control = registers(planes.PLANE_CTL, label)
    width, height = (half + 1 for half in _pair(registers(PIPESRC, pipe)))
    top, left = _pair(registers(planes.PLANE_POS, label))
    lines, pixels = (half + 1 for half in _pair(registers(planes.PLANE_SIZE, label)))
    shown = (left, top, max(0, min(pixels, width - left)), max(0, min(lines, height - top)))
    code, order = planes.PLANE_CTL.FORMAT.get(control), planes.PLANE_CTL.ORDER.get(control)
    tiling = _UNIVERSAL_TILINGS.get(planes.PLANE_CTL.TILING.get(control))
    unit = tiling.width if tiling else 64
    y, x = _pair(registers(planes.PLANE_OFFSET, label))
    known = not (registers.family.gen >= 11 and control >> 23 & 1) and not planes.PLANE_CTL.ROTATE.get(control)
    return Plane(
        pipe, width, height, shown, (registers(planes.PLANE_STRIDE, label) & 0xFFF) * unit,
        registers(planes.PLANE_SURF, label) & planes.PLANE_SURF.ADDRESS.mask, x, y,
        UNIVERSAL_FORMATS.get((code, order)) if known else None, tiling, f"PLANE_CTL {control:#x}",
    )  # fmt: skip


def palette_place(family: Family, pipe: str) -> int | None:
    """Offset of the pipe's palette of 256 colours."""
    names: dict[str, tuple[tuple[type[Register], str], ...]] = {
        "A": ((LGC_PALETTE, "A0"), (PALETTE, "A0")),
        "B": ((LGC_PALETTE_B, "0"), (PALETTE_B, "0")),
        "C": ((LGC_PALETTE_C, "0"),),
    }
    for register, label in names.get(pipe, ()):
        at = place(register, family.name, label)
        if at is not None:
            return at
    return None
