"""``hypervisor.options`` of the kind ``vpci``: how a guest is shown its functions, and which it is given."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import get_args

from msgspec import Struct

from fwsim.devices.smmu_lines import Style
from fwsim.errors import FwsimError
from fwsim.hypervisor.vpci.rules import Bars, GuestMap, Numbering, Rules, Writes
from fwsim.hypervisor.xl import xl_pci
from fwsim.hypervisor.xl.xl_pci import XlPci
from fwsim.memory.arm_map import ECAM_BASE, ECAM_SIZE, RAM0_BASE, check_ecam, guest_map
from fwsim.units import parse_size

_WHERE = "hypervisor.options"
_WORDS: dict[str, tuple[str, ...]] = {
    "writes": get_args(Writes), "bars": get_args(Bars), "numbering": get_args(Numbering), "smmu": get_args(Style),
}  # fmt: skip
_SWITCHES = ("ids", "msi")
_NUMBERS = ("ecam_base", "ecam_size")
OPTIONS = (*_WORDS, *_SWITCHES, *_NUMBERS, *xl_pci.OPTIONS)


class VpciOptions(Struct, frozen=True):
    """``rules`` but for the guest's RAM, which a scenario has; ``pci``: what is assigned. ``smmu``: whose words tell
    of DMA that leads nowhere.
    """

    rules: Rules
    pci: XlPci
    smmu: Style = "v3"
    ecam: tuple[int, int] = (ECAM_BASE, ECAM_SIZE)

    def of_guest(self, ram: int) -> Rules:
        """The rules in an Arm guest with ``ram`` bytes. Raises FwsimError for an ECAM over something else of it."""
        guest_map(ram, *self.ecam)
        guest = GuestMap(ram=((RAM0_BASE, ram),), ecam=self.ecam)
        rules = self.rules
        return Rules(True, rules.writes, rules.bars, rules.numbering, rules.ids, rules.msi, False, guest)


def read(given: Mapping[str, object], xl_cfg: str = "") -> VpciOptions:
    """The table ``given`` over the file ``xl_cfg``. Raises FwsimError naming the option, and what it may be."""
    pci = xl_pci.read(given, xl_cfg)
    words: dict[str, str] = {}
    for name, value in given.items():
        if name not in OPTIONS:
            near = get_close_matches(name, OPTIONS, n=1, cutoff=0.6)
            raise FwsimError(
                "vpci has no such option", where=f"{_WHERE}.{name}", found=name,
                expected="one of " + ", ".join(OPTIONS),
                hint=f"did you mean {near[0]}?" if near else "remove it",
            )  # fmt: skip
        if name in _WORDS:
            words[name] = _word(name, value)
    ecam = _number(given, "ecam_base", ECAM_BASE), _number(given, "ecam_size", ECAM_SIZE)
    check_ecam(*ecam, _WHERE)
    rules = Rules(
        writes=words.get("writes", "drop"), bars=words.get("bars", "relocate"),  # type: ignore[arg-type]
        numbering=words.get("numbering", "host"), ids=_switch(given, "ids"), msi=_switch(given, "msi"),  # type: ignore[arg-type]
    )  # fmt: skip
    return VpciOptions(rules, pci, words.get("smmu", "v3"), ecam)  # type: ignore[arg-type]


def _word(name: str, value: object) -> str:
    if value not in _WORDS[name]:
        near = get_close_matches(str(value), _WORDS[name], n=1, cutoff=0.6)
        raise FwsimError(
            "vpci's option cannot be that", where=f"{_WHERE}.{name}", found=repr(value),
            expected="one of " + ", ".join(f'"{each}"' for each in _WORDS[name]),
            hint=f"did you mean {near[0]}?" if near else "",
        )  # fmt: skip
    return str(value)


def _switch(given: Mapping[str, object], name: str) -> bool:
    value = given.get(name, True)
    if isinstance(value, bool):
        return value
    raise FwsimError(
        "vpci's option cannot be that", where=f"{_WHERE}.{name}", found=repr(value), expected="true or false"
    )  # fmt: skip


def _number(given: Mapping[str, object], name: str, usual: int) -> int:
    value = given.get(name, usual)
    if isinstance(value, int | str) and not isinstance(value, bool):
        return parse_size(value, f"{_WHERE}.{name}")
    raise FwsimError(
        "vpci's option cannot be that", where=f"{_WHERE}.{name}", found=repr(value),
        expected=f"bytes as a number, such as {usual:#x}",
    )  # fmt: skip
