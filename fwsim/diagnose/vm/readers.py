"""A file is taken for a VM's configuration by what is in it, whatever its name, and read by its tool's reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from fwsim.diagnose.case import Case, Evidence, Seen, Unread, Vm
from fwsim.diagnose.text import shown
from fwsim.diagnose.vm import bhyve, libvirt, others, proxmox, qemu_line, xl
from fwsim.host.markup import unmarked
from fwsim.units import MIB

LARGEST = 8 * MIB
"""Bytes of a file that are looked at: a configuration has a few KiB, libvirt's log of a VM some MiB at most."""
RELEASE = "qemu-release"
"""The id of what says which QEMU is there; its group ``release`` is the number."""
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_RELEASES = (
    re.compile(r"QEMU emulator version (?P<release>\d+\.\d+(?:\.\d+)?)"),
    re.compile(r"^\s*pve-qemu-kvm:\s+(?P<release>\d+\.\d+(?:\.\d+)?)"),
    re.compile(r"^\s*ii\s+(?:pve-qemu-kvm|qemu-system-x86)\s+(?:\d+:)?(?P<release>\d+\.\d+(?:\.\d+)?)"),
    re.compile(r"Running hypervisor: QEMU (?P<release>\d+\.\d+(?:\.\d+)?)"),
    re.compile(r"^\W*qemu(?:[ -]version)?\W{1,5}v?(?P<release>\d+\.\d+(?:\.\d+)?)\b(?!\.\d)", re.IGNORECASE),
)
_QEMU = re.compile("qemu", re.IGNORECASE)
_HINT = re.compile(
    rb"qemu|/kvm|hostpci|domain|gfx_passthru|builder|type\s*=|bhyve|passthru|crosvm|acrn-dm|scsihw|ostype|vmgenid|QEMU|Qemu|"
    rb"smbios1|vfio-pci|pve-qemu-kvm|<!DOCTYPE|hostdev"
)
_Reader = tuple[Callable[[str], bool], Callable[[Sequence[str], str], list[Vm]]]
_READERS: tuple[_Reader, ...] = (
    (bhyve.looks_so, bhyve.read),
    (others.looks_so, others.read),
    (lambda text: proxmox.looks_so(text.splitlines()), proxmox.read),
    (xl.looks_so, xl.read),
    (lambda text: any(word in text for word in ("qemu", "kvm", "QEMU", "vfio-pci")), qemu_line.read),
)
"""In this order: whether a text is so, and its reader; the first that finds a VM has it. XML goes before them all."""


def take_vm(path: Path, name: str, case: Case) -> bool:
    """Take what ``path``, called ``name`` in the report, tells of a VM into ``case``; whether it tells anything.

    Raises OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(LARGEST + 1)
    text = text_of(data[:LARGEST])
    if text is None:
        return False
    found, unread = vms_of(text, name)
    releases = _releases(text, name) if _QEMU.search(text) else []
    case.vms += found
    case.unread += unread
    case.seen += releases
    if found and len(data) > LARGEST:
        why = f"only its first {LARGEST // MIB} MiB were looked at for a VM's configuration"
        case.unread.append(Unread(file=name, why=why))
    return bool(found or unread or releases)


def text_of(data: bytes) -> str | None:
    """``data`` as text without colour codes and a forum's marks, None for what cannot be a configuration.

    UTF-16 has its mark.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    elif (b"\0" in data[:65536].rstrip(b"\0") and not data.startswith(b"/")) or not _HINT.search(
        data
    ):  # /proc/PID/cmdline has them between words
        return None
    else:
        text = data.replace(b"\0", b" ").decode("utf-8", "replace").removeprefix("\ufeff")
    return unmarked(_COLOUR.sub("", text) if "\x1b" in text else text)


def vms_of(text: str, name: str) -> tuple[list[Vm], list[Unread]]:
    """The VMs of a text, and what of it is a configuration and could not be read."""
    if libvirt.looks_so(text):
        found, errors = libvirt.read(text, name)
        unread = [
            Unread(file=name, line=int(error.found or 0), why=error.what, expected=error.expected) for error in errors
        ]
        if found or unread:
            return _named(found, name), unread
    for looks_so, read in _READERS:
        if looks_so(text):
            found = read(text.splitlines(), name)
            if found:
                return _named(found, name), []
    return [], []


def _named(found: list[Vm], file: str) -> list[Vm]:
    """A VM without a name is called by its file's, and by its number where there are several."""
    stem = Path(file).stem
    for number, vm in enumerate(found, 1):
        vm.name = vm.name or (stem if len(found) == 1 else f"{stem}-{number}")
    return found


def _releases(text: str, name: str) -> list[Seen]:
    found: list[Seen] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not _QEMU.search(line):
            continue
        match = next((match for each in _RELEASES if (match := each.search(line))), None)
        if match:
            evidence = Evidence(file=name, line=number, text=shown(line))
            found.append(Seen(id=RELEASE, evidence=evidence, groups={"release": match["release"]}))
    return found[:1]
