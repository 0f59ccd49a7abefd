"""The INT 15h leaves by which a video BIOS asks the system BIOS, or tells it something: its hooks.

Address: vector * 0x10000 + AX. The fields are those of CX in the answer, where AX=005F says that it is one (015F: the
system BIOS knows the leaf, and failed). Where a leaf has functions of its own, ``SELECTOR`` names their register.
"""

# ruff: noqa: N801 (names as the sources' comments have them)

from fwsim.registers.core import RESERVED, Field, Register

_INTEL = "coreboot src/drivers/intel/gma/int15.c"
_KONTRON = "coreboot src/mainboard/kontron/ktqm77/mainboard.c"
_IP1000 = "coreboot src/mainboard/thomson/ip1000/mainboard.c"
_EMGD = "Intel EMGD 1.18 user guide, Hooks for the System BIOS"
_SEABIOS = "SeaBIOS src/vgahooks.c"
_NO_ANSWER = "told, not asked"
_ELSEWHERE = "not in CX"


class VIA_PANEL(Register, at=0x155F01, space="int", width=2, source=_SEABIOS, gaps=RESERVED):
    """VIA: which panel it is."""

    PANEL = Field(7, 0, "panel type", values={2: "1024x768"})


class VIA_TV_CRT(Register, at=0x155F02, space="int", width=2, source=_SEABIOS, gaps="as SeaBIOS answers: 0401h"):
    """VIA: TV format and boot displays."""


class MISC_STATUS(Register, at=0x155F14, space="int", width=2, source=_KONTRON, gaps=RESERVED):
    """Docking, lid and AC power, with BX=078F."""

    AC = Field(2, 2, "AC power")
    LID = Field(1, 1, "lid closed")
    DOCKED = Field(0, 0, "docked")


class VIA_MEMORY(Register, at=0x155F18, space="int", width=2, source=_SEABIOS, gaps=_ELSEWHERE):
    """VIA: size and speed of the frame buffer's memory, in BX."""


class POST_COMPLETED(Register, at=0x155F31, space="int", width=2, source=_EMGD, gaps=_NO_ANSWER):
    """The video BIOS's POST is complete."""


class MODE_SET_DONE(Register, at=0x155F33, space="int", width=2, source=_EMGD, gaps=_NO_ANSWER):
    """A mode was set."""


class PANEL_FITTING(Register, at=0x155F34, space="int", width=2, source=_INTEL, gaps=RESERVED):
    """How a mode smaller than the panel is fitted to it."""

    GRAPHICS = Field(2, 2, "graphics stretched")
    TEXT = Field(1, 1, "text stretched")
    CENTRE = Field(0, 0, "centred (not with TEXT)")


class BOOT_DISPLAY(Register, at=0x155F35, space="int", width=2, source=f"{_INTEL}; {_SEABIOS} answers 0",
                   gaps=RESERVED):  # fmt: skip
    """Which displays boot; 0 leaves it to the video BIOS."""

    LFP2 = Field(7, 7, "second panel")
    EFP2 = Field(6, 6, "second digital display")
    TV2 = Field(5, 5, "second TV, or eDP")
    CRT2 = Field(4, 4, "second CRT")
    LFP = Field(3, 3, "panel")
    EFP = Field(2, 2, "digital display")
    TV = Field(1, 1, "TV, or eDP")
    CRT = Field(0, 0, "CRT")


class BOOT_TV(Register, at=0x155F36, space="int", width=2, source=_EMGD, gaps="not told"):
    """Which TV format boots."""


class MODE_SET_BEGINS(Register, at=0x155F38, space="int", width=2, source=_EMGD, gaps=_NO_ANSWER):
    """A mode is about to be set."""


class BOOT_PANEL(Register, at=0x155F40, space="int", width=2, source=f"{_KONTRON}; {_SEABIOS} answers 3",
                 gaps=RESERVED):  # fmt: skip
    """Which of the VBT's panels it is; BL: 0 the first panel, 1 the second."""

    PANEL = Field(7, 0, "panel type, from 1")


class VBE_DDC_BEGINS(Register, at=0x155F45, space="int", width=2, source=_IP1000, gaps=_NO_ANSWER):
    """VBE/DDC is about to be used."""


class VBE_PM_BEGINS(Register, at=0x155F46, space="int", width=2, source=_IP1000, gaps=_NO_ANSWER):
    """VBE/PM is about to be used."""


class DISPLAY_SWITCH(Register, at=0x155F47, space="int", width=2, source=_IP1000, gaps=_NO_ANSWER):
    """The displays are being switched."""


class INVERTER(Register, at=0x155F49, space="int", width=2, source=_KONTRON, gaps=RESERVED):
    """How the backlight's inverter is driven; BX: brightness 0 to 255."""

    DRIVE = Field(1, 0, "inverter", values={0: "PWM, inverted", 1: "I2C, inverted", 2: "PWM", 3: "I2C"})


class DELL(Register, at=0x155F50, space="int", width=2, source=f"{_SEABIOS}: a hook that some Dell laptops need",
           gaps=_NO_ANSWER):  # fmt: skip
    """A hook of some Dell laptops."""


class ACTIVE_LFP(Register, at=0x155F51, space="int", width=2, source=_INTEL, gaps=RESERVED):
    """Which LFP is active."""

    LFP = Field(7, 0, "local flat panel", values={0: "none", 1: "on LVDS", 2: "on SDVO, as LVDS", 3: "on eDP"})


class PANEL_DEPTH(Register, at=0x155F52, space="int", width=2, source=_KONTRON, gaps=RESERVED):
    """How deep the panel's colours are."""

    DEPTH = Field(0, 0, "colour depth", values={0: "18 bits", 1: "24 bits"})


class LOCAL_MEMORY(Register, at=0x155F65, space="int", width=2, source=_IP1000, gaps="not told"):
    """Local memory is being initialized."""


class MUX(Register, at=0x155F70, space="int", width=2, source=f"{_INTEL} answers 0", gaps="as coreboot answers: 0"):
    """Switchable graphics; CH: 0 get the mux, 1 set it, 2 get the mode."""


class LINK_HOOK(Register, at=0x155FAC, space="int", width=2, gaps="not told",
                source="coreboot src/mainboard/google/link/mainboard.c takes it and changes no register"):  # fmt: skip
    """A hook without a public name."""


class SMI_DISPLAY(Register, at=0x157F02, space="int", width=2, source=f"{_SEABIOS} (AX=007F)", gaps=_ELSEWHERE):
    """Silicon Motion: which displays boot, in BL."""


class SMI_REDUCEON(Register, at=0x157F14, space="int", width=2, source=f"{_SEABIOS} (AX=007F)", gaps=_ELSEWHERE):
    """Silicon Motion: whether ReduceOn is used, in BL."""


SELECTOR: dict[int, str] = {0x5F14: "bx", 0x5F40: "bx", 0x5F49: "bx"}
"""AX of a leaf whose input is not CX, with the register it is in."""
HOOKS = (0x5F, 0x7F)
"""AH of the leaves that a video BIOS calls: Intel's and VIA's, Silicon Motion's."""
