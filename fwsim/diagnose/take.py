"""Files and folders are read into a case: dumps by the host's readers, everything else line by line.

A guest's dumps are kept apart from the host's: a file is a guest's where it says so itself (QEMU's host bridge, its
DMI, a firmware's log), or where its name or its folder's says guest or vm and it does not say that it is a host's.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

from msgspec import Struct, field

from fwsim.diagnose.case import FAULTS_MAX, SEEN_MAX, Case, Evidence, Fault, Seen, Unread
from fwsim.diagnose.messages.table import rows_for, seen_in
from fwsim.diagnose.text import Block, blocks, shown
from fwsim.diagnose.vm.readers import take_vm
from fwsim.errors import FwsimError
from fwsim.host import recognise
from fwsim.host.attach import attach
from fwsim.host.decode import QEMU_BRIDGES, decode
from fwsim.host.facts import Dumps
from fwsim.host.gather import FIRMWARE, MACHINE, Gathered, list_files, read_files
from fwsim.trace.log_lines import IGD, Message, messages
from fwsim.units import MIB

SYMPTOMS = {
    "code 43": re.compile(r"\bcode[ _-]?43\b", re.IGNORECASE), "black screen": re.compile(r"\bblack\b", re.IGNORECASE),
}  # fmt: skip
"""What may be said in place of a file."""
_GUEST_ROWS = ("guest-dmi", "guest-hardware", "guest-hypervisor", "guest-bridge", "guest-pci-bridge",
               "seabios-version", "seabios-bdsm", "seabios-opregion", "igdpkg-stolen", "igdpkg-opregion")  # fmt: skip
_HOST_ROWS = ("proxmox-kernel", "unraid-kernel", "xen-dmesg", "iommu-enabled", "rmrr-line", "vfio-user-level")
_NAMED_GUEST = re.compile(r"(?:^|[/_.\- ])(?:guest|vm)(?:[/_.\- ]|\d|$)", re.IGNORECASE)
_FAULT_WORDS = ("fault", "DMAR: reason", "INTR-REMAP")
"""Each line of a fault has one of them: of two lines the second, in Xen's words, only the second."""


def take(paths: list[Path]) -> Case:
    """Read everything. Raises FwsimError where a path is not there, and where nothing tells anything."""
    case, host, reader = Case(), Dumps(), _Reader()
    there = [path for path in paths if not _is_symptom(path, case)]
    files = list_files(there, host)
    for path, name in files:
        reader.read(case, path, name)
    guests = reader.guests(files)
    case.guest_files = [name for _, name in files if name in guests]
    case.host = _decoded(
        read_files([row for row in files if row[1] not in guests], Gathered(host), MACHINE), case.packed
    )
    if guests or reader.mixed:
        found = read_files([row for row in files if row[1] in guests], Gathered())
        case.guest = _decoded(read_files([row for row in files if row[1] in reader.mixed], found, FIRMWARE))
    _unread(case, files, reader.told)
    told = reader.told or any(source.kinds for source in case.host.sources)
    if not (told or case.guest or case.vms or case.symptoms):
        raise FwsimError(
            "nothing here tells of a machine or a VM", where=", ".join(str(path) for path in paths)[:200],
            found="; ".join(f"{each.file}: {each.why}" for each in case.unread[:3]) or "no files",
            expected="logs (dmesg, QEMU's, SeaBIOS's), lspci, a VM's configuration, ROM or OpRegion, with any name",
            hint="sudo dmesg > dmesg.txt; sudo lspci -nnvvvxxxx > lspci.txt; fwsim diagnose dmesg.txt lspci.txt",
        )  # fmt: skip
    return case


def _is_symptom(path: Path, case: Case) -> bool:
    try:
        if path.exists():
            return False
    except (OSError, ValueError):
        return False
    found = [name for name, pattern in SYMPTOMS.items() if pattern.search(str(path))]
    case.symptoms += found
    return bool(found)


def _decoded(found: Gathered, packed: dict[str, bytes] | None = None) -> Dumps:
    """What ``found`` says; what is no plain file of it goes into ``packed``."""
    decode(found)
    kept = attach(found)
    if packed is not None:
        packed.update(kept)
    return found.dumps


class _Reader(Struct):
    """Reads files line by line into a case, in bounded memory, and keeps what each says of whose it is."""

    told: set[str] = field(default_factory=set)
    configurations: set[str] = field(default_factory=set)
    is_guest: set[str] = field(default_factory=set)
    is_host: set[str] = field(default_factory=set)
    _faults: dict[tuple[str, int, bool, int], int] = field(default_factory=dict)
    _open: Fault | None = None

    def read(self, case: Case, path: Path, name: str) -> None:
        """Take one file; what cannot be read is said in the case."""
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                return
            self._binary(path, name)
            if take_vm(path, name, case):
                self.told.add(name)
                self.configurations.add(name)
            for block in blocks(path):
                self._block(case, block, name)
                if block.cut:
                    case.unread.append(Unread(file=name, line=block.first + block.count, why=block.cut))
        except OSError as error:
            case.unread.append(Unread(file=name, why=f"cannot be read: {error.strerror}"))

    def guests(self, files: list[tuple[Path, str]]) -> set[str]:
        """The names of those of ``files`` that are a guest's and nothing else."""
        said = {name for path, name in files if _NAMED_GUEST.search(f"{path.parent.name}/{path.name}")}
        return (self.is_guest | said) - self.is_host - self.configurations

    @property
    def mixed(self) -> set[str]:
        """The names of files that have a host's lines and a guest's firmware's, pasted into one."""
        return self.is_guest & self.is_host

    def _binary(self, path: Path, name: str) -> None:
        """A raw configuration space of QEMU's host bridge is a guest's."""
        size = path.stat().st_size
        if size not in (64, 256, 4096):
            return
        with open(path, "rb") as file:
            data = file.read(16)
        is_bridge = data[:2] == b"\x86\x80" and data[10:12] == b"\x00\x06"
        if is_bridge and int.from_bytes(data[2:4], "little") in QEMU_BRIDGES:
            self.is_guest.add(name)

    def _block(self, case: Case, block: Block, name: str) -> None:
        rows = rows_for(block.text)
        faulty = any(word in block.text for word in _FAULT_WORDS)
        if not rows and not faulty:
            return
        for number, line in block.lines():
            if rows:
                for seen in seen_in(line, name, number, rows):
                    self._seen(case, seen)
            if faulty and any(word in line for word in _FAULT_WORDS):
                for message in messages(line):
                    self._message(case, message, line, name, number)

    def _seen(self, case: Case, seen: Seen) -> None:
        name = seen.evidence.file
        self.told.add(name)
        if seen.id in _GUEST_ROWS:
            self.is_guest.add(name)
        if seen.id in _HOST_ROWS:
            self.is_host.add(name)
        count = case.counts[seen.id] = case.counts.get(seen.id, 0) + 1
        if count <= SEEN_MAX:
            case.seen.append(seen)

    def _message(self, case: Case, message: Message, line: str, name: str, number: int) -> None:
        if message.kind not in ("fault", "interrupt", "suppressed", "reason"):
            return
        self.told.add(name)
        if message.kind == "fault":
            self._open = None  # a reason on the next line is this one's
        if message.kind == "suppressed":
            case.suppressed += message.numbers[0]
        elif message.kind == "reason":
            self._reason(case, message.numbers[0])
        elif message.device & ~7 != IGD:
            function = _function(message.device)
            case.others[function] = case.others.get(function, 0) + 1
        elif message.kind == "interrupt":
            if len(case.interrupts) < SEEN_MAX:
                case.interrupts.append(Evidence(file=name, line=number, text=shown(line)))
        else:
            self._fault(case, message, line, name, number)

    def _fault(self, case: Case, message: Message, line: str, name: str, number: int) -> None:
        page, read, reason = message.numbers
        key = (_function(message.device), page, not read, reason)
        at = self._faults.get(key)
        if at is not None:
            case.faults[at].count += 1
        elif len(case.faults) < FAULTS_MAX:
            evidence = Evidence(file=name, line=number, text=shown(line))
            fault = Fault(evidence=evidence, function=key[0], page=page, write=not read, reason=reason)
            case.faults.append(fault)
            if reason < 0:
                self._open = fault
            else:
                self._faults[key] = len(case.faults) - 1
        else:
            case.more_faults += 1

    def _reason(self, case: Case, reason: int) -> None:
        """The second line of an old kernel's fault: the fault that waits for one has this reason."""
        fault, self._open = self._open, None
        if fault is None:
            return
        key = (fault.function, fault.page, fault.write, reason)
        at = self._faults.get(key)
        if at is not None:  # the same again
            case.faults[at].count += 1
            case.faults.pop()
        else:
            self._faults[key] = len(case.faults) - 1
            fault.reason = reason


def _function(source: int) -> str:
    return f"{source >> 8:02x}:{source >> 3 & 31:02x}.{source & 7}"


def _unread(case: Case, files: list[tuple[Path, str]], told: set[str]) -> None:
    """What the readers of dumps could not take, and the files of which nothing is known; ``told`` have a known line."""
    whole = [dumps for dumps in (case.host, case.guest) if dumps is not None]
    known = {source.file for dumps in whole for source in dumps.sources if source.kinds}
    known |= told
    said = {each.file for each in case.unread}
    for dumps in whole:
        for note in dumps.notes:
            file, _, line = note.where.partition(":")
            told_already = dumps.guest_of and note.what.startswith("a guest's dumps")
            if note.level == "warning" and not told_already:
                why = note.what + (f": {note.found}" if note.found else "")
                number = int(line) if line.isdecimal() else 0
                case.unread.append(Unread(file=file, line=number, why=why, expected=note.expected or note.next))
                said.add(file)
    for path, name in files:
        if name not in known and name not in said:
            expected = "a log, a dump or a configuration"
            case.unread.append(Unread(file=name, why="nothing in it is known", expected=expected))
        elif name in known and _size(path) > recognise.MAX_SIZE:
            part = f"its first {recognise.MAX_SIZE // MIB} MiB"
            why = f"memory map and ids were looked for in {part}; messages and faults in all of it"
            case.unread.append(Unread(file=name, why=why))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
