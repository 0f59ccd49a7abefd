"""A VM in the making: settings are put one by one, each with its line; what is odd is said with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from fwsim.diagnose.case import Evidence, Setting, Tool, Unread, Vm
from fwsim.diagnose.text import shown
from fwsim.diagnose.vm.secrets import redact

Value = str | int | bool
_LONGEST = 4096
"""Characters of an option that are looked at for what may be shown of it."""
_NEAR = 0.75
"""How alike two words are of which one is the other mistyped: x-igd-gmz and x-igd-gms 0.89, rombar and romfile 0.46."""
_CHIPSET = re.compile(r"(?:pc-)?(q35)(?!\w)|(pc)(?:-i440fx|-\d|\+|$)")


class Draft:
    """One VM of ``file``. What a user wrote counts before what is assumed, what comes later before what came first."""

    def __init__(self, tool: Tool, file: str, name: str = "") -> None:
        self.file = file
        self.vm = Vm(tool=tool, name=name)

    def put(self, name: str, value: Value, line: int, text: str) -> None:
        """A setting that stands in the file."""
        self.vm.settings[name] = Setting(value=value, evidence=self.at(line, text))

    def assume(self, name: str, value: Value, why: str, line: int = 0) -> None:
        """A setting that nobody wrote, unless one is there already."""
        if name not in self.vm.settings:
            self.vm.settings[name] = Setting(value=value, evidence=self.at(line, why), assumed=True)

    def unread(self, line: int, why: str, expected: str = "") -> None:
        """What is not understood, once."""
        found = Unread(file=self.file, line=line, why=shown(redact(why[:_LONGEST])), expected=expected)
        if found not in self.vm.unread:
            self.vm.unread.append(found)

    def unknown(self, word: str, known: Iterable[str], line: int, what: str) -> None:
        """A word that the tool does not know: ``what`` names its kind; a known word near it is what was expected."""
        near = get_close_matches(word, list(known), n=1, cutoff=_NEAR)
        self.unread(line, f"{what} {word} is not known", near[0] if near else "")

    def at(self, line: int, text: str) -> Evidence:
        """Evidence of this file."""
        return Evidence(file=self.file, line=line, text=shown(redact(text[:_LONGEST])))

    def value(self, name: str) -> Value | None:
        """A setting's value so far."""
        return self.vm.value(name)


ON = {"on", "yes", "true", "1", "y", "enabled"}
OFF = {"off", "no", "false", "0", "n", "disabled"}


def switch(text: str) -> bool | None:
    """A yes or no as the tools write them, None for another word."""
    word = text.strip().lower()
    return True if word in ON else False if word in OFF else None


def number(text: str) -> int | None:
    """A number in any base, None for another word."""
    try:
        return int(text.strip(), 0)
    except ValueError:
        return int(text) if text.strip().isdecimal() else None


def firmware_of(path: str) -> str:
    """The firmware that an image's name tells of, "" where it does not."""
    low = path.lower()
    if any(word in low for word in ("ovmf", "edk2", "uefi", "/qemu/firmware", "code_4m", "aavmf")):
        return "ovmf"
    return "seabios" if "bios" in low else ""


def chipset(machine: str) -> str:
    """``pc`` or ``q35`` of a machine type such as ``pc-i440fx-8.1+pve0``; another type as it is."""
    found = _CHIPSET.match(machine.strip())
    return (found[1] or found[2]) if found else machine.strip()
