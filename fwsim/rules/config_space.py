"""Who answered configuration space is judged by rules: what was lost on the way, and what became of the window.

Sources: xen-devel in March 2018, "[RFC PATCH 07/12] hvmloader: allocate MMCONFIG area in the MMIO hole"; Xen
xen/common/ioreq.c, QEMU hw/xen/xen-hvm-common.c. What guests do with MCFG: ACPI and PCI Firmware 3.0, 4.1.2.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from fwsim.results.summary import ConfigAnswer, ConfigSpace, ConfigWindow
from fwsim.rules.placement import Verdict, span
from fwsim.units import format_size


class ConfigRule(Struct, frozen=True):
    """One rule: a short stable ``id``, what it ``protects`` from, and the ``source`` it follows from."""

    id: str
    test: Callable[[ConfigSpace], Verdict]
    protects: str
    source: str


def _lost(found: ConfigSpace) -> Verdict:
    """Accesses to functions that are there, by ways that are open."""
    bad = [each for each in found.answers if each.lost and not _left(each)]
    total = sum(each.reads + each.writes for each in found.answers)
    if not bad:
        return True, f"{total} accesses: none to a function that is there was lost" if total else "nobody asked"
    return False, f"{_named(found, bad)}: {_why(found, bad)}"


def _left(answer: ConfigAnswer) -> bool:
    return answer.way.endswith("left")


def _named(found: ConfigSpace, bad: Sequence[ConfigAnswer]) -> str:
    """``6 accesses to extended configuration of 00:05.0 (demu) are lost``, by way."""
    parts = []
    owners = {function: each.name for each in found.servers for function in each.functions}
    for way in dict.fromkeys(each.way for each in bad):
        mine = [each for each in bad if each.way == way]
        names = ", ".join(f"{each.function} ({owners.get(each.function, 'no server')})" for each in mine)
        parts.append(f"{way}: {sum(each.lost for each in mine)} to {names}")
    return f"lost by {'; by '.join(parts)}"


def _why(found: ConfigSpace, bad: Sequence[ConfigAnswer]) -> str:
    if all(each.who == "nobody" for each in bad):
        return "no server has registered it; QEMU registers a function behind a bridge under bus 0"
    return f"{found.cause}; what helps: {found.remedy}" if found.cause else "another server answers there"


def _on(found: ConfigSpace) -> Verdict:
    """Whether there is a window in the end."""
    if not found.windows:
        return False, "PCIEXBAR was never written: there is no window, and offsets from 100h on are out of reach"
    last = _last(found)
    if last.state == "on":
        return True, _place(last)
    lost = sum(each.lost for each in found.answers if _left(each))
    after = f"; {lost} accesses where it was reach nobody, and read ones" if lost else ""
    return False, f"off since event {last.seq}, it was {_place(last)}: CF8/CFC reaches the first 256 bytes{after}"


def _last(found: ConfigSpace) -> ConfigWindow:
    """The window as it is in the end: what a locked register refused does not count."""
    return [each for each in found.windows if each.state != "locked"][-1]


def _place(window: ConfigWindow) -> str:
    return f"{span(window.start, window.start + window.size)}, {window.size >> 20} buses"


def _moved(found: ConfigSpace) -> Verdict:
    """A window that moved while others go by its first address."""
    places = list(dict.fromkeys((each.start, each.size) for each in found.windows if each.state == "on"))
    if len(places) < 2:
        return None
    lost = sum(each.lost for each in found.answers if _left(each))
    way = " -> ".join(f"{start:#x}" for start, _ in places)
    told = "MCFG still says the first: make the table anew, or lock PCIEXBAR (pciexbar = 'once')"
    if not lost:
        return True, f"{way}: nobody used the old place"
    return False, f"{way}: {lost} accesses where it was reach nobody, and read ones; {told}"


def _locked(found: ConfigSpace) -> Verdict:
    """A note: writes that a locked register refused."""
    kept = [each for each in found.windows if each.state == "locked"]
    if not kept:
        return None
    return True, f"{len(kept)} writes changed nothing: PCIEXBAR is locked since it is on, {_place(_last(found))}"


def _over_ram(found: ConfigSpace) -> Verdict:
    """RAM is in front: no access traps."""
    bad = [each for each in found.windows if each.ram and each.state == "on"]
    if not bad:
        return None
    return False, "; ".join(
        f"{format_size(each.ram)} of {_place(each)} are the guest's RAM: that answers, and takes the writes; no access "
        "reaches anybody: put it into the MMIO hole" for each in bad
    )  # fmt: skip


def _over_bar(found: ConfigSpace) -> Verdict:
    """BARs of assigned devices are in front."""
    bad = [each for each in found.windows if each.bars and each.state == "on"]
    if not bad:
        return None
    return False, "; ".join(
        f"{_place(each)} lies over {', '.join(each.bars)}: mapped into the guest, the device's memory answers, "
        "and takes the writes" for each in bad
    )  # fmt: skip


def _lacks(found: ConfigSpace) -> Verdict:
    """What of a machine's chipset a design leaves to nobody."""
    return (False, found.lacks) if found.lacks else None


CONFIG_SPACE: tuple[ConfigRule, ...] = (
    ConfigRule("config-space", _lost, "a device whose extended configuration nobody answers", "Xen common/ioreq.c"),
    ConfigRule("config-window", _on, "a guest without MMCONFIG", "PCI Express 5.0, 7.2.2"),
    ConfigRule("window-moved", _moved, "accesses where the window was", "PCI Firmware 3.0, 4.1.2"),
    ConfigRule("window-locked", _locked, "a guest that believes that it moved the window", "xen-devel, 2018"),
    ConfigRule("window-over-ram", _over_ram, "configuration writes into guest RAM", "Xen arch/x86/hvm/hvm.c"),
    ConfigRule("window-over-bar", _over_bar, "configuration writes into a device's memory", "Xen arch/x86/hvm/hvm.c"),
    ConfigRule("chipset-pm", _lacks, "a guest that nothing can switch off", "xen-devel, 2018: anything at PMBASE"),
)
"""Every rule; ``window-locked`` is a note."""
