"""The content protection (HDCP) registers of gen 9 and later: keys, repeaters, and each link's handshake."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Array, At, Field, Register, each

_HDCP = "Linux i915 display/intel_hdcp_regs.h"
_PORTS = (("A", 0x66800), ("B", 0x66500), ("C", 0x66600), ("D", 0x66700), ("E", 0x66A00), ("F", 0x66900))


def _link(offset: int) -> dict[str, At]:
    """A link's register: one a port on gens 9 to 11, one a transcoder from gen 12 on (i915's HDCP_CONF and others)."""
    ports = Array(tuple((port, base + offset) for port, base in _PORTS))
    return {"9-11": ports, "12-": each(0x66400 + offset, 0x100, "ABCD")}


class HDCP_KEY_CONF(Register, at={"9-": 0x66C00}, source=_HDCP, gaps=RESERVED):
    """Commands to the key store."""

    SEND_AKSV = Field(31, 31, "send the key selection vector")
    CLEAR = Field(30, 30, "clear the keys")
    LOAD = Field(8, 8, "load the keys")


class HDCP_KEY_STATUS(Register, at={"9-": 0x66C04}, source=_HDCP, gaps=RESERVED):
    """What became of the keys."""

    FUSE_BUSY = Field(7, 7, "fuses being read")
    FUSE_ERROR = Field(6, 6, "fuse error")
    FUSE_DONE = Field(5, 5, "fuses read")
    LOADED = Field(1, 1, "keys are good")
    DONE = Field(0, 0, "loading has ended")


class HDCP_AKSV_LO(Register, at={"9-": 0x66C10}, source=_HDCP):
    """Key selection vector, lower part; an OR with the AUX write sends it."""

    AKSV = Field(31, 0, "lower 32 bits")


class HDCP_AKSV_HI(Register, at={"9-": 0x66C14}, source=_HDCP):
    """Key selection vector, upper part."""

    AKSV = Field(31, 0, "upper bits")


class HDCP_REP_CTL(Register, at={"9-": 0x66D00}, source=_HDCP, gaps=RESERVED):
    """Repeaters: who has one, and the hash of the list of receivers."""

    TRANS_A = Field(31, 31, "repeater at transcoder A", gen="12-")
    TRANS_B = Field(30, 30, "repeater at transcoder B", gen="12-")
    TRANS_C = Field(29, 29, "repeater at transcoder C", gen="12-")
    TRANS_D = Field(28, 28, "repeater at transcoder D", gen="12-")
    DDI_B = Field(30, 30, "repeater at port B", gen="9-11")
    DDI_A = Field(29, 29, "repeater at port A", gen="9-11")
    DDI_C = Field(28, 28, "repeater at port C", gen="9-11")
    DDI_D = Field(27, 27, "repeater at port D", gen="9-11")
    DDI_F = Field(26, 26, "repeater at port F", gen="9-11")
    DDI_E = Field(25, 25, "repeater at port E", gen="9-11")
    M0 = Field(22, 20, "M0 of transcoder", gen="12-", values={1: "A", 2: "B", 3: "C", 4: "D"})
    M0_DDI = Field(22, 20, "M0 of port", gen="9-11", values={1: "B", 2: "A", 3: "C", 4: "D", 5: "F", 6: "E"})
    MATCH = Field(19, 19, "hash is right")
    COMPLETE = Field(18, 18, "hash complete")
    READY = Field(17, 17, "next text wanted")
    BUSY = Field(16, 16, "hashing")
    COMMAND = Field(
        3,
        1,
        "hash",
        values={1: "32 bits of text", 2: "complete it", 4: "24 bits", 5: "16 bits", 6: "8 bits", 7: "no text"},
    )


class HDCP_SHA_V_PRIME(Register, at={"9-": each(0x66D04, 4, 5)}, source=_HDCP):
    """The hash that the repeater gave, five words."""

    V = Field(31, 0, "word of V'")


class HDCP_SHA_TEXT(Register, at={"9-": 0x66D18}, source=_HDCP):
    """The next bytes to be hashed."""

    TEXT = Field(31, 0, "text")


class HDCP_CONF(Register, at=_link(0x0), source=_HDCP, gaps=RESERVED):
    """What a link's encryption is to do."""

    COMMAND = Field(1, 0, "command", values={0: "off", 1: "capture An", 3: "authenticate and encrypt"})


class HDCP_ANINIT(Register, at=_link(0x4), source=_HDCP):
    """Random number that An begins with."""

    SEED = Field(31, 0, "seed")


class HDCP_ANLO(Register, at=_link(0x8), source=_HDCP):
    """An, lower part."""

    AN = Field(31, 0, "lower 32 bits")


class HDCP_ANHI(Register, at=_link(0xC), source=_HDCP):
    """An, upper part."""

    AN = Field(31, 0, "upper 32 bits")


class HDCP_BKSVLO(Register, at=_link(0x10), source=_HDCP):
    """The receiver's key selection vector, lower part."""

    BKSV = Field(31, 0, "lower 32 bits")


class HDCP_BKSVHI(Register, at=_link(0x14), source=_HDCP):
    """The receiver's key selection vector, upper part."""

    BKSV = Field(31, 0, "upper bits")


class HDCP_RPRIME(Register, at=_link(0x18), source=_HDCP):
    """The receiver's answer R0'."""

    R = Field(31, 0, "R0'")


class HDCP_STATUS(Register, at=_link(0x1C), source=_HDCP, gaps=RESERVED):
    """How far a link's handshake has come."""

    STREAM_A = Field(31, 31, "stream A encrypted")
    STREAM_B = Field(30, 30, "stream B encrypted")
    STREAM_C = Field(29, 29, "stream C encrypted")
    STREAM_D = Field(28, 28, "stream D encrypted")
    AUTHENTICATED = Field(21, 21, "authenticated")
    ENCRYPTED = Field(20, 20, "link encrypted")
    RI_MATCH = Field(19, 19, "Ri is right")
    R0_READY = Field(18, 18, "R0 is ready")
    AN_READY = Field(17, 17, "An is ready")
    CIPHER = Field(16, 16, "cipher on")
    FRAMES = Field(15, 8, "frame count")


class HDCP2_AUTH(Register, at=_link(0x98), source=_HDCP, gaps=RESERVED):
    """HDCP 2: a link's authentication."""

    AUTHENTICATED = Field(31, 31, "link authenticated")
    TYPE = Field(30, 30, "stream type 1")
    CLEAR_COUNTER = Field(19, 19, "clear the input counter")
    CLEAR_KEYS = Field(18, 18, "clear the keys")


class HDCP2_CTL(Register, at=_link(0xB0), source=_HDCP, gaps=RESERVED):
    """HDCP 2: encryption wanted."""

    ENCRYPT = Field(31, 31, "encrypt the link")


class HDCP2_STATUS(Register, at=_link(0xB4), source=_HDCP, gaps=RESERVED):
    """HDCP 2: state of a link."""

    TYPE = Field(22, 22, "stream type 1")
    AUTHENTICATED = Field(21, 21, "authenticated")
    ENCRYPTED = Field(20, 20, "encrypted")


class HDCP2_STREAM_STATUS(Register, at={"12-": each(0x664C0, 0x100, "ABCD")}, source=_HDCP, gaps=RESERVED):
    """HDCP 2: state of a transcoder's stream."""

    ENCRYPTED = Field(31, 31, "encrypted")
    TYPE = Field(30, 30, "stream type 1")


class HDCP2_AUTH_STREAM(Register, at={"12-": each(0x66F00, 4, "ABCD")}, source=_HDCP, gaps=RESERVED):
    """HDCP 2: type of a transcoder's stream."""

    TYPE = Field(31, 31, "stream type 1")
