"""What is odd about the host itself: two machines in one folder, VGA off, no host bridge, no BDSM, an unknown PCH."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.diagnose.case import Case, Evidence
from fwsim.diagnose.finding import Finding
from fwsim.diagnose.quote import quoted
from fwsim.diagnose.remedies import remedy
from fwsim.host.facts import Dumps, Fact
from fwsim.host.places import gtt_by_rmrr
from fwsim.registers.families import family
from fwsim.registers.pci_lpc import lpc_taken
from fwsim.units import format_size

_TOLD = 3
"""Facts of a higher rank are worked out from others."""
_VGA_DISABLED = 2
"""GGC.IVD: the device takes no VGA cycles, and has class 0380."""


def two_machines(case: Case) -> Iterator[Finding]:
    """Two files that show different devices or bases: of which machine the answer is wanted has to be said."""
    for dumps in (case.host, *([case.guest] if case.guest else [])):
        for name, words in _NAMES.items():
            claims = [fact for fact in dumps.claims(name) if fact.essence and fact.rank <= _TOLD]
            first = claims[0] if claims else None
            other = next((each for each in claims if first and _differ(each, first)), None)
            if first is None or other is None:
                continue
            yield Finding(
                id="two-machines", severity="warning",
                what=f"two machines: {first.file} has {words} {first.essence:x}, {other.file} has {other.essence:x}; "
                     f"{first.file} is taken",
                why="what follows may be of either: which one is it? Name only its files",
                evidence=quoted(dumps, first), also=[quoted(dumps, other)],
            )  # fmt: skip
            return


def _differ(one: Fact, other: Fact) -> bool:
    return one.essence != other.essence and one.file != other.file


_NAMES = {
    "device_id": "the IGD", "bdsm": "stolen memory at", "asls": "the OpRegion at", "host_bridge_id": "host bridge",
    "subsystem": "subsystem",
}  # fmt: skip


def vga_disabled(case: Case) -> Iterator[Finding]:
    """Class 0380, or GGC.IVD, which makes it so."""
    host = case.host
    ggc, kind = host.best("ggc"), host.best("class")
    off = ggc is not None and bool(host.cpu) and family(host.cpu).gen >= 6 and ggc.value & _VGA_DISABLED
    other = kind is not None and kind.value >> 8 == 0x0380
    if not off and not other:
        yield from _by_words(case)
        return
    shown = [
        *([f"class {kind.value >> 8:04x}"] if other and kind else []),
        *([f"GGC {ggc.value:04x}, IVD set"] if off and ggc else []),
    ]
    fact = kind if other else ggc
    evidence = quoted(host, fact) if fact else None
    yield Finding(
        id="vga-disabled", severity="fatal", what=f"the IGD is no VGA device on this host: {', '.join(shown)}",
        why="the host's firmware disabled VGA on it, as it does where another card is primary or it boots without a "
            "CSM: the kernel "
            "offers no VGA ranges, QEMU no legacy mode, SeaBIOS does not set it up, and Linux does not reserve "
            "stolen memory early",
        evidence=evidence, remedy=remedy("ivd", case.tool, case.vm),
    )  # fmt: skip


def _by_words(case: Case) -> Iterator[Finding]:
    """lspci without numbers names the class in words, and then tells nothing else of the device."""
    seen = next((each for each in case.of("lspci-display") if each.evidence.file not in case.guest_files), None)
    if seen is not None and case.host.best("class") is None:
        yield Finding(
            id="vga-disabled", severity="fatal", what="the IGD is no VGA device on this host: class 0380, by its words",
            why="another card is primary, or the firmware disabled VGA on it: the kernel offers no VGA ranges and QEMU "
                "no legacy mode. lspci -nn tells the id as well",
            evidence=seen.evidence, remedy=remedy("ivd", case.tool, case.vm),
        )  # fmt: skip


def bridge(case: Case) -> Iterator[Finding]:
    """A function at 00:00.0 that is no host bridge, as with VMD."""
    kind = case.host.best("bridge_class")
    if kind and kind.value >> 8 != 0x0600:
        yield Finding(
            id="no-host-bridge", severity="warning", what=f"00:00.0 is no host bridge: its class is "
                                                          f"{kind.value >> 8:04x}",
            why="the numbers are another domain's (VMD shows its disks so), or the dump is a guest's: vfio-pci "
                "offers QEMU no host "
                "bridge unless 0000:00:00.0 is Intel's, of class 0600",
            evidence=quoted(case.host, kind), remedy=remedy("collect-igd", case.tool, case.vm),
        )  # fmt: skip


def stolen(case: Case) -> Iterator[Finding]:
    """BDSM, ASLS and GMS that are 0 on a host, or on a guest whose firmware was to set them."""
    yield from _zeros(case, case.host, "host")
    if case.guest is not None:
        yield from _zeros(case, case.guest, "guest")


def _zeros(case: Case, dumps: Dumps, whose: str) -> Iterator[Finding]:
    bdsm, asls, ggc = (dumps.best(name) for name in ("bdsm", "asls", "ggc"))
    if bdsm is not None and not bdsm.essence:
        yield Finding(
            id=f"{whose}-no-bdsm", severity="fatal", what=f"the {whose}'s BDSM is 0: there is no stolen "
                                                          f"memory", evidence=quoted(dumps, bdsm),
            why="the firmware set none aside" if whose == "host" else
                "the guest's firmware placed none: legacy mode is off, its slot is not 00:02.0, or the firmware "
                "knows nothing of it",
            remedy=remedy("firmware-stolen" if whose == "host" else "guest-firmware", case.tool, case.vm),
        )  # fmt: skip
    if asls is not None and asls.value in (0, 0xFFFFFFFF):
        yield Finding(
            id=f"{whose}-no-opregion", severity="warning", what=f"the {whose}'s ASLS is {asls.value:x}: there is no "
                                                                f"OpRegion",
            why="the driver finds no "
                "VBT" + (": vfio-pci offers none to QEMU "
                         "either" if whose == "host" else ""), evidence=quoted(dumps, asls),
            remedy=remedy("igd-regions" if whose == "host" else "opregion", case.tool, case.vm),
        )  # fmt: skip
    if whose == "guest" or ggc is None or ggc.rank > 1 or not dumps.cpu:
        return
    if not family(dumps.cpu).gms.decode(ggc.value):
        yield Finding(
            id="host-no-gms", severity="warning", what=f"GGC is {ggc.value:04x}: the firmware sets no stolen memory "
                                                       f"aside",
            why="the driver then uses system memory alone, and a vBIOS has nowhere to "
                "draw", evidence=quoted(dumps, ggc),
            remedy=remedy("firmware-stolen", case.tool, case.vm),
        )  # fmt: skip


def gtt(case: Case) -> Iterator[Finding]:
    """GGC names no GTT, and an RMRR shows that there is one."""
    area, base = gtt_by_rmrr(case.host), case.host.best("bdsm")
    if area and base:
        yield Finding(
            id="gtt-by-rmrr", severity="note",
            what=f"GGC names no memory for the GTT; the RMRR begins {format_size(base.essence - area.start)} below "
                 f"BDSM, and that is taken",
            why="some firmware leaves GGMS 0 in the copy that is shown: the GTT lies between the RMRR's start and BDSM",
            evidence=Evidence(file=area.file, line=area.line),
        )  # fmt: skip


def lpc(case: Case) -> Iterator[Finding]:
    """A PCH that the family's vBIOS does not go on with."""
    fact = case.host.best("lpc_id")
    if fact and case.host.cpu and lpc_taken(case.host.cpu, fact.value) is False:
        yield Finding(
            id="lpc-unknown", severity="warning",
            what=f"the LPC bridge's id {fact.value:04x} is one that the vBIOS of {family(case.host.cpu).title} does "
                 f"not take",
            why="an image of this family reads it at 00:1f.0 and loops for ever on an id that it does not know; QEMU "
                "shows the guest the host's. The board's own image may know it",
            evidence=quoted(case.host, fact), remedy=remedy("lpc-id", case.tool, case.vm),
        )  # fmt: skip
