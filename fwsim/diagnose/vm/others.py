"""VMs of crosvm and ACRN: recognised, and what their passed-through device needs is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fwsim.diagnose.case import Tool, Vm
from fwsim.diagnose.vm import words
from fwsim.diagnose.vm.draft import Draft, number
from fwsim.diagnose.vm.qemu_args import IGD, memory, slot_text
from fwsim.units import MIB

_PROGRAM = re.compile(r"(?:^|(?<=[\s'\"`(]))(?:/[\w./-]*/)?(crosvm|acrn-dm)(?=\s+[-r])")


def looks_so(text: str) -> bool:
    """Whether one of their command lines is in the text."""
    return ("crosvm" in text or "acrn-dm" in text) and _PROGRAM.search(text) is not None


def read(lines: Sequence[str], file: str) -> list[Vm]:
    """Each command line's VM."""
    text, found, variables, row = list(lines), list[Vm](), words.Variables(), 0
    while row < len(text):
        match = _PROGRAM.search(text[row]) if not text[row].lstrip().startswith("#") else None
        if match is None:
            row = (words.assigned(text, row, variables) or row + 1) if "=" in text[row] else row + 1
            continue
        taken, row = words.command(text, row, match.end(), variables)
        tool: Tool = "crosvm" if match[1] == "crosvm" else "acrn"
        draft = Draft(tool, file)
        for word, after in zip(taken, [*taken[1:], words.Word("", 0)], strict=True):
            (_crosvm if tool == "crosvm" else _acrn)(draft, word.text, after.text, word.line)
        draft.assume("hypervisor", tool, f"a command line of {match[1]}")
        found.append(draft.vm)
    return found


def _crosvm(draft: Draft, name: str, value: str, line: int) -> None:
    """crosvm's --vfio PATH[,guest-address=BB:DD.F], --mem MIB (crosvm docs/book, vfio)."""
    name, sign, inner = name.partition("=")
    value, text = inner if sign else value, f"{name} {inner if sign else value}"
    if name in ("--mem", "-m") and memory(value.removeprefix("size="), MIB):
        draft.put("ram", memory(value.removeprefix("size="), MIB), line, text)
    elif name in ("--cpus", "-c") and number(value.removeprefix("num-cores=")):
        draft.put("cpus", number(value.removeprefix("num-cores=")) or 1, line, text)
    elif name == "--vfio":
        path, *rest = value.split(",")
        host = path.rstrip("/").rpartition("/")[2]
        if IGD.match(host):
            draft.put("host", host.removeprefix("0000:"), line, text)
            address = dict(each.partition("=")[::2] for each in rest).get("guest-address", "")
            slot = slot_text("", address.removeprefix("00:")) if address else ""
            draft.put("slot", slot or "00:02.0", line, text)
    elif name == "--bios":
        draft.put("firmware", "ovmf", line, text)


def _acrn(draft: Draft, name: str, value: str, line: int) -> None:
    """acrn-dm's -s SLOT,passthru,B/D/F[,options], -m SIZE (ACRN Device Model Parameters)."""
    text = f"{name} {value}"
    if name == "-m" and memory(value, MIB):
        draft.put("ram", memory(value, MIB), line, text)
    elif name == "--ovmf":
        draft.put("firmware", "ovmf", line, text)
    elif name == "-s":
        slot, *rest = value.split(",")
        match = re.match(r"0*0[/:]0*2[/:](\d)", rest[1]) if len(rest) > 1 and rest[0] == "passthru" else None
        if match:
            draft.put("host", f"00:02.{match[1]}", line, text)
            found = slot_text("", f"{int(slot):x}" if slot.isdecimal() else slot)
            if found:
                draft.put("slot", found, line, text)
