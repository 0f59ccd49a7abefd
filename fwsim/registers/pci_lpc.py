"""The PCI configuration registers of 00:1f.0 and 00:1f.2 (LPC, power) that a vBIOS reads."""

# ruff: noqa: N801 (the manuals' own register names)

from fwsim.registers.core import RESERVED, Field, Register

_ICH = "Intel ICH9 datasheet, 13.1"
_PCI = "PCI Local Bus Specification 3.0, 6.1"


_TAKEN: dict[str, tuple[range, ...]] = {
    "skylake": (range(0xA140, 0xA160), range(0x9D40, 0x9D60), range(0xA2C0, 0xA2E0)),
    "coffeelake": (range(0xA300, 0xA320), range(0x9D80, 0x9DA0)),
}
_TAKEN["kabylake"] = _TAKEN["skylake"]


def lpc_taken(cpu: str, lpc_id: int) -> bool | None:
    """Whether the vBIOS of a family goes on with this id at 00:1f.0; None for a family that takes any, or untried.

    Found by running images 1062 of Skylake and 1014 of Coffee Lake with 66 ids: each loops for ever on the ids outside
    its ranges. Earlier families and Apollo Lake take any id.
    """
    ranges = _TAKEN.get(cpu)
    return None if ranges is None else any(lpc_id in each for each in ranges)


class LPC_VID(Register, at=0x00, width=2, space="pci", function="lpc", access="ro", reset=0x8086, source=_PCI):
    """Vendor id of the bridge."""

    VENDOR = Field(15, 0, "vendor", values={0x8086: "Intel"})


class LPC_DID(Register, at=0x02, width=2, space="pci", function="lpc", access="ro", reset=None, source=_PCI):
    """Device id: tells which PCH this is. Skylake and later images loop for ever on one they do not know."""

    DEVICE = Field(
        15,
        0,
        "device id",
        values={
            0x2815: "ICH8-M",
            0x1C4F: "QM67",
            0x1E55: "QM77",
            0x8C4F: "QM87",
            0x9CC3: "Wildcat Point-LP",
            0xA145: "Z170",
            0x9D48: "Sunrise Point-LP",
            0xA2C5: "Z270",
            0xA305: "Z390",
            0x9D84: "Cannon Point-LP",
            0x7000: "PIIX3, not a PCH",
            0x2918: "ICH9",
        },
    )


class LPC_RID(Register, at=0x08, width=1, space="pci", function="lpc", access="ro", reset=None, source=_PCI):
    """Revision of the bridge."""

    REVISION = Field(7, 0, "revision")


class LPC_SUBSYS(Register, at=0x2C, space="pci", function="lpc", access="lock", reset=None, source=_PCI):
    """Subsystem ids of the bridge; QEMU copies them from the host."""

    DEVICE = Field(31, 16, "subsystem id")
    VENDOR = Field(15, 0, "subsystem vendor")


class PMBASE(
    Register, at=0x40, gen="2-8", space="pci", function="lpc", reset=0x401, source=f"{_ICH}; images read port base + 8",
    gaps=RESERVED,
):  # fmt: skip
    """ACPI port base: a vBIOS reads the power-management timer at +8. From Skylake on it is in 00:1f.2."""

    BASE = Field(15, 7, "port base", address=True)
    SPACE = Field(0, 0, "address space", access="ro", values={1: "ports"})


class ACPI_CNTL(Register, at=0x44, gen="2-8", width=1, space="pci", function="lpc", source=_ICH, gaps=RESERVED):
    """ACPI control."""

    ENABLE = Field(7, 7, "ACPI ports decoded")
    SCI_IRQ = Field(2, 0, "SCI's interrupt", values={0: "IRQ9", 1: "IRQ10", 2: "IRQ11", 4: "IRQ20", 5: "IRQ21"})


class RCBA(Register, at=0xF0, gen="3-8,!vlv", space="pci", function="lpc", source=_ICH, gaps=RESERVED):
    """Base of the root complex registers."""

    BASE = Field(31, 14, "register base", address=True)
    ENABLE = Field(0, 0, "decoded")


class PMC_PMBASE(
    Register,
    at=0x40,
    gen="skl",
    name="PMBASE",
    space="pci",
    function="pmc",
    reset=0x1801,
    source="Intel 100 series PCH datasheet vol2, 4.1; Skylake images read 00:1f.2 there",
    gaps=RESERVED,
):
    """ACPI port base of Skylake to Comet Lake."""

    BASE = Field(15, 8, "port base", address=True)
    SPACE = Field(0, 0, "address space", access="ro", values={1: "ports"})
