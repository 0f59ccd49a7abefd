"""The watermark registers: when a plane's FIFO asks for memory, and how the display buffer and its bus are shared."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, VLV_BASE, Array, Field, Register, at_each, by_gen, each
from fwsim.registers.places import I915, UNIVERSAL, Places, pipes

_WM = "Linux i915 display/skl_watermark_regs.h"
_CURSOR = "Linux i915 display/intel_cursor_regs.h"


class CUR_WM_LEVEL(
    Register,
    at={
        families: Array(
            tuple(
                (f"{label}_{level}", address + 4 * level) for label, address in array.members for level in range(1, 8)
            )
        )
        for families, array in pipes(0x70140, "9-").items()
    },
    name="CUR_WM",
    source=_CURSOR,
    gaps=RESERVED,
):
    """Watermark of the cursor at latency levels 1 to 7; gen 12 has the SAGV ones in the place of levels 6 and 7."""

    ENABLE = Field(31, 31, "level on")
    IGNORE_LINES = Field(30, 30, "lines not compared")
    LINES = Field(26, 14, "threshold", unit="lines")
    BLOCKS = Field(11, 0, "threshold", unit="blocks")


class CUR_WM_TRANS(Register, at=pipes(0x70168, "9-"), source=_CURSOR, gaps=RESERVED):
    """Watermark of the cursor while levels change."""

    ENABLE = Field(31, 31, "on")
    IGNORE_LINES = Field(30, 30, "lines not compared")
    LINES = Field(26, 14, "threshold", unit="lines")
    BLOCKS = Field(11, 0, "threshold", unit="blocks")


class DSPARB2(Register, at={"vlv": VLV_BASE + 0x70060}, source=f"{I915} DSPARB2", gaps=RESERVED):
    """Ninth bits of the sprites' FIFO ends on Bay Trail and Cherryview."""

    SPRITE_F = Field(20, 20, "sprite F", gen="cherryview")
    SPRITE_E = Field(16, 16, "sprite E", gen="cherryview")
    SPRITE_D = Field(12, 12, "sprite D")
    SPRITE_C = Field(8, 8, "sprite C")
    SPRITE_B = Field(4, 4, "sprite B")
    SPRITE_A = Field(0, 0, "sprite A")


class DSPARB3(Register, at={"cherryview": VLV_BASE + 0x7006C}, source=f"{I915} DSPARB3", gaps=RESERVED):
    """FIFO ends of pipe C's planes."""

    SPRITE_F = Field(15, 8, "sprite F")
    SPRITE_E = Field(7, 0, "sprite E")


class VLV_DDL(Register, at={"baytrail": each(0x1F0050, 4, "AB"), "cherryview": each(0x1F0050, 4, "ABC")},
              source=f"{I915} VLV_DDL"):  # fmt: skip
    """Drain latency of a pipe's planes: bit 7 of each byte says how fine the time is told."""

    CURSOR_FINE = Field(31, 31, "cursor: fine")
    CURSOR = Field(30, 24, "cursor")
    SPRITE1_FINE = Field(23, 23, "second sprite: fine")
    SPRITE1 = Field(22, 16, "second sprite")
    SPRITE0_FINE = Field(15, 15, "first sprite: fine")
    SPRITE0 = Field(14, 8, "first sprite")
    PLANE_FINE = Field(7, 7, "plane: fine")
    PLANE = Field(6, 0, "plane")


class DSPHOWM(Register, at={"vlv": VLV_BASE + 0x70064}, source=f"{I915} DSPHOWM", gaps=RESERVED):
    """Upper bits of Bay Trail's watermarks."""

    SR = Field(25, 24, "self-refresh, bits 10:9")
    SPRITE_F = Field(23, 23, "sprite F", gen="cherryview")
    SPRITE_E = Field(22, 22, "sprite E", gen="cherryview")
    PLANE_C = Field(21, 21, "plane C", gen="cherryview")
    SPRITE_D = Field(20, 20, "sprite D")
    SPRITE_C = Field(16, 16, "sprite C")
    PLANE_B = Field(12, 12, "plane B")
    SPRITE_B = Field(8, 8, "sprite B")
    SPRITE_A = Field(4, 4, "sprite A")
    PLANE_A = Field(0, 0, "plane A")


class DSPHOWM1(Register, at={"vlv": VLV_BASE + 0x70068}, source=f"{I915} DSPHOWM1", gaps=RESERVED):
    """Upper bits of Bay Trail's second set of watermarks."""

    SR = Field(25, 24, "self-refresh, bits 10:9")
    SPRITE_F = Field(23, 23, "sprite F", gen="cherryview")
    SPRITE_E = Field(22, 22, "sprite E", gen="cherryview")
    PLANE_C = Field(21, 21, "plane C", gen="cherryview")
    SPRITE_D = Field(20, 20, "sprite D")
    SPRITE_C = Field(16, 16, "sprite C")
    PLANE_B = Field(12, 12, "plane B")
    SPRITE_B = Field(8, 8, "sprite B")
    SPRITE_A = Field(4, 4, "sprite A")
    PLANE_A = Field(0, 0, "plane A")


class DSPFW4(Register, at={"vlv": VLV_BASE + 0x70070}, source=f"{I915} DSPFW4", gaps=RESERVED):
    """Second set of watermarks: pipe A's sprites and cursor."""

    SPRITE_B = Field(23, 16, "sprite B")
    CURSOR_A = Field(13, 8, "cursor A")
    SPRITE_A = Field(7, 0, "sprite A")


class DSPFW5(Register, at={"vlv": VLV_BASE + 0x70074}, source=f"{I915} DSPFW5", gaps=RESERVED):
    """Second set of watermarks: planes A and B, cursor B."""

    PLANE_B = Field(31, 24, "plane B")
    PLANE_A = Field(23, 16, "plane A")
    CURSOR_B = Field(13, 8, "cursor B")
    CURSOR_SR = Field(5, 0, "cursor, self-refresh")


class DSPFW6(Register, at={"vlv": VLV_BASE + 0x70078}, source=f"{I915} DSPFW6", gaps=RESERVED):
    """Second set of watermarks: self-refresh."""

    SR = Field(8, 0, "self-refresh")


class DSPFW7(
    Register, at={"baytrail": VLV_BASE + 0x7007C, "cherryview": VLV_BASE + 0x700B4}, source=f"{I915} DSPFW7, DSPFW7_CHV"
):
    """Both sets of watermarks of pipe B's sprites; on Cherryview it lies elsewhere."""

    SPRITE_D_WM1 = Field(31, 24, "sprite D, second set")
    SPRITE_D = Field(23, 16, "sprite D")
    SPRITE_C_WM1 = Field(15, 8, "sprite C, second set")
    SPRITE_C = Field(7, 0, "sprite C")


class DSPFW8(Register, at={"cherryview": VLV_BASE + 0x700B8}, source=f"{I915} DSPFW8_CHV"):
    """Both sets of watermarks of pipe C's sprites."""

    SPRITE_F_WM1 = Field(31, 24, "sprite F, second set")
    SPRITE_F = Field(23, 16, "sprite F")
    SPRITE_E_WM1 = Field(15, 8, "sprite E, second set")
    SPRITE_E = Field(7, 0, "sprite E")


class WM_MISC(Register, at={"hsw,9-12": 0x45260}, source=f"{I915} WM_MISC", gaps=RESERVED):
    """How the FIFO is divided between primary planes and sprites (igt's list has it up to Tiger Lake)."""

    PARTITION = Field(0, 0, "sprites' share", values={0: "half", 1: "five sixths"}, gen="hsw")


class WM_DBG(Register, at={"hsw": 0x45280}, source=f"{I915} WM_DBG", gaps=RESERVED):
    """Which low power watermarks may be used."""

    NO_SPRITE = Field(2, 2, "none while a sprite is on")
    NO_MAXFIFO = Field(1, 1, "no single pipe's whole FIFO")
    NO_MULTIPLE = Field(0, 0, "none with several pipes")


class MBUS_ABOX_CTL(
    Register,
    at=by_gen({"11": 0x45038, "12-": at_each(ABOX0=0x45038, ABOX1=0x45048, ABOX2=0x4504C)}),
    source=f"{I915} MBUS_ABOX_CTL",
    gaps=RESERVED,
):
    """Credits of the memory bus's arbiter."""

    BW = Field(21, 20, "BW credits")
    B = Field(19, 16, "B credits")
    POOL2 = Field(12, 8, "BT credits, second pool")
    POOL1 = Field(4, 0, "BT credits, first pool")


class MBUS_UBOX_CTL(Register, at={"11-": 0x4503C}, source=f"{_WM}; no public fields"):
    """Memory bus, upper box."""

    DATA = Field(31, 0, "not described")


class MBUS_BBOX_CTL(
    Register, at={"11-": at_each(S1=0x45040, S2=0x45044)}, source=f"{_WM} MBUS_BBOX_CTL_S1; no public fields"
):
    """Memory bus, box of a buffer slice."""

    DATA = Field(31, 0, "not described")


class PIPE_MBUS_DBOX_CTL(Register, at=pipes(0x7003C, "11-"), source=_WM, gaps=RESERVED):
    """Credits of a pipe on the memory bus."""

    MAX = Field(24, 20, "transactions back to back", gen="12-")
    DELAY = Field(19, 17, "delay between them", gen="12-")
    REGULATE = Field(16, 16, "they are regulated", gen="12-")
    BW = Field(15, 14, "BW credits")
    B = Field(12, 8, "B credits")
    I = Field(7, 5, "I credits")  # noqa: E741 (its name)
    A = Field(3, 0, "A credits")


class MBUS_CTL(Register, at={"13-": 0x4438C}, source=_WM, gaps=RESERVED):
    """Whether the two halves of the memory bus are joined for one pipe."""

    JOIN = Field(31, 31, "joined")
    HASHING = Field(30, 30, "hashing", values={0: "2x2", 1: "1x4"})
    PIPE = Field(28, 26, "for pipe", values={0: "A", 1: "B", 2: "C", 3: "D", 7: "none"})
    THROTTLE = Field(15, 13, "least translation throttle")


class DBUF_CTL_S34(
    Register, at={"13-": at_each(S3=0x44300, S4=0x44304)}, name="DBUF_CTL", source=f"{_WM} DBUF_CTL_S", gaps=RESERVED
):
    """Display buffer's third and fourth slice."""

    REQUEST = Field(31, 31, "slice wanted on")
    STATE = Field(30, 30, "slice is on", access="ro")
    TRACKER = Field(23, 19, "tracker state service")
    MIN_TRACKER = Field(18, 16, "least tracker state service")


class MTL_LATENCY(
    Register,
    at={"meteorlake": at_each(LP0_LP1=0x45780, LP2_LP3=0x45784, LP4_LP5=0x45788)},
    source=_WM,
    gaps=RESERVED,
):
    """Memory latency of two levels, in us, as firmware measured."""

    ODD = Field(28, 16, "odd level", unit="us")
    EVEN = Field(12, 0, "even level", unit="us")


class MTL_LATENCY_SAGV(Register, at={"meteorlake": 0x4578C}, source=_WM, gaps=RESERVED):
    """Time in which memory changes its clock."""

    LATENCY = Field(12, 0, "latency", unit="us")


def _fetch(offset: int) -> Places:
    """A selective fetch register of planes 1 to 5 of each pipe; planes 6 and 7 of Tiger Lake follow likewise."""
    first = {number: 0x70890 + 0x20 * (number - 1) for number in range(1, 5)} | {5: 0x70920, 6: 0x70940, 7: 0x70960}
    rows: Places = {}
    for families, array in pipes(0, "12-").items():
        for few in (False, True):
            chosen = families & (frozenset({"tigerlake"}) if not few else families - {"tigerlake"})
            if chosen:
                rows[chosen] = Array(
                    tuple((f"{number}{pipe}", first[number] + step + offset)
                          for pipe, step in array.members for number in range(1, 6 if few else 8))
                )  # fmt: skip
    return rows


class PLANE_SEL_FETCH_CTL(Register, at=_fetch(0x0), source=f"{UNIVERSAL} SEL_FETCH_PLANE_CTL", gaps=RESERVED):
    """Selective fetch of a plane: only a part of it is read when the panel refreshes the rest itself."""

    ENABLE = Field(31, 31, "on")


class PLANE_SEL_FETCH_POS(Register, at=_fetch(0x4), source=f"{UNIVERSAL} SEL_FETCH_PLANE_POS"):
    """Where the part lies."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class PLANE_SEL_FETCH_SIZE(Register, at=_fetch(0x8), source=f"{UNIVERSAL} SEL_FETCH_PLANE_SIZE"):
    """Size of the part."""

    HEIGHT = Field(31, 16, "height", unit="lines", plus=1)
    WIDTH = Field(15, 0, "width", unit="pixels", plus=1)


class PLANE_SEL_FETCH_OFFSET(Register, at=_fetch(0xC), source=f"{UNIVERSAL} SEL_FETCH_PLANE_OFFSET"):
    """First pixel of the part within the surface."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class SEL_FETCH_CUR_CTL(Register, at=pipes(0x70880, "12-"), source=_CURSOR, gaps=RESERVED):
    """Selective fetch of the cursor: i915 writes CURCNTR's value into it."""

    ARB_SLOTS = Field(30, 28, "arbitration slots")
    GAMMA = Field(26, 26, "through the palette")
    CSC = Field(24, 24, "colour space conversion")
    ROTATE = Field(15, 15, "turned by 180 degrees")
    TRICKLE = Field(14, 14, "trickle feed off")
    MODE = Field(5, 0, "as CURCNTR's mode")
