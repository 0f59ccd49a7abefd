"""xl's PCI_SPEC_STRING: one device to assign, its options, and the backend that is proposed for each.

Source: Xen docs/man/xl-pci-configuration.5.pod, tools/libs/util/libxlu_pci.c. Where they part, what the code refuses is
refused here (a bare vslot, an empty one); what the page forbids too: an option given twice, text behind a BDF.
``backend``: Roger Pau Monné on xen-devel, 17 July 2020, "PCI devices passthrough on Arm design proposal". No xl has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal, cast

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.passage import Passage

Backend = Literal["", "vpci", "xenpt", "qemu"]
Policy = Literal["strict", "relaxed"]
BACKENDS: tuple[Backend, ...] = ("vpci", "xenpt", "qemu")
SWITCHES = ("permissive", "msitranslate", "seize", "power_mgmt")
KEYS = ("bdf", "vslot", *SWITCHES, "rdm_policy", "name", "backend")
"""What may stand before a =."""
_HEX = re.compile(r"[0-9A-Fa-f]*")
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}\Z")
_EXAMPLE = "such as 08:00.0 or 0000:08:00.0, in hexadecimal"


@dataclass(frozen=True)
class PciOptions:
    """What xl is to do about one device. ``rdm_policy``: what becomes of a guest whose RAM is in its RMRR's way."""

    permissive: bool = False
    msitranslate: bool = False
    seize: bool = False
    power_mgmt: bool = False
    rdm_policy: Policy = "strict"

    def switched(self, name: str, on: bool) -> PciOptions:
        """The same with one of ``SWITCHES`` on or off."""
        return replace(self, **{name: on})  # type: ignore[arg-type]  # each of SWITCHES is a bool


@dataclass(frozen=True)
class XlDevice:
    """One entry of ``pci``. ``sbdf``: segment << 16 | bus << 8 | device << 3 | function, None where ``name`` names it.

    ``backend`` "" is none given; ``vslot`` the guest's device number (0-31), None for one that is free; ``every``: all
    functions of the device (``*``), ``sbdf`` is then function 0's; ``function`` the number that the guest sees: 0 for
    a function that is assigned alone. ``passage`` is the entry, ``marks`` where in it each value is: (first character,
    length).
    """

    sbdf: int | None
    backend: Backend = ""
    vslot: int | None = None
    options: PciOptions = PciOptions()
    every: bool = False
    function: int = 0
    name: str = ""
    passage: Passage = field(default=Passage("", ""), compare=False, repr=False)
    marks: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def title(self) -> str:
        """As the user named it."""
        if self.sbdf is None:
            return self.name
        return bdf_text(self.sbdf)[:-1] + "*" if self.every else bdf_text(self.sbdf)

    def error(self, key: str, what: str, *, expected: str = "", hint: str = "") -> FwsimError:
        """An error about the value of ``key``; about the device itself where that is not given."""
        at, length = self.marks.get(key) or self.marks.get("bdf") or self.marks.get("name") or (0, 1)
        return self.passage.error(what, at, length, expected=expected, hint=hint)


def bdf_text(sbdf: int) -> str:
    """As ``lspci -D`` has it: ``0000:08:00.0``."""
    return f"{sbdf >> 16:04x}:{sbdf >> 8 & 0xFF:02x}:{sbdf >> 3 & 31:02x}.{sbdf & 7}"


def nearest(word: str, known: Sequence[str]) -> str:
    """``did you mean X?`` for the nearest of ``known``, "" when none is near."""
    near = get_close_matches(word.strip().lower(), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ""


def read_spec(
    passage: Passage, usual: PciOptions = PciOptions(), wrong: list[tuple[str, FwsimError]] | None = None
) -> XlDevice:
    """The device that ``passage`` names; ``usual`` are the options that it has where it does not say otherwise.

    Raises FwsimError pointing at the character, for everything that is not of the form. With a list ``wrong`` it goes
    there instead, with the key that is concerned, and what is right counts; ``sbdf`` is None where no BDF is.
    """
    spec = _Spec(passage, usual, wrong)
    spec.read()
    if wrong is None:
        spec.check()
    return replace(spec.device, marks=spec.marks)


class _Spec:
    """One string, read from left to right: ``at`` is the next character."""

    def __init__(self, passage: Passage, usual: PciOptions, wrong: list[tuple[str, FwsimError]] | None) -> None:
        self.wrong = wrong
        self.passage, self.text, self.at = passage, passage.text, 0
        self.device = XlDevice(None, options=usual, passage=passage)
        self.marks: dict[str, tuple[int, int]] = {}

    def read(self) -> None:
        """All of it, part by part."""
        if "=" not in self.text.partition(",")[0]:
            self._part("bdf", self._positional)
        while self.at < len(self.text):
            self._part(self.text[self.at : self._piece_end()].partition("=")[0], self._pair)

    def _part(self, key: str, read: Callable[[], None]) -> None:
        end = self._piece_end()
        try:
            read()
        except FwsimError as error:
            if self.wrong is None:
                raise
            self.wrong.append((key, error))
            self.at = end + 1

    def check(self) -> None:
        """Raises FwsimError unless one device is named, one way."""
        if "bdf" in self.marks and "name" in self.marks:
            raise self._wrong("a name beside a BDF", *self.marks["name"], expected="one of them",
                              hint="a name stands for the BDF that xl pci-assignable-add gave it to")  # fmt: skip
        if "bdf" not in self.marks and "name" not in self.marks:
            first = next(iter(self.marks))
            raise self._wrong(f"{first} for no device", 0, len(self.text), expected="a BDF first, " + _EXAMPLE,
                              hint=f'such as "08:00.0,{self.text}"')  # fmt: skip

    def _wrong(self, what: str, at: int, length: int = 1, *, expected: str, hint: str = "") -> FwsimError:
        return self.passage.error(what, at, length, expected=expected, hint=hint)

    def _positional(self) -> None:
        """``BDF[@VSLOT]`` and the comma behind it."""
        if not self.text.strip():
            raise self.passage.refused("no device", expected="a PCI device, " + _EXAMPLE, hint="name it, or remove it")
        self._bdf(len(self.text))
        if self._sees("@"):
            self.at += 1
            self._vslot()
        if self.at < len(self.text) and not self._sees(","):
            raise self._wrong("text behind the device", self.at, self._piece_end() - self.at,
                              expected="a comma, or the end", hint="options are of the form ,KEY=VALUE")  # fmt: skip
        self.at += 1

    def _sees(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def _piece_end(self) -> int:
        end = self.text.find(",", self.at)
        return len(self.text) if end < 0 else end

    # --- numbers -----------------------------------------------------------------------------------------------------

    def _hex(self, what: str, highest: int) -> int:
        match = _HEX.match(self.text, self.at)
        digits = match[0] if match else ""
        if not digits:
            raise self._wrong(f"no {what} number", self.at, expected=f"{what} 0 to {highest:x}, hexadecimal",
                              hint=_EXAMPLE)  # fmt: skip
        value = int(digits, 16)
        if value > highest:
            raise self._wrong(f"no such {what}", self.at, len(digits), expected=f"0 to {highest:x}, hexadecimal",
                              hint="lspci shows what there is")  # fmt: skip
        self.at += len(digits)
        return value

    def _sign(self, sign: str, behind: str) -> None:
        if not self._sees(sign):
            raise self._wrong("not a PCI device", self.at, expected=f"{sign!r} behind the {behind}", hint=_EXAMPLE)
        self.at += 1

    def _bdf(self, end: int) -> None:
        """[DDDD:]BB:SS.F from here on; the numbers' ranges are libxlu's."""
        begin = self.at
        match = _HEX.match(self.text, begin)
        domain_end = match.end() if match else begin
        shape = re.compile(r":[0-9A-Fa-f]*:").match(self.text, domain_end)
        domain = 0
        if shape:
            domain = self._hex("domain", 0xFFFF)
            self._sign(":", "domain")
        bus = self._hex("bus", 0xFF)
        self._sign(":", "bus")
        slot = self._hex("device", 0x1F)
        self._sign(".", "device")
        every, function = self._sees("*"), 0
        if every:
            self.at += 1
        else:
            function = self._hex("function", 7)
        self.marks["bdf"] = (begin, self.at - begin)
        self.device = replace(self.device, sbdf=domain << 16 | bus << 8 | slot << 3 | function, every=every)

    def _vslot(self) -> None:
        """Hexadecimal in any case; 0 leaves the choice to libxl (libxl_pci.c: ``if (pci->vdevfn)``)."""
        begin = self.at
        slot = self._hex("slot", 0x1F)
        self.marks["vslot"] = (begin, self.at - begin)
        self.device = replace(self.device, vslot=slot or None)

    # --- KEY=VALUE ---------------------------------------------------------------------------------------------------

    def _pair(self) -> None:
        begin, end = self.at, self._piece_end()
        key, sign, value = self.text[begin:end].partition("=")
        if not sign:
            raise self._wrong("an option without a value", begin, max(1, end - begin), expected="KEY=VALUE",
                              hint=_without_value(key))  # fmt: skip
        if key not in KEYS:
            raise self._wrong("xl knows no such option", begin, max(1, len(key)), expected="one of " + ", ".join(KEYS),
                              hint=nearest(key, KEYS) or "remove it")  # fmt: skip
        if key in self.marks:
            raise self._wrong(f"{key} is given twice", begin, len(key), expected="each option once",
                              hint="remove one of them")  # fmt: skip
        self.at = begin + len(key) + 1
        if key in ("bdf", "vslot"):
            self._bdf(end) if key == "bdf" else self._vslot()
            if self.at < end:
                raise self._wrong(f"text behind the {key}", self.at, end - self.at, expected="a comma, or the end",
                                  hint="write ,vslot= for a slot" if self._sees("@") else "")  # fmt: skip
        else:
            self._set(key, value)
            self.marks[key] = (self.at, len(value)) if value else (begin, len(key) + 1)
        self.at = end + 1

    def _set(self, key: str, value: str) -> None:
        options = self.device.options
        if key in SWITCHES:
            self.device = replace(self.device, options=options.switched(key, self._switch(value)))
        elif key == "name":
            if not value:
                raise self._wrong("no name", self.at, expected="a name", hint="as xl pci-assignable-add --name gave it")
            self.device = replace(self.device, name=value)
        elif key == "backend":
            word = self._one_of("backend", value, BACKENDS)
            self.device = replace(self.device, backend=cast(Backend, word))
        else:
            policy = self._one_of("RDM policy", value.lower(), ("strict", "relaxed"))
            self.device = replace(self.device, options=replace(options, rdm_policy=cast(Policy, policy)))

    def _switch(self, value: str) -> bool:
        """A number, as atoi reads it: xl takes every other word for 0 without saying so. "" is the default, 0."""
        if value and not _NUMBER.match(value):
            raise self._wrong("not a number", self.at, len(value), expected="0 or 1: xl takes any other word for 0",
                              hint="write 1 to switch it on")  # fmt: skip
        return bool(int(value or "0"))

    def _one_of(self, what: str, value: str, known: Sequence[str]) -> str:
        if value not in known:
            raise self._wrong(f"no such {what}", self.at, max(1, len(value)), expected="one of " + ", ".join(known),
                              hint=nearest(value, known) or "choose one of these")  # fmt: skip
        return value


def _without_value(key: str) -> str:
    if key in SWITCHES:
        return f"write {key}=1"
    if key in BACKENDS:
        return f"write backend={key}"
    if key and _HEX.fullmatch(key):
        return f"write vslot={key}"
    return nearest(key, KEYS) or "remove it"
