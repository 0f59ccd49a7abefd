"""The VT-d unit's registers: capabilities, translation enable, faults."""

# ruff: noqa: N801 (the specification's own register names)

from fwsim.registers.core import RESERVED, Field, Register, each

_VTD = "Intel VT-d specification 3.0, chapter 10"
_GEN = "4-"
_REASONS = {
    0x1: "root entry not present",
    0x2: "context entry not present",
    0x3: "context entry invalid",
    0x4: "address beyond the guest width",
    0x5: "no write permission",
    0x6: "no read permission",
    0x7: "next table's address invalid",
    0x8: "root table's address invalid",
    0x9: "context table's address invalid",
    0xA: "reserved bit in the root entry",
    0xB: "reserved bit in the context entry",
    0xC: "reserved bit in a table entry",
    0xD: "translation request blocked",
}


class VER(Register, at={_GEN: 0x00}, space="vtd", access="ro", reset=0x10, source=_VTD, gaps=RESERVED):
    """Version of the unit."""

    MAJOR = Field(7, 4, "major")
    MINOR = Field(3, 0, "minor")


class CAP(Register, at={_GEN: 0x08}, space="vtd", width=8, access="ro", reset=None, source=_VTD, gaps=RESERVED):
    """Capabilities."""

    FL1GP = Field(56, 56, "1 GiB pages, first level")
    DRD = Field(55, 55, "reads drained")
    DWD = Field(54, 54, "writes drained")
    MAMV = Field(53, 48, "largest address mask")
    NFR = Field(47, 40, "fault records", plus=1, unit="records")
    PSI = Field(39, 39, "page selective invalidation")
    SLLPS = Field(37, 34, "large pages: bit 0 2 MiB, 1 1 GiB")
    FRO = Field(33, 24, "fault records at", unit="bytes up", scale=16)
    ZLR = Field(22, 22, "zero length reads")
    MGAW = Field(21, 16, "guest address width", plus=1, unit="bits")
    SAGAW = Field(12, 8, "table levels: bit 1 three, 2 four, 3 five")
    CM = Field(7, 7, "caching mode: not-present entries may be cached")
    PHMR = Field(6, 6, "protected high region")
    PLMR = Field(5, 5, "protected low region")
    RWBF = Field(4, 4, "write buffer must be flushed")
    AFL = Field(3, 3, "fault log")
    ND = Field(2, 0, "domains: 16 times four to this")


class ECAP(Register, at={_GEN: 0x10}, space="vtd", width=8, access="ro", reset=None, source=_VTD, gaps=RESERVED):
    """Further capabilities."""

    SCALABLE = Field(43, 43, "scalable mode")
    PASID = Field(40, 40, "process address spaces")
    IRO = Field(17, 8, "invalidation registers at", unit="bytes up", scale=16)
    SC = Field(7, 7, "snoop control")
    PT = Field(6, 6, "pass-through")
    EIM = Field(4, 4, "extended interrupt mode")
    IR = Field(3, 3, "interrupt remapping")
    DT = Field(2, 2, "device translation caches")
    QI = Field(1, 1, "queued invalidation")
    C = Field(0, 0, "coherent")


class GCMD(Register, at={_GEN: 0x18}, space="vtd", access="wo", source=_VTD, gaps=RESERVED):
    """Global command; each bit's effect shows in GSTS."""

    TE = Field(31, 31, "translation on")
    SRTP = Field(30, 30, "take the root table")
    SFL = Field(29, 29, "take the fault log")
    EAFL = Field(28, 28, "fault log on")
    WBF = Field(27, 27, "flush the write buffer")
    QIE = Field(26, 26, "queued invalidation on")
    IRE = Field(25, 25, "interrupt remapping on")
    SIRTP = Field(24, 24, "take the interrupt table")
    CFI = Field(23, 23, "compatibility interrupts pass")


class GSTS(Register, at={_GEN: 0x1C}, space="vtd", access="ro", source=_VTD, gaps=RESERVED):
    """Global state."""

    TES = Field(31, 31, "translation is on")
    RTPS = Field(30, 30, "root table taken")
    FLS = Field(29, 29, "fault log taken")
    AFLS = Field(28, 28, "fault log is on")
    WBFS = Field(27, 27, "write buffer flush under way")
    QIES = Field(26, 26, "queued invalidation is on")
    IRES = Field(25, 25, "interrupt remapping is on")
    IRTPS = Field(24, 24, "interrupt table taken")
    CFIS = Field(23, 23, "compatibility interrupts pass")


class RTADDR(Register, at={_GEN: 0x20}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Root table."""

    ADDRESS = Field(63, 12, "root table", address=True)
    MODE = Field(11, 10, "mode", values={0: "legacy", 1: "scalable", 3: "abort"})


class CCMD(Register, at={_GEN: 0x28}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Context cache invalidation."""

    ICC = Field(63, 63, "invalidate; clears when done")
    CIRG = Field(62, 61, "wanted", values={1: "everything", 2: "domain", 3: "device"})
    CAIG = Field(60, 59, "done", values={1: "everything", 2: "domain", 3: "device"}, access="ro")
    FM = Field(33, 32, "function mask")
    SID = Field(31, 16, "source id")
    DID = Field(15, 0, "domain")


class FSTS(Register, at={_GEN: 0x34}, space="vtd", source=f"{_VTD}; Linux drivers/iommu/intel/dmar.c", gaps=RESERVED):
    """Fault state: what Linux prints as "fault status reg"."""

    FRI = Field(15, 8, "first record with a fault", access="ro")
    PRO = Field(7, 7, "page request overflow", access="w1c")
    ITE = Field(6, 6, "invalidation timed out", access="w1c")
    ICE = Field(5, 5, "invalidation completion error", access="w1c")
    IQE = Field(4, 4, "invalidation queue error", access="w1c")
    APF = Field(3, 3, "fault in the log", access="w1c")
    AFO = Field(2, 2, "fault log overflow", access="w1c")
    PPF = Field(1, 1, "a record holds a fault", access="ro")
    PFO = Field(0, 0, "records overflowed", access="w1c")


class FECTL(Register, at={_GEN: 0x38}, space="vtd", reset=0x80000000, source=_VTD, gaps=RESERVED):
    """Fault interrupt control."""

    IM = Field(31, 31, "interrupt masked")
    IP = Field(30, 30, "interrupt pending", access="ro")


class FEDATA(Register, at={_GEN: 0x3C}, space="vtd", source=_VTD):
    """Fault interrupt's data."""

    EXTENDED = Field(31, 16, "upper data")
    DATA = Field(15, 0, "data")


class FEADDR(Register, at={_GEN: 0x40}, space="vtd", source=_VTD, gaps=RESERVED):
    """Fault interrupt's address."""

    ADDRESS = Field(31, 2, "address", address=True)


class FEUADDR(Register, at={_GEN: 0x44}, space="vtd", source=_VTD):
    """Fault interrupt's address, upper half."""

    ADDRESS = Field(31, 0, "upper half")


class AFLOG(Register, at={_GEN: 0x58}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Fault log in memory."""

    ADDRESS = Field(63, 12, "log", address=True)
    SIZE = Field(11, 9, "size: two to this in pages")


class PMEN(Register, at={_GEN: 0x64}, space="vtd", source=_VTD, gaps=RESERVED):
    """Protected memory."""

    EPM = Field(31, 31, "protection wanted")
    PRS = Field(0, 0, "protection is on", access="ro")


class PLMBASE(Register, at={_GEN: 0x68}, space="vtd", source=_VTD):
    """Protected low memory, base."""

    ADDRESS = Field(31, 0, "base", address=True)


class PLMLIMIT(Register, at={_GEN: 0x6C}, space="vtd", source=_VTD):
    """Protected low memory, limit."""

    ADDRESS = Field(31, 0, "limit", address=True)


class PHMBASE(Register, at={_GEN: 0x70}, space="vtd", width=8, source=_VTD):
    """Protected high memory, base."""

    ADDRESS = Field(63, 0, "base", address=True)


class PHMLIMIT(Register, at={_GEN: 0x78}, space="vtd", width=8, source=_VTD):
    """Protected high memory, limit."""

    ADDRESS = Field(63, 0, "limit", address=True)


class IQH(Register, at={_GEN: 0x80}, space="vtd", width=8, access="ro", source=_VTD, gaps=RESERVED):
    """Invalidation queue, head."""

    HEAD = Field(18, 4, "offset", address=True)


class IQT(Register, at={_GEN: 0x88}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Invalidation queue, tail."""

    TAIL = Field(18, 4, "offset", address=True)


class IQA(Register, at={_GEN: 0x90}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Invalidation queue's address."""

    ADDRESS = Field(63, 12, "queue", address=True)
    WIDTH = Field(11, 11, "descriptor", values={0: "128 bits", 1: "256 bits"})
    SIZE = Field(2, 0, "size: two to this in pages")


class ICS(Register, at={_GEN: 0x9C}, space="vtd", source=_VTD, gaps=RESERVED):
    """Invalidation completion."""

    IWC = Field(0, 0, "wait descriptor done", access="w1c")


class IRTA(Register, at={_GEN: 0xB8}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Interrupt remapping table."""

    ADDRESS = Field(63, 12, "table", address=True)
    EIME = Field(11, 11, "extended mode")
    SIZE = Field(3, 0, "entries: two to this plus one")


class FRCD_LOW(Register, at={_GEN: each(0x200, 16, 8)}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Fault record, low half: the page. Records are where CAP says; usual here is 0x200."""

    FI = Field(63, 12, "page", address=True)


class FRCD_HIGH(Register, at={_GEN: each(0x208, 16, 8)}, space="vtd", width=8, source=_VTD, gaps=RESERVED):
    """Fault record, high half: who, what, and why."""

    F = Field(63, 63, "record holds a fault", access="w1c")
    T = Field(62, 62, "access", values={0: "write", 1: "read"})
    AT = Field(61, 60, "address type")
    PV = Field(59, 40, "process address space")
    FR = Field(39, 32, "reason", values=_REASONS)
    PP = Field(31, 31, "process address space is there")
    EXE = Field(30, 30, "execute")
    PRIV = Field(29, 29, "privileged")
    SID = Field(15, 0, "source id: bus << 8 | device << 3 | function")
