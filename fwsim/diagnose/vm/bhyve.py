"""A VM of bhyve: its command line, a configuration of vm-bhyve's, a file for ``bhyve -k``.

Source: FreeBSD usr.sbin/bhyve/bhyve.8 (options, Pass-through device backends), bhyve_config.5; vm-bhyve
sample-templates/config.sample, lib/vm-run (vm::bhyve_device_passthru).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fwsim.diagnose.case import Vm
from fwsim.diagnose.vm import words
from fwsim.diagnose.vm.draft import Draft, firmware_of, number, switch
from fwsim.diagnose.vm.qemu_args import memory
from fwsim.diagnose.vm.words import Word
from fwsim.units import GIB, MIB

_PROGRAM = re.compile(r"(?:^|(?<=[\s'\"`(:]))(?:/[\w./-]*/)?bhyve(?=\s+-\w|\s*\\\s*$)")
_WITH_VALUE = set("cmslkopGURKBDrtf")
"""Options that take a value (bhyve.8, SYNOPSIS)."""
_HOST = re.compile(r"(?:pci0:)?(\d+)[/:](\d+)[/:](\d+)$")
_SLOT = re.compile(r"(?:(\d+):(?=\d+:))?(\d+)(?::(\d+))?$")
"""``slot``, ``slot:function`` or ``bus:slot:function``, decimal."""
_PASSTHRU = ("rom", "bootindex")
_VM_BHYVE = re.compile(
    r"""(?m)^\s*(?:loader\s*=\s*"?(?:uefi|bhyveload|grub)|passthru\d+\s*=|disk0_type\s*=|network0_type\s*=)"""
)
_KEYS = """
loader loader_timeout cpu cpu_sockets cpu_cores cpu_threads memory wired_memory hostbridge comports utctime debug
uuid graphics graphics_port graphics_listen graphics_res graphics_wait graphics_vga xhci_mouse start_slot
install_slot virt_random bhyve_options bhyveload_args bhyveload_loader bootrom uefi uefi_vars grub_run_dir
grub_run_file grub_run_partition ahci_device_limit limit_pcpu limit_rbps limit_wbps limit_riops limit_wiops
ignore_bad_msr prestart priority locked zfs_zvol_opts zfs_dataset_opts guest disk_size tpm sound sound_play
sound_rec start_delay nice
"""
VM_BHYVE_KEYS = frozenset(_KEYS.split())
_NUMBERED = re.compile(r"(?:passthru|disk|network|grub_install|grub_run|virt_console)\d+(?:_\w+)?")
_CONFIG = re.compile(r"(?m)^pci\.\d+\.\d+\.\d+\.device=passthru\s*$")


def looks_so(text: str) -> bool:
    """Whether a VM of bhyve's is in the text."""
    if ("bhyve" in text and _PROGRAM.search(text)) or (".device=passthru" in text and _CONFIG.search(text)):
        return True
    return ("loader" in text or "passthru" in text) and len(set(_VM_BHYVE.findall(text))) >= 2


def read(lines: Sequence[str], file: str) -> list[Vm]:
    """Each VM, in whichever of the three forms."""
    text, variables, found, row = list(lines), words.Variables(), list[Vm](), 0
    joined = "\n".join(text)
    if _CONFIG.search(joined):
        return [_config(text, file)]
    while row < len(text):
        match = _PROGRAM.search(text[row]) if not text[row].lstrip().startswith("#") else None
        if match is None:
            row = (words.assigned(text, row, variables) or row + 1) if "=" in text[row] else row + 1
            continue
        draft = Draft("bhyve", file)
        taken, row = words.command(text, row, match.end(), variables, draft.unread)
        if _options(draft, taken):
            found.append(draft.vm)
    return found or ([_vm_bhyve(text, file)] if len(set(_VM_BHYVE.findall(joined))) >= 2 else [])


def _options(draft: Draft, taken: Sequence[Word]) -> bool:
    """bhyve's own options; False where they are of something else."""
    at, told = 0, 0
    while at < len(taken):
        word = taken[at]
        at += 1
        if not word.text.startswith("-") or len(word.text) < 2:
            if at == len(taken) and not draft.vm.name:
                draft.vm.name = word.text
            continue
        flags = word.text[1:]
        for index, flag in enumerate(flags):
            if flag not in _WITH_VALUE:
                told += _flag(draft, flag, word)
                continue
            value = flags[index + 1 :]
            if not value and at < len(taken):
                value = taken[at].text
                at += 1
            told += _option(draft, flag, value, word.line)
            break
    _assumptions(draft)
    return told > 0


def _flag(draft: Draft, flag: str, word: Word) -> bool:
    if flag == "S":
        draft.put("wired", True, word.line, word.text)
    return False


def _option(draft: Draft, flag: str, value: str, line: int) -> bool:
    text = f"-{flag} {value}"
    if flag == "m":
        size = memory(value, MIB)
        if size:
            draft.put("ram", size, line, text)
        else:
            draft.unread(line, f"{text} is no size", "such as 4G")
    elif flag == "c":
        count = number(value.split(",")[0].removeprefix("cpus="))
        if count:
            draft.put("cpus", count, line, text)
    elif flag == "l" and value.startswith("bootrom,"):
        path = value.split(",")[1]
        draft.put("firmware", firmware_of(path) or "ovmf", line, text)
        draft.put("bootrom", path, line, text)
    elif flag == "s":
        _device(draft, value, line, text)
    else:
        return flag in "kl"
    return True


def _device(draft: Draft, value: str, line: int, text: str) -> None:
    slot, emulation, *rest = [*value.split(","), ""]
    if emulation in ("fbuf", "virtio-gpu"):
        draft.put("vga", emulation, line, f"-s {slot},{emulation}")  # its options may hold a password
    if emulation != "passthru" or not rest:
        return
    _passthru(draft, slot, rest[0], dict(_pairs(rest[1:])), line, text)


def _pairs(pieces: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (piece.partition("=") for piece in pieces if piece)]


def _passthru(draft: Draft, slot: str, host: str, given: dict[str, str], line: int, text: str) -> None:
    match = _HOST.match(host)
    if host.startswith("ppt"):
        draft.assume("host", "00:02.0", f"{host} is a host's device by its driver's number: taken for the IGD", line)
    elif not match:
        draft.unread(line, f"passthru,{host} names no device", "bus/slot/function, such as 0/2/0")
        return
    elif (int(match[1]), int(match[2])) != (0, 2):
        return
    else:
        draft.put("host", f"00:02.{int(match[3])}", line, text)
    for name in given:
        if name not in _PASSTHRU:
            draft.unknown(name, _PASSTHRU, line, "passthru's option")
    if given.get("rom"):
        draft.put("romfile", given["rom"], line, text)
    place = _SLOT.match(slot)
    if place:
        bus, number_, function = (int(each or 0) for each in place.groups())
        draft.put("slot", f"{bus:02x}:{number_:02x}.{function}", line, text)
    else:
        draft.unread(line, f"-s {slot} is no slot", "[bus:]slot[:function], decimal, such as 2:0")


def _assumptions(draft: Draft) -> None:
    draft.assume("hypervisor", "bhyve", "a VM of bhyve's")
    draft.assume("machine", "bhyve", "bhyve's own")
    draft.assume("ram", 256 * MIB, "no -m: bhyve's default is 256 MiB")
    draft.assume("firmware", "none", "no -l bootrom: the guest is loaded by bhyveload")
    draft.assume("vga", "none", "no fbuf: there is no other display")
    draft.assume("wired", False, "no -S")


def _vm_bhyve(lines: Sequence[str], file: str) -> Vm:
    """``key="value"`` lines; -S is vm-bhyve's own affair with passthru."""
    draft = Draft("bhyve", file)
    for line, raw in enumerate(lines, 1):
        match = re.match(r"\s*([a-z_]\w*)\s*=\s*(\"[^\"]*\"|'[^']*'|[^#\s]*)", raw)
        if not match or raw.lstrip().startswith("#"):
            continue
        key, value, text = match[1], match[2].strip("\"'"), raw.strip()
        if key not in VM_BHYVE_KEYS and not _NUMBERED.fullmatch(key):
            draft.unknown(key, [*VM_BHYVE_KEYS, "passthru0"], line, "the key")
        elif key == "memory":
            draft.put("ram", memory(value, MIB) or GIB, line, text)
        elif key == "cpu" and number(value):
            draft.put("cpus", number(value) or 1, line, text)
        elif key in ("loader", "uefi"):
            kind = "ovmf" if value.startswith(("uefi", "yes", "true", "on", "1", "csm")) else "none"
            draft.put("firmware", kind, line, text)
        elif key == "graphics" and switch(value):
            draft.put("vga", "fbuf", line, text)
        elif re.fullmatch(r"passthru\d+", key) and value:
            _vm_passthru(draft, value, line, text)
        elif key == "bhyve_options":
            taken, _ = words.command([value], 0, 0, words.Variables())
            _options(draft, [Word(each.text, line) for each in taken])
            draft.vm.name = ""
    draft.assume("wired", True, "vm-bhyve adds -S where a device is passed through")
    _assumptions(draft)
    return draft.vm


def _vm_passthru(draft: Draft, value: str, line: int, text: str) -> None:
    host, _, slot = value.partition("=")
    if slot:
        _passthru(draft, slot.split(",")[0], host, dict(_pairs(slot.split(",")[1:])), line, text)
        return
    host, *rest = value.split(",")
    match = _HOST.match(host)
    if match and (int(match[1]), int(match[2])) == (0, 2):
        draft.put("host", f"00:02.{int(match[3])}", line, text)
        draft.assume("slot", "00:06.0", "no =2:0: vm-bhyve gives it the next free slot, from 4 on", line)
        if dict(_pairs(rest)).get("rom"):
            draft.put("romfile", dict(_pairs(rest))["rom"], line, text)


def _config(lines: Sequence[str], file: str) -> Vm:
    """bhyve_config(5): ``pci.BUS.SLOT.FUNCTION.KEY=VALUE`` and ``memory.size=``."""
    draft, rows = Draft("bhyve", file), dict[str, tuple[str, int]]()
    for line, raw in enumerate(lines, 1):
        key, sign, value = raw.strip().partition("=")
        if sign and not key.startswith("#"):
            rows[key] = (value, line)
    for key, (value, line) in rows.items():
        if key in ("memory.size", "cpus", "bootrom", "lpc.bootrom"):
            flag, text = {"memory.size": ("m", value), "cpus": ("c", value)}.get(key, ("l", f"bootrom,{value}"))
            _option(draft, flag, text, line)
        elif key == "memory.wired" and switch(value):
            draft.put("wired", True, line, f"{key}={value}")
        elif key == "name":
            draft.vm.name = value
        elif key.endswith(".device") and value == "passthru":
            stem = key.removesuffix(".device")
            parts = [rows.get(f"{stem}.{name}", ("0", 0))[0] for name in ("bus", "slot", "func")]
            given = {name: rows[f"{stem}.{name}"][0] for name in _PASSTHRU if f"{stem}.{name}" in rows}
            host = rows[f"{stem}.pptdev"][0] if f"{stem}.pptdev" in rows else "/".join(parts)
            _passthru(draft, stem.removeprefix("pci.").replace(".", ":"), host, given, line, f"{key}={value}")
    _assumptions(draft)
    return draft.vm
