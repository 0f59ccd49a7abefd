"""The interrupt registers: live state, mask, pending and enable, by generation."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import INTERRUPTS, RESERVED, VLV_BASE, Array, Field, Register
from fwsim.registers.places import DISPLAY, I915

_REASON = "events differ from part to part; the common ones are named"


def _four(isr: int, prefix: str = "") -> Array:
    """ISR, IMR, IIR and IER in a row."""
    return Array(tuple((prefix + name, isr + 4 * index) for index, name in enumerate(("ISR", "IMR", "IIR", "IER"))))


class IRQ_GEN2(
    Register,
    at={
        "2-4": Array((("IER", 0x20A0), ("IIR", 0x20A4), ("IMR", 0x20A8), ("ISR", 0x20AC))),
        "vlv": Array(tuple((n, VLV_BASE + 0x20A0 + 4 * i) for i, n in enumerate(("IER", "IIR", "IMR", "ISR")))),
    },
    name="INT",
    access=INTERRUPTS,
    source=f"{I915} GEN2_IER",
    gaps=_REASON,
):
    """Interrupts of gens 2 to 4, and the display's of Bay Trail: enable, pending (write 1 to clear), mask, live."""

    HOTPLUG = Field(17, 17, "display port hotplug")
    ERROR = Field(15, 15, "error")
    PIPE_C_VBLANK = Field(10, 10, "pipe C vertical blank", gen="vlv")
    PIPE_C = Field(9, 9, "pipe C event", gen="vlv")
    PIPE_A_VBLANK = Field(7, 7, "pipe A vertical blank")
    PIPE_A = Field(6, 6, "pipe A event")
    PIPE_B_VBLANK = Field(5, 5, "pipe B vertical blank")
    PIPE_B = Field(4, 4, "pipe B event")
    USER = Field(1, 1, "command in the ring")
    ASLE = Field(0, 0, "ASL event")


class EIR(Register, at={"2-4": 0x20B0, "vlv": VLV_BASE + 0x20B0}, access="w1c", source=I915, gaps=RESERVED):
    """Errors."""

    PAGE_TABLE_VLV = Field(6, 5, "GTT entry and its data", gen="vlv")
    PAGE_TABLE_GM45 = Field(5, 5, "GTT entry", gen="g4x")
    PAGE_TABLE = Field(4, 4, "GTT entry")
    REFRESH = Field(1, 1, "memory refresh", gen="2-4")
    INSTRUCTION = Field(0, 0, "instruction, or claim on Bay Trail")


class EMR(Register, at={"2-4": 0x20B4, "vlv": VLV_BASE + 0x20B4}, reset=0xFFFFFFFF, source=I915):
    """Errors that are masked."""

    MASK = Field(31, 0, "masked errors")


class DE_ILK(Register, at={"5-6": _four(0x44000)}, name="DE", access=INTERRUPTS, source=f"{I915} DEISR", gaps=RESERVED):
    """Display interrupts of Ironlake and Sandy Bridge."""

    MASTER = Field(31, 31, "master enable (IER)")
    SPRITE_B = Field(29, 29, "sprite B flipped")
    SPRITE_A = Field(28, 28, "sprite A flipped")
    PLANE_B = Field(27, 27, "plane B flipped")
    PLANE_A = Field(26, 26, "plane A flipped")
    PCU = Field(25, 25, "power unit event")
    GTT_FAULT = Field(24, 24, "GTT fault")
    POISON = Field(23, 23, "poisoned data")
    PERFORM = Field(22, 22, "performance counter")
    PCH = Field(21, 21, "PCH event")
    AUX_A = Field(20, 20, "AUX A")
    PORT_A = Field(19, 19, "port A hotplug")
    GSE = Field(18, 18, "ASL event")
    PIPE_B_VBLANK = Field(15, 15, "pipe B vertical blank")
    PIPE_B = Field(14, 8, "pipe B's other events")
    PIPE_A_VBLANK = Field(7, 7, "pipe A vertical blank")
    PIPE_A = Field(6, 0, "pipe A's other events")


class DE_IVB(
    Register,
    at={"7,!vlv": _four(0x44000)},
    name="DE",
    access=INTERRUPTS,
    source=f"{DISPLAY} DE_ERR_INT_IVB",
    gaps=RESERVED,
):
    """Display interrupts of Ivy Bridge and Haswell."""

    MASTER = Field(31, 31, "master enable (IER)")
    ERROR = Field(30, 30, "error, see ERR_INT")
    GSE = Field(29, 29, "ASL event")
    PCH = Field(28, 28, "PCH event")
    PORT_A = Field(27, 27, "port A hotplug")
    AUX_A = Field(26, 26, "AUX A")
    PSR = Field(19, 19, "self-refresh", gen="haswell")
    FLIPS_C = Field(14, 13, "sprite C, plane C flipped")
    PIPE_C_VBLANK = Field(10, 10, "pipe C vertical blank")
    FLIPS_B = Field(9, 8, "sprite B, plane B flipped")
    PIPE_B_VBLANK = Field(5, 5, "pipe B vertical blank")
    FLIPS_A = Field(4, 3, "sprite A, plane A flipped")
    PIPE_A_VBLANK = Field(0, 0, "pipe A vertical blank")


class GT(Register, at={"5-7": _four(0x44010)}, access=INTERRUPTS, source=f"{I915} GTISR", gaps=_REASON):
    """Engine interrupts of Ironlake to Haswell."""

    BLITTER = Field(22, 22, "blitter command")
    VIDEO = Field(12, 12, "video command")
    PIPE_NOTIFY = Field(4, 4, "render pipe control")
    RENDER = Field(0, 0, "render command")


class PM(
    Register,
    at={"6-7": _four(0x44020)},
    access=INTERRUPTS,
    source="Linux i915 gt/intel_gt_regs.h GEN6_PMISR",
    gaps=_REASON,
):
    """Power management interrupts."""

    THERMAL = Field(6, 6, "thermal event", gen="6-7")
    UP = Field(5, 5, "frequency up")
    DOWN = Field(4, 4, "frequency down")


class VLV_MASTER_IER(Register, at={"baytrail": 0x4400C}, source=I915, gaps=RESERVED):
    """Master interrupt enable of Bay Trail."""

    ENABLE = Field(31, 31, "interrupts on")


class MASTER_IRQ(Register, at={"8-10": 0x44200}, source=f"{I915} GEN8_MASTER_IRQ", gaps=RESERVED):
    """Master interrupt of Broadwell to Comet Lake: who wants something."""

    ENABLE = Field(31, 31, "interrupts on")
    PCU = Field(30, 30, "power unit", access="ro")
    PCH = Field(23, 23, "PCH", access="ro")
    MISC = Field(22, 22, "display, other", access="ro")
    PORT = Field(20, 20, "display ports", access="ro")
    PIPES = Field(18, 16, "pipes C, B, A", access="ro")
    ENGINES = Field(6, 0, "engines", access="ro")


class DISPLAY_INT_CTL(Register, at={"11-": 0x44200}, source=f"{DISPLAY} GEN11_DISPLAY_INT_CTL", gaps=RESERVED):
    """Master interrupt of the display from gen 11 on."""

    ENABLE = Field(31, 31, "interrupts on")
    AUDIO = Field(24, 24, "audio", access="ro")
    PCH = Field(23, 23, "PCH", access="ro")
    MISC = Field(22, 22, "other", access="ro")
    HPD = Field(21, 21, "Type-C hotplug", access="ro")
    PORT = Field(20, 20, "ports", access="ro")
    PIPES = Field(19, 16, "pipes D, C, B, A", access="ro")


class DE_PIPE(
    Register,
    at={
        "8-11,!cherryview": Array(
            tuple(m for n, p in enumerate("ABC") for m in _four(0x44400 + 16 * n, p + "_").members)
        ),
        "12-": Array(tuple(m for n, p in enumerate("ABCD") for m in _four(0x44400 + 16 * n, p + "_").members)),
    },
    access=INTERRUPTS,
    source=f"{DISPLAY} GEN8_DE_PIPE_ISR",
    gaps=RESERVED,
):
    """Interrupts of a pipe: live, mask, pending (write 1 to clear), enable."""

    UNDERRUN = Field(31, 31, "FIFO underrun")
    CRC = Field(29, 28, "CRC error and done")
    DMC = Field(26, 24, "pipe microcontroller", gen="12-")
    PLANES_HIGH = Field(22, 16, "faults and flips of planes 5 to 7, unmodified blank", gen="11-")
    DSB = Field(15, 13, "state buffer", gen="12-")
    FAULTS = Field(11, 7, "cursor and plane faults")
    FLIPS = Field(6, 3, "planes flipped")
    SCANLINE = Field(2, 2, "scan line")
    VSYNC = Field(1, 1, "vertical pulse")
    VBLANK = Field(0, 0, "vertical blank")


class DE_PORT(
    Register, at={"8-,!cherryview": _four(0x44440)}, access=INTERRUPTS,
    source=f"{DISPLAY} GEN8_DE_PORT_ISR; Apollo Lake images poll it", gaps=RESERVED,
):  # fmt: skip
    """Port interrupts; on Apollo Lake bits 3 to 5 of ISR are the live hotplug state of ports A to C."""

    DSI = Field(31, 30, "MIPI", gen="11-")
    AUX_EF = Field(29, 28, "AUX E, F", gen="11-")
    AUX_D = Field(27, 27, "AUX D", gen="9-11")
    AUX_C = Field(26, 26, "AUX C", gen="9-11")
    AUX_B = Field(25, 25, "AUX B", gen="9-11")
    AUX_TC = Field(13, 8, "AUX of the Type-C ports", gen="12-")
    HOTPLUG_C = Field(5, 5, "port C live", gen="bxt")
    HOTPLUG_B = Field(4, 4, "port B live", gen="bxt")
    HOTPLUG_A = Field(3, 3, "port A live", gen="8-10,!cherryview")
    GMBUS = Field(1, 1, "GMBUS event", gen="bxt")
    AUX_C_TGL = Field(2, 2, "AUX C", gen="12-")
    AUX_B_TGL = Field(1, 1, "AUX B", gen="12-")
    AUX_A = Field(0, 0, "AUX A")


class DE_MISC(
    Register,
    at={"8-,!cherryview": _four(0x44460)},
    access=INTERRUPTS,
    source=f"{DISPLAY} GEN8_DE_MISC_ISR",
    gaps=RESERVED,
):
    """Other display interrupts."""

    GSE = Field(27, 27, "ASL event")
    PSR = Field(19, 19, "self-refresh")


class DE_HPD(
    Register, at={"11-": _four(0x44470)}, access=INTERRUPTS, source=f"{DISPLAY} GEN11_DE_HPD_ISR", gaps=RESERVED
):
    """Type-C and Thunderbolt hotplug."""

    TC = Field(21, 16, "Type-C ports 6 to 1")
    TBT = Field(5, 0, "Thunderbolt ports 6 to 1")


class GTT_FAULT(Register, at={"5-6": 0x44040}, access="w1c", source=f"{DISPLAY} ILK_GTT_FAULT", gaps=RESERVED):
    """Which plane met an entry that is not valid."""

    INVALID_PTE = Field(7, 7, "entry not valid")
    INVALID_DATA = Field(6, 6, "entry's data not valid")
    CURSOR_B = Field(5, 5, "cursor B")
    CURSOR_A = Field(4, 4, "cursor A")
    SPRITE_B = Field(3, 3, "sprite B")
    SPRITE_A = Field(2, 2, "sprite A")
    PRIMARY_B = Field(1, 1, "plane B")
    PRIMARY_A = Field(0, 0, "plane A")


class ERR_INT(Register, at={"7,!vlv": 0x44040}, access="w1c", source=f"{I915} GEN7_ERR_INT", gaps=RESERVED):
    """Display errors of Ivy Bridge and Haswell: GTT faults by plane, underruns, unclaimed accesses."""

    POISON = Field(31, 31, "poisoned data")
    INVALID_PTE = Field(29, 29, "GTT entry not valid")
    INVALID_DATA = Field(28, 28, "GTT entry's data not valid")
    SPRITE_C = Field(23, 23, "sprite C faulted")
    PRIMARY_C = Field(22, 22, "plane C faulted")
    CURSOR_C = Field(21, 21, "cursor C faulted")
    SPRITE_B = Field(20, 20, "sprite B faulted")
    PRIMARY_B = Field(19, 19, "plane B faulted")
    CURSOR_B = Field(18, 18, "cursor B faulted")
    SPRITE_A = Field(17, 17, "sprite A faulted")
    PRIMARY_A = Field(16, 16, "plane A faulted")
    CURSOR_A = Field(15, 15, "cursor A faulted")
    UNCLAIMED = Field(13, 13, "register access that nobody claimed")
    UNDERRUN_C = Field(6, 6, "pipe C underrun")
    UNDERRUN_B = Field(3, 3, "pipe B underrun")
    UNDERRUN_A = Field(0, 0, "pipe A underrun")


class FPGA_DBG(Register, at={"hsw,9-": 0x42300}, source=I915, gaps=RESERVED):
    """Register accesses that nobody claimed."""

    NOCLAIM = Field(31, 31, "unclaimed access", access="w1c")


class CLAIM_ER(Register, at={"vlv": VLV_BASE + 0x2028}, source=I915, gaps=RESERVED):
    """Register accesses that nobody claimed (Bay Trail)."""

    CLEAR = Field(31, 31, "clear")
    OVERFLOW = Field(16, 16, "counter overflowed")
    COUNT = Field(15, 0, "unclaimed accesses")
