"""The plane registers: which memory is scanned out, in which format, and the cursor."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Field, Register, each
from fwsim.registers.places import DISPLAY, PLANE, UNIVERSAL, cursors, pipes, planes

_CURSOR = "Linux i915 display/intel_cursor_regs.h"
_SPRITE = "Linux i915 display/intel_sprite_regs.h"
_OLD = {
    2: "8 bpp indexed",
    3: "BGRA 5551",
    4: "BGRX 5551 (15 bpp)",
    5: "BGRX 565 (16 bpp)",
    6: "BGRX 8888 (32 bpp)",
    7: "BGRA 8888",
    8: "RGBX 10:10:10",
    9: "RGBA 10:10:10",
    10: "BGRX 10:10:10",
    11: "BGRA 10:10:10",
    12: "RGBX 16:16:16",
    14: "RGBX 8888",
    15: "RGBA 8888",
}


class DSPCNTR(Register, at=pipes(0x70180, "2-8"), source=PLANE, gaps=RESERVED):
    """Primary plane control."""

    ENABLE = Field(31, 31, "plane on")
    GAMMA = Field(30, 30, "through the pipe's palette")
    FORMAT = Field(29, 26, "pixel format", values=_OLD)
    PIPE = Field(25, 24, "pipe", gen="2-4", values={0: "A", 1: "B", 2: "C"})
    CSC = Field(24, 24, "colour space conversion", gen="5-,!vlv")
    KEY = Field(22, 22, "source colour key")
    DOUBLE = Field(20, 20, "lines doubled")
    PREMULTIPLIED = Field(16, 16, "alpha premultiplied", gen="cherryview")
    ROTATE = Field(15, 15, "turned by 180 degrees", gen="4-")
    TRICKLE = Field(14, 14, "trickle feed off", gen="g4x,5-")
    TILED = Field(10, 10, "memory layout", gen="4-", values={0: "linear", 1: "X-tiled"})
    ASYNC = Field(9, 9, "flip at once", gen="g4x,5-")
    MIRROR = Field(8, 8, "mirrored", gen="cherryview")
    ABOVE = Field(0, 0, "sprite above the overlay", gen="2-4,!g4x")


class DSPADDR(Register, at=pipes(0x70184, "2-3"), source=PLANE):
    """Frame buffer address of the primary plane (before the 965): writing it takes effect at the next blank."""

    ADDRESS = Field(31, 0, "graphics address", address=True)


class DSPADDR_VLV(Register, at=pipes(0x7017C, "vlv"), source=PLANE):
    """Frame buffer address for asynchronous flips of Bay Trail and Cherryview."""

    ADDRESS = Field(31, 0, "graphics address", address=True)


class DSPLINOFF(Register, at=pipes(0x70184, "4-8"), source=f"{PLANE}; Haswell images still write it"):
    """Offset of the first pixel from the surface, for linear memory; Haswell goes by DSPTILEOFF instead."""

    OFFSET = Field(31, 0, "added to the surface", unit="bytes")


class DSPSTRIDE(Register, at=pipes(0x70188, "2-8"), source=PLANE):
    """Bytes from one line to the next."""

    STRIDE = Field(31, 0, "a line", unit="bytes")


class DSPPOS(Register, at=pipes(0x7018C, "2-4,!g4x"), source=PLANE):
    """Where on the screen the plane lies."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class DSPSIZE(Register, at=pipes(0x70190, "2-4,!g4x"), source=PLANE):
    """Size of the plane."""

    HEIGHT = Field(31, 16, "height", unit="lines", plus=1)
    WIDTH = Field(15, 0, "width", unit="pixels", plus=1)


class DSPSURF(Register, at=pipes(0x7019C, "4-8"), source=PLANE, gaps=RESERVED):
    """Surface base of the primary plane; writing it takes the other plane registers over at the next blank."""

    ADDRESS = Field(31, 12, "graphics address", address=True)
    DECRYPT = Field(2, 2, "decrypt")


class DSPTILEOFF(Register, at=pipes(0x701A4, "4-8"), source=PLANE):
    """Offset of the first pixel in a tiled surface (in any surface from Haswell on)."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class DSPSURFLIVE(Register, at=pipes(0x701AC, "g4x,5-8"), access="ro", source=PLANE, gaps=RESERVED):
    """The surface being scanned out now."""

    ADDRESS = Field(31, 12, "graphics address", address=True)


_UNIVERSAL = {
    0: "YUV 4:2:2",
    1: "NV12",
    2: "RGB 2:10:10:10",
    4: "RGB 8:8:8:8 (32 bpp)",
    6: "RGB 16:16:16:16 float",
    8: "YUV 4:4:4",
    10: "RGB 2:10:10:10 extended",
    12: "8 bpp indexed",
    14: "RGB 5:6:5 (16 bpp)",
}


class PLANE_CTL(Register, at=planes(0x70180), source=UNIVERSAL, gaps=RESERVED):
    """Universal plane control."""

    ENABLE = Field(31, 31, "plane on")
    ARB_SLOTS = Field(30, 28, "arbitration slots", gen="11-")
    GAMMA = Field(30, 30, "through the pipe's palette", gen="9-10")
    YUV_RANGE = Field(28, 28, "YUV range correction off", gen="9-10")
    FORMAT = Field(27, 24, "pixel format", gen="9-10", values=_UNIVERSAL)
    FORMAT_ICL = Field(27, 23, "pixel format", gen="11-", values={2 * code: text for code, text in _UNIVERSAL.items()})
    CSC = Field(23, 23, "colour space conversion", gen="9-10")
    KEY = Field(22, 21, "colour key", values={0: "off", 1: "source", 2: "destination"})
    ORDER = Field(20, 20, "colour order", values={0: "BGRX", 1: "RGBX"})
    YUV709 = Field(18, 18, "YUV is BT.709")
    YUV_ORDER = Field(17, 16, "YUV byte order")
    DECOMPRESS = Field(15, 15, "render compression")
    TRICKLE = Field(14, 14, "trickle feed off")
    CLEAR_COLOR = Field(13, 13, "clear colour off, or gamma off before gen 11")
    TILING = Field(12, 10, "memory layout", values={0: "linear", 1: "X-tiled", 4: "Y-tiled", 5: "Yf-tiled"})
    ASYNC = Field(9, 9, "flip at once")
    FLIP_X = Field(8, 8, "mirrored", gen="11-")
    ALPHA = Field(5, 4, "alpha", values={0: "off", 2: "premultiplied by software", 3: "by hardware"}, gen="9-10")
    ROTATE = Field(1, 0, "turned", values={0: "no", 1: "90 degrees", 2: "180 degrees", 3: "270 degrees"})


class PLANE_STRIDE(Register, at=planes(0x70188), source=UNIVERSAL, gaps=RESERVED):
    """From one line to the next: units of 64 bytes when linear, of a tile's width when tiled."""

    STRIDE_SKL = Field(9, 0, "bytes when linear", gen="9-10", unit="bytes when linear", scale=64)
    STRIDE = Field(11, 0, "bytes when linear", gen="11-", unit="bytes when linear", scale=64)


class PLANE_POS(Register, at=planes(0x7018C), source=UNIVERSAL):
    """Where on the screen the plane lies."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class PLANE_SIZE(Register, at=planes(0x70190), source=UNIVERSAL):
    """Size of the plane."""

    HEIGHT = Field(31, 16, "height", unit="lines", plus=1)
    WIDTH = Field(15, 0, "width", unit="pixels", plus=1)


class PLANE_KEYVAL(Register, at=planes(0x70194), source=UNIVERSAL):
    """Colour key."""

    COLOUR = Field(31, 0, "colour")


class PLANE_KEYMSK(Register, at=planes(0x70198), source=UNIVERSAL):
    """Colour key mask."""

    ALPHA_ENABLE = Field(31, 31, "constant alpha on")
    MASK = Field(30, 0, "channels compared")


class PLANE_SURF(Register, at=planes(0x7019C), source=UNIVERSAL, gaps=RESERVED):
    """Surface base; writing it takes the other plane registers over at the next blank."""

    ADDRESS = Field(31, 12, "graphics address", address=True)
    DECRYPT = Field(2, 2, "decrypt")


class PLANE_KEYMAX(Register, at=planes(0x701A0), source=UNIVERSAL):
    """Colour key's upper end, and the plane's alpha."""

    ALPHA = Field(31, 24, "plane alpha")
    COLOUR = Field(23, 0, "upper end")


class PLANE_OFFSET(Register, at=planes(0x701A4), source=UNIVERSAL):
    """First pixel within the surface."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class PLANE_SURFLIVE(Register, at=planes(0x701AC), access="ro", source=UNIVERSAL, gaps=RESERVED):
    """The surface being scanned out now."""

    ADDRESS = Field(31, 12, "graphics address", address=True)


class PLANE_AUX_DIST(Register, at=planes(0x701C0), source=UNIVERSAL, gaps=RESERVED):
    """Distance to the auxiliary (compression or UV) surface."""

    DISTANCE = Field(31, 12, "distance", address=True)
    STRIDE = Field(9, 0, "its stride")


class PLANE_COLOR_CTL(Register, at=planes(0x701CC, "geminilake,10-"), source=UNIVERSAL, gaps=RESERVED):
    """Plane colour control, which took bits over from PLANE_CTL."""

    GAMMA = Field(30, 30, "through the pipe's palette", gen="geminilake,10")
    YUV_RANGE = Field(28, 28, "YUV range correction off")
    CSC = Field(23, 23, "through the pipe's colour space conversion", gen="geminilake,10")
    PLANE_CSC = Field(21, 20, "plane and input colour space conversion", gen="11-")
    CSC_MODE = Field(19, 17, "conversion")
    GAMMA_MODE = Field(15, 14, "gamma before and after")
    PLANE_GAMMA = Field(13, 13, "plane gamma off")
    ALPHA = Field(5, 4, "alpha", values={0: "off", 2: "premultiplied by software", 3: "by hardware"})


class PLANE_WM(
    Register, at=planes(0x70240, words=8), source="Linux i915 display/skl_universal_plane_regs.h", gaps=RESERVED
):
    """Watermarks of a plane, one a latency level; gen 12 has the SAGV ones in the place of levels 6 and 7."""

    ENABLE = Field(31, 31, "level on")
    IGNORE_LINES = Field(30, 30, "lines not compared")
    LINES = Field(26, 14, "threshold", unit="lines")
    BLOCKS = Field(11, 0, "threshold", unit="blocks")


class PLANE_BUF_CFG(Register, at=planes(0x7027C), source="Linux i915 display/skl_watermark_regs.h", gaps=RESERVED):
    """The plane's share of the display buffer."""

    END = Field(27, 16, "last block")
    START = Field(11, 0, "first block")


class CURCNTR(Register, at=cursors(0x70080), source=_CURSOR, gaps=RESERVED):
    """Cursor control."""

    ENABLE_OLD = Field(31, 31, "cursor on", gen="845,865")
    GAMMA_OLD = Field(30, 30, "through the palette", gen="845,865")
    STRIDE_OLD = Field(29, 28, "stride", gen="845,865", values={0: "256", 1: "512", 2: "1024", 3: "2048"})
    FORMAT_OLD = Field(26, 24, "format", gen="845,865", values={0: "2 colours", 4: "ARGB", 5: "XRGB"})
    PIPE = Field(29, 28, "pipe", gen="830,855,3-", values={0: "A", 1: "B", 2: "C"})
    GAMMA = Field(26, 26, "through the palette", gen="830,855,3-")
    CSC = Field(24, 24, "colour space conversion", gen="5-")
    ROTATE = Field(15, 15, "turned by 180 degrees", gen="4-")
    TRICKLE = Field(14, 14, "trickle feed off", gen="4-")
    MODE = Field(
        5,
        0,
        "cursor",
        gen="830,855,3-",
        values={
            0: "off",
            2: "128x128 32 bpp AND/XOR",
            3: "256x256 32 bpp AND/XOR",
            4: "64x64 2 bpp",
            7: "64x64 32 bpp AND/XOR",
            0x22: "128x128 ARGB",
            0x23: "256x256 ARGB",
            0x27: "64x64 ARGB",
        },
    )


class CURBASE(Register, at=cursors(0x70084), source=_CURSOR):
    """Address of the cursor's picture; writing it takes the other cursor registers over."""

    ADDRESS = Field(31, 0, "graphics (830, 915: physical) address", address=True)


class CURPOS(Register, at=cursors(0x70088), source=_CURSOR):
    """Where the cursor is."""

    Y_SIGN = Field(31, 31, "above the screen")
    Y = Field(30, 16, "line")
    X_SIGN = Field(15, 15, "left of the screen")
    X = Field(14, 0, "column")


class CUR_FBC_CTL(Register, at=cursors(0x700A0, "ivybridge,hsw,9-"), source=_CURSOR, gaps=RESERVED):
    """Shows fewer lines of a cursor than its mode has."""

    ENABLE = Field(31, 31, "height reduced")
    HEIGHT = Field(7, 0, "height", unit="lines", plus=1)


class CURSIZE(Register, at={"845,865": 0x700A0}, source=_CURSOR, gaps=RESERVED):
    """Size of the cursor (845 and 865)."""

    HEIGHT = Field(21, 12, "height", unit="lines")
    WIDTH = Field(9, 0, "width", unit="pixels")


class CURSURFLIVE(Register, at=cursors(0x700AC, "g4x,5-,!vlv"), access="ro", source=_CURSOR):
    """The cursor picture being scanned out now."""

    ADDRESS = Field(31, 0, "graphics address", address=True)


class CUR_BUF_CFG(Register, at=pipes(0x7017C, "9-"), source=_CURSOR, gaps=RESERVED):
    """The cursor's share of the display buffer."""

    END = Field(27, 16, "last block")
    START = Field(11, 0, "first block")


class CUR_WM(Register, at=pipes(0x70140, "9-"), source=_CURSOR, gaps=RESERVED):
    """Watermark of the cursor at latency level 0; levels 1 to 7 follow."""

    ENABLE = Field(31, 31, "level on")
    IGNORE_LINES = Field(30, 30, "lines not compared")
    LINES = Field(26, 14, "threshold", unit="lines")
    BLOCKS = Field(11, 0, "threshold", unit="blocks")


class SPRCTL(Register, at={"ivybridge,hsw": each(0x70280, 0x1000, "ABC")}, source=_SPRITE, gaps=RESERVED):
    """Sprite plane control of Ivy Bridge to Broadwell."""

    ENABLE = Field(31, 31, "sprite on")
    GAMMA = Field(30, 30, "through the palette")
    YUV_RANGE = Field(28, 28, "YUV range correction off")
    FORMAT = Field(27, 25, "pixel format", values={0: "YUV 4:2:2", 1: "RGB 10:10:10", 2: "RGB 8888", 3: "RGB 16161616"})
    CSC = Field(24, 24, "colour space conversion")
    KEY = Field(22, 22, "source colour key")
    ORDER = Field(20, 20, "colour order", values={0: "BGRX", 1: "RGBX"})
    YUV_ORDER = Field(17, 16, "YUV byte order")
    ROTATE = Field(15, 15, "turned by 180 degrees")
    TRICKLE = Field(14, 14, "trickle feed off")
    TILED = Field(10, 10, "memory layout", values={0: "linear", 1: "X-tiled"})
    DEST_KEY = Field(2, 2, "destination colour key")


class SPRLINOFF(Register, at={"ivybridge,hsw": each(0x70284, 0x1000, "ABC")}, source=_SPRITE):
    """Offset of the sprite's first pixel, for linear memory."""

    OFFSET = Field(31, 0, "added to the surface", unit="bytes")


class SPRSTRIDE(Register, at={"ivybridge,hsw": each(0x70288, 0x1000, "ABC")}, source=_SPRITE):
    """Bytes from one line of the sprite to the next."""

    STRIDE = Field(31, 0, "a line", unit="bytes")


class SPRPOS(Register, at={"ivybridge,hsw": each(0x7028C, 0x1000, "ABC")}, source=_SPRITE):
    """Where the sprite is."""

    Y = Field(31, 16, "line")
    X = Field(15, 0, "column")


class SPRSIZE(Register, at={"ivybridge,hsw": each(0x70290, 0x1000, "ABC")}, source=_SPRITE):
    """Size of the sprite."""

    HEIGHT = Field(31, 16, "height", unit="lines", plus=1)
    WIDTH = Field(15, 0, "width", unit="pixels", plus=1)


class SPRSURF(Register, at={"ivybridge,hsw": each(0x7029C, 0x1000, "ABC")}, source=_SPRITE, gaps=RESERVED):
    """Surface base of the sprite."""

    ADDRESS = Field(31, 12, "graphics address", address=True)


class DVSCNTR(Register, at={"5-6": each(0x72180, 0x1000, "AB")}, source=_SPRITE, gaps=RESERVED):
    """Sprite plane control of Ironlake and Sandy Bridge."""

    ENABLE = Field(31, 31, "sprite on")
    GAMMA = Field(30, 30, "through the palette")
    FORMAT = Field(26, 25, "pixel format", values={0: "YUV 4:2:2", 1: "RGB 10:10:10", 2: "RGB 8888", 3: "RGB 16161616"})
    KEY = Field(22, 22, "source colour key")
    ORDER = Field(20, 20, "colour order", values={0: "BGRX", 1: "RGBX"})
    YUV_ORDER = Field(17, 16, "YUV byte order")
    TILED = Field(10, 10, "memory layout", values={0: "linear", 1: "X-tiled"})
    DEST_KEY = Field(2, 2, "destination colour key")


class DVSSURF(Register, at={"5-6": each(0x7219C, 0x1000, "AB")}, source=_SPRITE, gaps=RESERVED):
    """Surface base of the sprite."""

    ADDRESS = Field(31, 12, "graphics address", address=True)


class SPCNTR(
    Register,
    at={
        "baytrail": each(0x1F2180, 0x100, ["A0", "A1", "B0", "B1"]),
        "cherryview": each(0x1F2180, 0x100, ["A0", "A1", "B0", "B1", "C0", "C1"]),
    },
    source=_SPRITE,
    gaps=RESERVED,
):
    """Sprite plane control of Bay Trail and Cherryview."""

    ENABLE = Field(31, 31, "sprite on")
    GAMMA = Field(30, 30, "through the palette")
    FORMAT = Field(29, 26, "pixel format", values=_OLD)
    KEY = Field(22, 22, "source colour key")
    ROTATE = Field(15, 15, "turned by 180 degrees")
    TILED = Field(10, 10, "memory layout", values={0: "linear", 1: "X-tiled"})


class SWF0(Register, at={"2-4": each(0x70410, 4, 16), "vlv": each(0x1F0410, 4, 16)}, source=f"{DISPLAY} SWF0"):
    """Software flags: storage that firmware and driver share."""

    DATA = Field(31, 0, "as software likes")


class SWF1(Register, at={"2-4": each(0x71410, 4, 16), "vlv": each(0x1F1410, 4, 16)}, source=f"{DISPLAY} SWF1"):
    """Software flags: the vBIOS keeps its state in these on gens 2 to 4."""

    DATA = Field(31, 0, "as software likes")


class SWF3(Register, at={"2-4": each(0x72414, 4, 3), "vlv": each(0x1F2414, 4, 3)}, source=f"{DISPLAY} SWF3"):
    """Software flags, third bank."""

    DATA = Field(31, 0, "as software likes")


class SWF_ILK(Register, at={"5-,!vlv": each(0x4F000, 4, 36)}, name="SWF", source=f"{DISPLAY} SWF_ILK"):
    """Software flags from Ironlake on."""

    DATA = Field(31, 0, "as software likes")
