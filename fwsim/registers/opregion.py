"""The fields of the OpRegion's header and mailboxes, by offset from its start."""

# ruff: noqa: N801 (the specification's own names)

from fwsim.registers.core import RESERVED, Field, Register, each

_SPEC = "Intel IGD OpRegion specification 0.5; Linux i915 display/intel_opregion.c"
_GEN = "3-"


class OPREGION_SIGN(Register, at={_GEN: each(0x00, 8, 2)}, space="opregion", width=8, reset=None, source=_SPEC):
    """Signature: IntelGraphicsMem."""

    TEXT = Field(63, 0, "eight letters")


class OPREGION_SIZE(Register, at={_GEN: 0x10}, space="opregion", reset=8, source=_SPEC):
    """Size of the OpRegion."""

    SIZE = Field(31, 0, "size", unit="KiB")


class OPREGION_OVER(Register, at={_GEN: 0x14}, space="opregion", reset=0x02000000, source=f"{_SPEC}; vfio reads 0x16"):
    """Version: major and minor in the upper two bytes."""

    MAJOR = Field(31, 24, "major")
    MINOR = Field(23, 16, "minor")
    REVISION = Field(15, 8, "revision")
    RESERVED_BYTE = Field(7, 0, "reserved")


class OPREGION_SVER(Register, at={_GEN: each(0x18, 8, 4)}, space="opregion", width=8, reset=None, source=_SPEC):
    """Version text of the system firmware."""

    TEXT = Field(63, 0, "eight letters")


class OPREGION_VVER(Register, at={_GEN: each(0x38, 8, 2)}, space="opregion", width=8, reset=None, source=_SPEC):
    """Version text of the video firmware."""

    TEXT = Field(63, 0, "eight letters")


class OPREGION_GVER(Register, at={_GEN: each(0x48, 8, 2)}, space="opregion", width=8, reset=None, source=_SPEC):
    """Version text of the driver."""

    TEXT = Field(63, 0, "eight letters")


class OPREGION_MBOX(Register, at={_GEN: 0x58}, space="opregion", reset=None, source=_SPEC, gaps=RESERVED):
    """Which mailboxes there are."""

    BACKLIGHT = Field(5, 5, "2: backlight (from version 3 on)")
    MBOX5 = Field(4, 4, "5: ASLE extensions, a panel's EDID")
    MBOX4 = Field(3, 3, "4: VBT")
    MBOX3 = Field(2, 2, "3: ASL to driver (ASLE)")
    MBOX2 = Field(1, 1, "2: software SCI")
    MBOX1 = Field(0, 0, "1: ACPI")


class OPREGION_DMOD(Register, at={_GEN: 0x5C}, space="opregion", reset=0, source=_SPEC):
    """Driver model."""

    MODEL = Field(31, 0, "driver model")


class OPREGION_PCON(Register, at={_GEN: 0x60}, space="opregion", reset=None, source=_SPEC):
    """Platform configuration."""

    BITS = Field(31, 0, "platform capabilities")


class OPREGION_DVER(Register, at={_GEN: each(0x64, 8, 4)}, space="opregion", width=8, reset=None, source=_SPEC):
    """Driver version text."""

    TEXT = Field(63, 0, "letters")


class DRDY(Register, at={_GEN: 0x100}, space="opregion", source=_SPEC):
    """Driver is ready for ACPI's notifications."""

    READY = Field(31, 0, "non-zero: ready")


class CSTS(Register, at={_GEN: 0x104}, space="opregion", source=_SPEC):
    """Notification state."""

    STATE = Field(31, 0, "state", values={0: "success", 1: "failure", 2: "pending", 3: "dispatched"})


class CEVT(Register, at={_GEN: 0x108}, space="opregion", source=_SPEC):
    """Current event."""

    EVENT = Field(31, 0, "event")


class DIDL(Register, at={_GEN: each(0x120, 4, 8)}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Displays the driver supports, by their ACPI ids."""

    BIOS = Field(16, 16, "detected by firmware")
    KIND = Field(11, 8, "kind", values={1: "CRT", 2: "TV", 3: "external digital", 4: "internal digital"})
    PORT = Field(7, 4, "port")
    INDEX = Field(3, 0, "number")


class CPDL(Register, at={_GEN: each(0x140, 4, 8)}, space="opregion", source=_SPEC):
    """Displays attached now."""

    ID = Field(31, 0, "ACPI id")


class CADL(Register, at={_GEN: each(0x160, 4, 8)}, space="opregion", source=_SPEC):
    """Displays active now."""

    ID = Field(31, 0, "ACPI id")


class NADL(Register, at={_GEN: each(0x180, 4, 8)}, space="opregion", source=_SPEC):
    """Displays to be active next."""

    ID = Field(31, 0, "ACPI id")


class ASLP(Register, at={_GEN: 0x1A0}, space="opregion", source=_SPEC):
    """How long ACPI waits."""

    TIMEOUT = Field(31, 0, "time-out", unit="ms")


class TIDX(Register, at={_GEN: 0x1A4}, space="opregion", source=_SPEC):
    """Index of the display toggle table."""

    INDEX = Field(31, 0, "index")


class CHPD(Register, at={_GEN: 0x1A8}, space="opregion", source=_SPEC):
    """Hotplug enabled."""

    ENABLE = Field(31, 0, "non-zero: on")


class CLID(Register, at={_GEN: 0x1AC}, space="opregion", reset=None, source=_SPEC):
    """Lid."""

    OTHER = Field(31, 1, "reserved")
    OPEN = Field(0, 0, "lid", values={0: "closed", 1: "open"})


class CDCK(Register, at={_GEN: 0x1B0}, space="opregion", reset=None, source=_SPEC):
    """Dock."""

    OTHER = Field(31, 1, "reserved")
    DOCKED = Field(0, 0, "docked")


class SXSW(Register, at={_GEN: 0x1B4}, space="opregion", source=_SPEC):
    """Display switch notification when a sleep state is left."""

    NOTIFY = Field(31, 0, "non-zero: notify")


class EVTS(Register, at={_GEN: 0x1B8}, space="opregion", source=_SPEC):
    """Events that ACPI supports."""

    EVENTS = Field(31, 0, "events")


class CNOT(Register, at={_GEN: 0x1BC}, space="opregion", source=_SPEC):
    """Notification that the system has now."""

    NOTIFICATION = Field(31, 0, "notification")


class NRDY(Register, at={_GEN: 0x1C0}, space="opregion", source=_SPEC):
    """State of the driver."""

    STATE = Field(31, 0, "state")


class DID2(Register, at={_GEN: each(0x1C4, 4, 7)}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Further displays the driver supports, by their ACPI ids: the ninth to the fifteenth."""

    BIOS = Field(16, 16, "detected by firmware")
    KIND = Field(11, 8, "kind", values={1: "CRT", 2: "TV", 3: "external digital", 4: "internal digital"})
    PORT = Field(7, 4, "port")
    INDEX = Field(3, 0, "number")


class CPD2(Register, at={_GEN: each(0x1E0, 4, 7)}, space="opregion", source=_SPEC):
    """Further displays attached now."""

    ID = Field(31, 0, "ACPI id")


class SCIC(Register, at={_GEN: 0x200}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Software SCI: function, sub-function and result."""

    SUBFUNCTION = Field(15, 8, "sub-function")
    RESULT = Field(7, 5, "result", values={0: "under way", 1: "success", 2: "bad function", 4: "not critical failure"})
    FUNCTION = Field(4, 1, "function", values={4: "get BIOS data (GBDA)", 6: "callbacks (SBCB)"})
    ACTIVE = Field(0, 0, "call under way")


class SWSCI_PARM(Register, at={_GEN: 0x204}, name="PARM", space="opregion", source=_SPEC):
    """Software SCI: parameter."""

    DATA = Field(31, 0, "parameter")


class DSLP(Register, at={_GEN: 0x208}, space="opregion", reset=50, source=_SPEC):
    """How long the driver waits for a software SCI."""

    TIMEOUT = Field(31, 0, "time-out", unit="ms")


class ARDY(Register, at={_GEN: 0x300}, space="opregion", source=_SPEC):
    """Driver is ready for ASLE requests."""

    READY = Field(31, 0, "non-zero: ready")


class ASLC(Register, at={_GEN: 0x304}, space="opregion", source=_SPEC, gaps=RESERVED):
    """ASLE command: what ACPI asks the driver for."""

    ISCT_FAILED = Field(26, 26, "ISCT state: failed")
    DOCKING_FAILED = Field(24, 24, "docking: failed")
    CONVERTIBLE_FAILED = Field(22, 22, "convertible: failed")
    BUTTON_FAILED = Field(20, 20, "buttons: failed")
    ROTATION_FAILED = Field(18, 18, "rotation angles: failed")
    PWM_FAILED = Field(16, 16, "backlight frequency: failed")
    PFIT_FAILED = Field(14, 14, "panel fitting: failed")
    BACKLIGHT_FAILED = Field(12, 12, "backlight brightness: failed")
    ALS_FAILED = Field(10, 10, "ambient light: failed")
    ISCT = Field(8, 8, "ISCT state changed")
    DOCKING = Field(7, 7, "docking")
    CONVERTIBLE = Field(6, 6, "convertible's state")
    BUTTONS = Field(5, 5, "buttons")
    ROTATION = Field(4, 4, "supported rotation angles")
    PWM = Field(3, 3, "backlight frequency")
    PFIT = Field(2, 2, "panel fitting")
    BACKLIGHT = Field(1, 1, "backlight brightness")
    ALS = Field(0, 0, "ambient light")


class TCHE(Register, at={_GEN: 0x308}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Which requests the driver takes."""

    PFMB = Field(3, 3, "backlight frequency")
    PFIT = Field(2, 2, "panel fitting")
    BLC = Field(1, 1, "backlight")
    ALS = Field(0, 0, "ambient light")


class ALSI(Register, at={_GEN: 0x30C}, space="opregion", source=_SPEC):
    """Ambient light now."""

    ILLUMINANCE = Field(31, 0, "light", unit="lux")


class BCLP(Register, at={_GEN: 0x310}, space="opregion", source=_SPEC):
    """Brightness asked for."""

    VALID = Field(31, 31, "valid")
    OTHER = Field(30, 8, "reserved")
    BRIGHTNESS = Field(7, 0, "brightness, 255 full")


class PFIT(Register, at={_GEN: 0x314}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Panel fitting asked for."""

    VALID = Field(31, 31, "valid")
    STRETCH_GFX = Field(2, 2, "graphics stretched")
    STRETCH_TEXT = Field(1, 1, "text stretched")
    CENTER = Field(0, 0, "centred")


class CBLV(Register, at={_GEN: 0x318}, space="opregion", source=_SPEC):
    """Brightness now."""

    VALID = Field(31, 31, "valid")
    OTHER = Field(30, 16, "reserved")
    BRIGHTNESS = Field(15, 0, "per cent")


class BCLM(Register, at={_GEN: each(0x31C, 2, 20)}, space="opregion", width=2, reset=None, source=_SPEC):
    """Brightness table: desired level and the per cent of the duty cycle."""

    VALID = Field(15, 15, "entry is valid")
    LEVEL = Field(14, 8, "level in per cent")
    DUTY = Field(7, 0, "duty cycle, 255 full")


class CPFM(Register, at={_GEN: 0x344}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Panel fitting now."""

    STRETCH_GFX = Field(2, 2, "graphics stretched")
    STRETCH_TEXT = Field(1, 1, "text stretched")
    CENTER = Field(0, 0, "centred")


class EPFM(Register, at={_GEN: 0x348}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Ways of panel fitting that may be asked for."""

    STRETCH_GFX = Field(2, 2, "graphics stretched")
    STRETCH_TEXT = Field(1, 1, "text stretched")
    CENTER = Field(0, 0, "centred")


class PLUT(Register, at={_GEN: each(0x34C, 2, 37)}, space="opregion", width=2, reset=None, source=_SPEC):
    """Panel's look-up table and its identifier, 74 bytes."""

    DATA = Field(15, 0, "two bytes")


class PFMB(Register, at={_GEN: 0x396}, space="opregion", source=_SPEC):
    """Frequency of the backlight, and its least brightness."""

    PWM_VALID = Field(31, 31, "frequency is valid")
    PWM = Field(30, 9, "frequency")
    BRIGHTNESS_VALID = Field(8, 8, "brightness is valid")
    BRIGHTNESS = Field(7, 0, "least brightness, 255 full")


class CDDV(Register, at={_GEN: 0x39A}, space="opregion", reset=None, source=_SPEC):
    """Colour correction's default values."""

    VALUES = Field(31, 0, "values")


class PCFT(Register, at={_GEN: 0x39E}, space="opregion", source=_SPEC):
    """Power conservation features."""

    FEATURES = Field(31, 0, "features")


class SROT(Register, at={_GEN: 0x3A2}, space="opregion", source=_SPEC):
    """Rotation angles that are supported."""

    ANGLES = Field(31, 0, "angles")


class IUER(Register, at={_GEN: 0x3A6}, space="opregion", source=_SPEC, gaps=RESERVED):
    """Events of buttons and of the case (Intel Ultrabook events)."""

    DOCKING = Field(7, 7, "docked")
    CONVERTIBLE = Field(6, 6, "convertible's state")
    ROTATION_LOCK = Field(4, 4, "rotation lock")
    VOLUME_DOWN = Field(3, 3, "volume down")
    VOLUME_UP = Field(2, 2, "volume up")
    WINDOWS = Field(1, 1, "Windows button")
    POWER = Field(0, 0, "power button")


class FDSS(Register, at={_GEN: 0x3AA}, space="opregion", width=8, source=_SPEC):
    """Buffer of a full display switch."""

    ADDRESS = Field(63, 0, "buffer", address=True)


class FDSP(Register, at={_GEN: 0x3B2}, space="opregion", source=_SPEC):
    """Size of that buffer."""

    SIZE = Field(31, 0, "size", unit="bytes")


class OPREGION_STAT(Register, at={_GEN: 0x3B6}, name="STAT", space="opregion", source=_SPEC):
    """State indicator."""

    STATE = Field(31, 0, "state")


class RVDA(Register, at={_GEN: 0x3BA}, space="opregion", width=8, source=f"{_SPEC}; Linux vfio_pci_igd.c"):
    """Where a VBT larger than 6 KiB lies: absolute in version 2.0, relative to the OpRegion from 2.1."""

    ADDRESS = Field(63, 0, "VBT", address=True)


class RVDS(Register, at={_GEN: 0x3C2}, space="opregion", source=f"{_SPEC}; Linux vfio_pci_igd.c"):
    """Size of a VBT that RVDA points at."""

    SIZE = Field(31, 0, "size", unit="bytes")


class OPREGION_VBT(Register, at={_GEN: 0x400}, space="opregion", reset=None, source=_SPEC):
    """Mailbox 4: the VBT, up to 6 KiB; the first letters are $VBT."""

    TEXT = Field(31, 0, "four letters", values={0x54425624: "$VBT"})


class PHED(Register, at={_GEN: 0x1C00}, space="opregion", reset=None, source=_SPEC):
    """Mailbox 5: the panel's header, which says whether BDDC has an EDID."""

    RESERVED_BITS = Field(31, 2, "reserved")
    EDID = Field(1, 0, "EDID's size", values={0: "none"}, unit="x 128 bytes")


class BDDC(Register, at={_GEN: each(0x1C04, 8, 32)}, space="opregion", width=8, reset=None, source=_SPEC):
    """EDID for a panel without one, 256 bytes."""

    DATA = Field(63, 0, "eight bytes")
