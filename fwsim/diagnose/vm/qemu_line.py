"""QEMU command lines in a text: as typed, in a script, as ``ps`` prints them, as libvirt logs them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fwsim.diagnose.case import Tool, Vm
from fwsim.diagnose.vm import words
from fwsim.diagnose.vm.draft import Draft
from fwsim.diagnose.vm.qemu_args import Option, devices, igd_of, options, put_device, read_words

_PROGRAM = re.compile(
    r"""(?:^|(?<=[\s'"`=(]))(?<!accel=)(?:/[\w./+-]*/)?(qemu-system-(?:x86_64|i386)(?:-\w+)?|qemu-kvm|kvm|qemu|\$\{?QEMU\w*\}?)"""
    r"""["'`]?(?=\s+["']?-\w|\s+\\\s*$|\s+"?\$|\s+"\$\{)"""
)
_STARTING = re.compile(
    r"starting up libvirt version: (?P<libvirt>[\d.]+).*?qemu version: (?P<qemu>\d+\.\d+(?:\.\d+)?)", re.IGNORECASE
)
_COMPLAINT = re.compile(
    r"(?:qemu-system-x86_64|qemu-kvm|kvm|qemu): -device (?P<device>(?:vfio-pci|\{).*?)"
    r"(?:: (?:vfio|IGD|warning|Unsupported|Property|Failed|failed|error|.*not found)|: *$)"
)
_OPTION = re.compile(r"\s*-[a-zA-Z][\w-]*(?:\s|$)")
_MOST_OPTIONS = 200
"""Lines of such a list."""
_LOG_LINE = 4096
"""Characters of a line in which a message is looked for."""
_TELLING = ("device", "m", "machine", "M", "drive", "cpu", "smp", "enable-kvm", "bios", "hda", "cdrom")


def read(lines: Sequence[str], file: str) -> list[Vm]:
    """Each command line's VM, the last of each name: a log has one for each start."""
    found: dict[str, Vm] = {}
    variables = words.Variables()
    text, row, release = list(lines), 0, ("", 0, "")
    while row < len(text):
        line = text[row]
        told = "kvm" in line or "qemu" in line or "QEMU" in line
        started = _STARTING.search(line[:_LOG_LINE]) if told else None
        if started:
            release = (started["qemu"], row + 1, f"qemu version: {started['qemu']}")
        match = _PROGRAM.search(line) if told and not line.lstrip().startswith("#") else None
        if match is None:
            row = (words.assigned(text, row, variables) or row + 1) if "=" in line else row + 1
            continue
        vm, after = _command(text, row, match.end(), variables, file, release)
        if vm is not None:
            found[vm.name or f"line {row + 1}"] = vm
        row = after
    return list(found.values()) or _options_alone(text, variables, file) or _complaints(text, file)


def _options_alone(text: list[str], variables: words.Variables, file: str) -> list[Vm]:
    """Options that were quoted without the program before them, one or more on each line."""
    rows = [row for row, line in enumerate(text) if _OPTION.match(line)]
    first = next((row for row in rows if "vfio-pci" in "".join(text[row : row + _MOST_OPTIONS])), None)
    if first is None:
        return []
    last = first
    while last + 1 < len(text) and _OPTION.match(text[last + 1]):
        last += 1
    joined = [line.rstrip().removesuffix("\\").rstrip() + " \\" for line in text[first : last + 1]]
    vm, _ = _command([*text[:first], *joined, ""], first, 0, variables, file, ("", 0, ""))
    return [vm] if vm is not None and ("host" in vm.settings or "mdev" in vm.settings) else []


def _command(
    text: list[str], row: int, column: int, variables: words.Variables, file: str, release: tuple[str, int, str]
) -> tuple[Vm | None, int]:
    odd: list[tuple[int, str, str]] = []
    taken, after = words.command(text, row, column, variables, lambda *each: odd.append(each))
    names = {option.name for option in options(taken)}
    if len(names & set(_TELLING)) < 2:
        return None, after
    logged = bool(release[0])
    draft = Draft(_tool(taken, logged), file)
    for each in odd:
        draft.unread(*each)
    if logged:
        draft.put("qemu", release[0], release[1], release[2])
    read_words(draft, taken)
    draft.assume("hypervisor", "qemu", "a QEMU command line")
    return draft.vm, after


def _tool(taken: Sequence[words.Word], logged: bool) -> Tool:
    """Whose VM it is, by what the tools that make command lines leave in them."""
    joined = " ".join(word.text for word in taken)[:200_000]
    if "qemu-server" in joined or "id=hostpci" in joined:
        return "proxmox"
    if re.search(r"\bxenfv\b", joined):
        return "xl"  # Xen's device model: xl, libxl and Qubes start it so
    libvirt = "/libvirt/" in joined or '"id":"hostdev' in joined or "guest=" in joined
    return "libvirt" if logged or libvirt else "qemu"


def _complaints(text: Sequence[str], file: str) -> list[Vm]:
    """QEMU names the device that it complains about: with no command line, that much of the VM is known."""
    for number, line in enumerate(text, 1):
        match = _COMPLAINT.search(line[:_LOG_LINE]) if "-device" in line else None
        if match is None:
            continue
        draft = Draft("proxmox" if "hostpci" in match["device"] else "qemu", file)
        found = devices([Option("device", match["device"], number)], draft)
        device = igd_of(found)
        if device is not None:
            put_device(draft, device)
            draft.assume("hypervisor", "qemu", "QEMU's own message")
            return [draft.vm]
    return []
