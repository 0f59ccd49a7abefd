"""``hypervisor.options`` of the kind ``xen``: what xl.cfg, the command line of Xen and the host's ACPI tables say.

Source: Xen docs/man/xl.cfg.5.pod.in, xl-pci-configuration.5.pod, docs/misc/xen-command-line.pandoc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Literal

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl import xl_pci
from fwsim.hypervisor.xl.xl_pci import XlPci

Domain = Literal["hvm", "dom0", "pvh"]
Passthru = Literal["", "auto", "igd"]
Policy = Literal["strict", "relaxed"]
Chipset = Literal["pciexbar", "mch-ich9"]
_WHERE = "hypervisor.options"
_PAGE = 0xFFF
_MIB = 1 << 20
_LONGEST_QUIRK = 60_000
_IGD = 0x10
"""00:02.0 as an sbdf."""


class Rmrr(Struct, frozen=True):
    """A reserved region of the host's: ``start``, its ``last`` byte; ``shared`` with another device."""

    start: int
    last: int
    shared: bool = False


class XenOptions(Struct, frozen=True):
    """What the user says of Xen.

    ``domain``: whose the IGD is: a guest's (hvm), or dom0's, PV (dom0) or PVH (pvh). ``gfx_passthru``: off (""),
    found out by libxl (auto), or "igd". ``permissive``: xen-pt passes writes of registers that it does not know.
    ``rdm_policy``: the device's; ``boundary``: rdm_mem_boundary in bytes. ``no_igfx``: iommu=no-igfx.
    ``config_space``: what Xen knows of MMCONFIG, "": nobody asks; ``chipset``: what of it Xen emulates, where it routes
    by itself; ``pciexbar_once``: PCIEXBAR is locked once it is on.
    ``rmrr``: the IGD's; ``reserved``: the host's e820 has stolen memory and RMRRs as reserved; ``inclusive``:
    iommu_inclusive_mapping=1. ``snb_quirk``: milliseconds of snb_igd_quirk. ``pci``: what xl.cfg assigns beside that.
    """

    domain: Domain = "hvm"
    gfx_passthru: Passthru = "igd"
    permissive: bool = False
    rdm_policy: Policy = "strict"
    boundary: int = 2048 * _MIB
    no_igfx: bool = False
    rmrr: tuple[Rmrr, ...] = ()
    reserved: bool = True
    inclusive: bool = False
    snb_quirk: int = 0
    pci: XlPci = field(default_factory=XlPci)
    config_space: Literal["", "told", "outdated", "hypervisor"] = ""
    chipset: Chipset = "mch-ich9"
    pciexbar_once: bool = False

    def by_vpci(self, host: int | None) -> bool:
        """Whether Xen's own vPCI answers for that function of the host, and no device model."""
        found = None if host is None else self.pci.device(host)
        return found is not None and found.backend == "vpci" and self.domain == "hvm"


def read(given: Mapping[str, object], xl_cfg: str = "") -> XenOptions:
    """The table ``given`` as options, over the lines on PCI of the file ``xl_cfg`` ("" for none).

    Raises FwsimError naming the option, what it may be, and what to do.
    """
    pci = xl_pci.read(given, xl_cfg)
    found: dict[str, Any] = {"pci": pci} | _of_igd(pci)
    for name, value in given.items():
        if name in xl_pci.OPTIONS:
            continue
        if name not in _READERS:
            known = [*_READERS, *xl_pci.OPTIONS]
            near = get_close_matches(name, known, n=1, cutoff=0.6)
            raise FwsimError(
                "xen has no such option", where=f"{_WHERE}.{name}", found=name,
                expected="one of " + ", ".join(known),
                hint=f"did you mean {near[0]}?" if near else "remove it",
            )  # fmt: skip
        found |= _READERS[name](name, value)
    made = XenOptions(**found)
    if made.domain != "hvm" and (pci.devices or xl_cfg):
        raise _refuse("domain", made.domain, '"hvm": xl assigns devices to a guest', "dom0 has every device already")
    for name in ("chipset", "pciexbar"):
        if name in given and not made.config_space:
            raise FwsimError(
                "nobody asks who answers configuration space", where=f"{_WHERE}.{name}", found=repr(given[name]),
                expected="nothing, or config_space beside it", hint='config_space = "told", "outdated" or "hypervisor"',
            )  # fmt: skip
    if "chipset" in given and made.config_space != "hypervisor":
        raise FwsimError(
            "the chipset is the device model's", where=f"{_WHERE}.chipset", found=repr(given["chipset"]),
            expected=f'no chipset with config_space = "{made.config_space}"', hint='config_space = "hypervisor"',
        )  # fmt: skip
    return made


def _of_igd(pci: XlPci) -> dict[str, Any]:
    """What the IGD's own entry says of it; the options of these names go before it."""
    igd = pci.device(_IGD)
    return {"permissive": igd.options.permissive, "rdm_policy": igd.options.rdm_policy} if igd else {}


def _refuse(name: str, value: object, expected: str, hint: str = "") -> FwsimError:
    return FwsimError(
        "xen's option cannot be that", where=f"{_WHERE}.{name}", found=repr(value), expected=expected, hint=hint
    )


def _word(name: str, value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise _refuse(name, value, "one of " + ", ".join(f'"{each}"' for each in known))
    return str(value)


def _switch(name: str, value: object) -> bool:
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise _refuse(name, value, "true or false")


def _gfx(name: str, value: object) -> dict[str, Any]:
    """A number, or the one kind that libxl knows."""
    if isinstance(value, int):
        return {"gfx_passthru": "auto" if value else ""}
    if value in ("0", "1"):
        return {"gfx_passthru": "auto" if value == "1" else ""}
    if value != "igd":
        raise _refuse(name, value, '0, 1 or "igd"', f'xl says: ERROR: invalid value "{value}" for "gfx_passthru"')
    return {"gfx_passthru": "igd"}


def _rdm(name: str, value: object) -> dict[str, Any]:
    """strategy=host, and the policy of regions that are no assigned device's: there are none here."""
    rows = dict(part.strip().partition("=")[::2] for part in str(value).split(",") if part.strip())
    known: dict[str, tuple[str, ...]] = {"strategy": ("host",), "policy": ("strict", "relaxed")}
    for key, word in rows.items():
        if key not in known or word not in known[key]:
            raise _refuse(name, value, '"strategy=host,policy=strict" or "strategy=host,policy=relaxed"')
    return {}


def _boundary(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 4096:
        raise _refuse(name, value, "MiB, 1 to 4096", "xl.cfg's rdm_mem_boundary is 2048 by itself")
    return {"boundary": value * _MIB}


def _rmrr(name: str, value: object) -> dict[str, Any]:
    expected = '"START-LAST" in hexadecimal, commas between, with " shared" behind one that another device has too'
    rows: list[Rmrr] = []
    for part in str(value).split(","):
        span, _, word = part.strip().partition(" ")
        first, dash, last = span.partition("-")
        try:
            row = Rmrr(int(first, 16), int(last, 16), word.strip() == "shared")
        except ValueError:
            raise _refuse(name, value, expected) from None
        if not dash or word.strip() not in ("", "shared") or row.start & _PAGE or (row.last + 1) & _PAGE:
            raise _refuse(name, part.strip(), expected, "whole pages, such as 0xdb800000-0xdf9fffff")
        if not 0 < row.start < row.last < 1 << 52:
            raise _refuse(name, part.strip(), expected, f"Xen says: RMRR [{row.start:x},{row.last:x}] is incorrect!")
        if any(row.start <= other.last and other.start <= row.last for other in rows):
            raise _refuse(name, part.strip(), "regions that do not overlap", "Xen says: Overlapping RMRRs")
        rows.append(row)
    return {"rmrr": tuple(rows)}


def _quirk(name: str, value: object) -> dict[str, Any]:
    """No value: a second; "cap": 670 ms (parse_snb_timeout in vtd/quirks.c)."""
    if isinstance(value, bool):
        return {"snb_quirk": 1000 * value}
    if value == "cap":
        return {"snb_quirk": 670}
    if isinstance(value, int) and 0 <= value <= _LONGEST_QUIRK:
        return {"snb_quirk": value}
    raise _refuse(name, value, f'true, false, "cap", or milliseconds up to {_LONGEST_QUIRK}')


def _iommu(name: str, value: object) -> dict[str, Any]:
    return {"no_igfx": _word(name, value, ("", "no-igfx")) != ""}


_READERS: dict[str, Callable[[str, object], dict[str, Any]]] = {
    "domain": lambda name, value: {"domain": _word(name, value, ("hvm", "dom0", "pvh"))},
    "gfx_passthru": _gfx,
    "permissive": lambda name, value: {"permissive": _switch(name, value)},
    "rdm": _rdm,
    "rdm_policy": lambda name, value: {"rdm_policy": _word(name, value, ("strict", "relaxed"))},
    "rdm_mem_boundary": _boundary,
    "iommu": _iommu,
    "rmrr": _rmrr,
    "reserved": lambda name, value: {"reserved": _switch(name, value)},
    "inclusive": lambda name, value: {"inclusive": _switch(name, value)},
    "snb_igd_quirk": _quirk,
    "config_space": lambda name, value: {"config_space": _word(name, value, ("", "told", "outdated", "hypervisor"))},
    "chipset": lambda name, value: {"chipset": _word(name, value, ("pciexbar", "mch-ich9"))},
    "pciexbar": lambda name, value: {"pciexbar_once": _word(name, value, ("rw", "once")) == "once"},
}
"""What an option's value becomes: fields of ``XenOptions``."""
