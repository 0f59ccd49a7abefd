"""A real machine's log becomes events: QEMU trace logs and dmesg, read line by line; no line is fatal."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT, Actor, Flag, Op, Space
from fwsim.trace.log_lines import IGD, LINE_MAX, Message, messages, time_of
from fwsim.trace.refused import meaning

_IOBAR_REGISTER, _GMCH_REGISTER = IGD << 12 | 0x20, IGD << 12 | 0x50
_DWORD_READ = [Space.PCI, Op.READ, 4]
_CHUNK = 1 << 16
_SAMPLES = 5
_LOG_MAX_NS = 366 * 86_400 * 1_000_000_000
"""A log is of a year at most: a stamp further on is a damaged one."""
_SAMPLE_WIDTH = 160
_GTT_2M, _GTT_8M = 0x200000, 0x800000
"""Where the GTT begins in BAR0: of gens 6 and 7, and since; the registers end below."""


class LogReader:
    """Turns lines into event records, and counts what it met.

    ``kinds`` counts messages by kind, ``unknown`` the lines nothing is known of, ``samples`` the first lines of what
    was not used, ``suppressed`` what the kernel did not print, ``bdsm_mib`` the guest's stolen memory by QEMU's word,
    ``reasons`` the faults by reason, ``refused`` the accesses that failed, by region, way and errno in words.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.unknown = 0
        self.kinds: Counter[str] = Counter()
        self.samples: dict[str, list[str]] = {}
        self.suppressed = 0
        self.overflowed = False
        self.bdsm_mib = 0
        self.without_reason = 0
        self.reasons: Counter[int] = Counter()
        self.refused: Counter[str] = Counter()
        self._records: list[list[int]] = []
        self._first_time: int | None = None
        self._time = 0
        self._iobar = 0
        self._index: int | None = None
        self._rewritten: list[int] | None = None
        self._config: tuple[int, ...] | None = None
        self._fault: list[int] | None = None

    def new_file(self) -> None:
        """The next line is another file's: it has a clock of its own, and nothing goes on from the last one."""
        self._first_time, self._time = None, 0
        self._index = self._rewritten = self._config = self._fault = None

    def feed(self, line: str) -> None:
        """Take one line."""
        self.lines += 1
        stamp = time_of(line)
        if stamp is not None:
            if self._first_time is None:
                self._first_time = stamp
            if stamp - self._first_time < _LOG_MAX_NS:  # more is a damaged stamp
                self._time = max(self._time, stamp - self._first_time)
        any_message = False
        for message in messages(line):
            any_message = True
            self._take(message, line)
        if not any_message and line.strip():
            self.unknown += 1
            self._sample("unknown", line)

    def take_records(self) -> NDArray[np.void]:
        """The events since the last call, but for the newest, which a later line may complete."""
        return self._drain(1)

    def rest(self) -> NDArray[np.void]:
        """Every event left."""
        return self._drain(0)

    @property
    def pending(self) -> int:
        """Events not taken yet."""
        return len(self._records)

    def _drain(self, keep: int) -> NDArray[np.void]:
        count = max(0, len(self._records) - keep)
        taken, self._records = self._records[:count], self._records[count:]
        return np.array([(0, *record) for record in taken], dtype=EVENT)

    def _sample(self, kind: str, line: str) -> None:
        kept = self.samples.setdefault(kind, [])
        if len(kept) < _SAMPLES:
            kept.append("".join(each if each.isprintable() else "?" for each in line.rstrip())[:_SAMPLE_WIDTH])

    def _event(
        self, space: Space, op: Op, width: int, address: int, value: int, aux: int | None = None, flags: int = 0,
        actor: Actor = Actor.ROM,
    ) -> list[int]:  # fmt: skip
        record = [self._time, 0, address, value, value if aux is None else aux, 0, flags, actor, space, op, width]
        self._records.append(record)
        return record

    def _take(self, message: Message, line: str) -> None:
        kind, numbers, device = message
        if kind in ("fault", "interrupt") and device & ~7 != IGD:  # a virtual function 00:02.1 is the device as well
            self._fault = None if kind == "fault" else self._fault  # a reason on the next line is this one's
            kind += " of another device"
        self.kinds[kind] += 1
        if kind in ("truncated", "other"):
            self._sample(kind, line)
        if kind.startswith("vfio_region_read"):
            self._rewritten = None
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, *numbers, device=device)

    # --- faults ----------------------------------------------------------------------------------------------------

    def _fault_line(self, page: int, read: int, reason: int, device: int) -> None:
        guessed = reason < 0
        code = (6 if read else 5) if guessed else reason
        op = Op.READ if read else Op.WRITE
        record = self._event(Space.IOMMU, op, 4, page, code, flags=Flag.FAULTED, actor=Actor.IOMMU)
        self._fault = record if guessed else None
        self.without_reason += guessed
        self.reasons[code] += 1

    def _reason(self, code: int, device: int) -> None:
        if self._fault is not None:
            self.reasons[self._fault[3]] -= 1
            self.reasons[code] += 1
            self._fault[3] = self._fault[4] = code
            self._fault = None
            self.without_reason -= 1

    def _status(self, fsts: int, device: int) -> None:
        self.overflowed = self.overflowed or bool(fsts & 1)

    def _suppressed(self, count: int, device: int) -> None:
        self.suppressed += count

    def _failed(self, write: int, region: int, offset: int, code: int, device: int) -> None:
        place = f"region {region}" if region >= 0 else "configuration space or VGA"
        self.refused[f"{place} {'write' if write else 'read'}, {meaning(code, region)}"] += 1

    # --- configuration space -----------------------------------------------------------------------------------------

    def _config_access(self, op: Op, width: int, device: int, offset: int, value: int, whole: bool) -> None:
        """One access. QEMU tells of it twice where both traces are on: pci_cfg_*, and vfio's, which knows the width."""
        if device < 0 or offset > 0xFFF:
            return
        key = (op, device, offset, value, int(whole))
        twin = (op, device, offset, value, int(not whole))
        if self._config == twin and self._records:
            self._records[-1][10] = max(self._records[-1][10], width) if whole else self._records[-1][10]
            self._config = None
            return
        address = device << 12 | offset
        self._event(Space.PCI, op, width, address, value)
        self._config = key
        if op == Op.WRITE and address == _IOBAR_REGISTER and value < 0xFFFFFFFF:
            self._iobar = value & 0xFFFC

    def _pci_cfg_read(self, offset: int, value: int, device: int) -> None:
        self._config_access(Op.READ, _width_of(value), device, offset, value, False)

    def _pci_cfg_write(self, offset: int, value: int, device: int) -> None:
        self._config_access(Op.WRITE, _width_of(value), device, offset, value, False)

    def _vfio_pci_read_config(self, offset: int, width: int, value: int, device: int) -> None:
        self._config_access(Op.READ, width, device, offset, value, True)

    def _vfio_pci_write_config(self, offset: int, value: int, width: int, device: int) -> None:
        self._config_access(Op.WRITE, width, device, offset, value, True)

    # --- the device's regions ----------------------------------------------------------------------------------------

    def _vfio_pci_igd_bar4_write(self, index: int, data: int, written: int, device: int) -> None:
        self._forget_own_reads()
        flags = Flag.INDEXED | (Flag.REWRITTEN if written != data else 0)
        self._rewritten = self._event(Space.GTT, Op.WRITE, 4, index & ~3, written, data, flags)

    def _forget_own_reads(self) -> None:
        """Up to 9.2 QEMU reads GMCH twice between the guest's writes of index and data: those are not the guest's."""
        for _ in range(2):
            if self._records and self._records[-1][2] == _GMCH_REGISTER and self._records[-1][8:] == _DWORD_READ:
                self._records.pop()

    def _vfio_pci_igd_bdsm_enabled(self, mib: int, device: int) -> None:
        self.bdsm_mib = mib

    def _vfio_region_write(self, region: int, offset: int, value: int, width: int, device: int) -> None:
        self._region(Op.WRITE, region, offset, value, width)
        self._rewritten = None

    def _vfio_region_read(self, region: int, offset: int, width: int, value: int, device: int) -> None:
        self._region(Op.READ, region, offset, value, width)

    def _region(self, op: Op, region: int, offset: int, value: int, width: int) -> None:
        if region == 4:
            self._index_data(op, offset, value, width)
        elif region == 0:
            if offset < _GTT_2M:
                self._event(Space.MMIO, op, width, offset, value)
            else:
                self._event(Space.GTT, op, width, offset - (_GTT_8M if offset >= _GTT_8M else _GTT_2M), value)
        else:
            self.kinds["other region"] += 1

    def _index_data(self, op: Op, offset: int, value: int, width: int) -> None:
        if offset == 4 and self._index is not None:
            if op == Op.WRITE and self._rewritten is not None and self._rewritten[3] == value:
                return  # vfio_pci_igd_bar4_write told of it already
            if op == Op.WRITE:
                self._forget_own_reads()
            space = Space.GTT if self._index & 1 else Space.MMIO
            self._event(space, op, width, self._index & ~3, value, flags=Flag.INDEXED)
            return
        if offset == 4 and self._rewritten is not None and self._rewritten[3] == value:
            return
        if offset == 0 and op == Op.WRITE:
            self._index = value
        self._event(Space.PORT, op, width, (self._iobar + offset) & 0xFFFF, value)

    def _vfio_vga_read(self, address: int, width: int, value: int, device: int) -> None:
        self._vga(Op.READ, address, value, width)

    def _vfio_vga_write(self, address: int, value: int, width: int, device: int) -> None:
        self._vga(Op.WRITE, address, value, width)

    def _vga(self, op: Op, address: int, value: int, width: int) -> None:
        self._event(Space.PORT if address < 0x10000 else Space.MEMORY, op, width, address, value)


_HANDLERS: dict[str, Callable[..., None]] = {
    "fault": LogReader._fault_line,
    "reason": LogReader._reason,
    "status": LogReader._status,
    "suppressed": LogReader._suppressed,
    "failed": LogReader._failed,
    "pci_cfg_read": LogReader._pci_cfg_read,
    "pci_cfg_write": LogReader._pci_cfg_write,
    "vfio_pci_read_config": LogReader._vfio_pci_read_config,
    "vfio_pci_write_config": LogReader._vfio_pci_write_config,
    "vfio_pci_igd_bar4_write": LogReader._vfio_pci_igd_bar4_write,
    "vfio_pci_igd_bdsm_enabled": LogReader._vfio_pci_igd_bdsm_enabled,
    "vfio_region_write": LogReader._vfio_region_write,
    "vfio_region_read": LogReader._vfio_region_read,
    "vfio_vga_read": LogReader._vfio_vga_read,
    "vfio_vga_write": LogReader._vfio_vga_write,
}


def _width_of(value: int) -> int:
    """pci_cfg_* does not say how wide an access was: the least that holds its value."""
    return 1 if value < 0x100 else 2 if value < 0x10000 else 4


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a log, whatever bytes are in it; a line without end is cut. Raises FwsimError where it cannot."""
    try:
        with path.open("rb") as file:
            while data := file.readline(LINE_MAX):
                yield data.decode("utf-8", errors="replace")
    except OSError as error:
        raise FwsimError(
            f"cannot read the log: {error.strerror or error}", where=str(path), expected="a text file",
            hint="name a QEMU trace log, or what dmesg or journalctl -k printed",
        ) from None  # fmt: skip


def import_logs(paths: Iterable[Path], out: Path) -> dict[str, Any]:
    """Write the events of the logs to ``out`` (events.npy), and return what import.json says."""
    reader, sources, total = LogReader(), [], 0
    with out.open("wb") as file:
        _header(file, 0)
        for path in paths:
            reader.new_file()
            before = reader.lines
            for line in read_lines(path):
                reader.feed(line)
                if reader.pending > _CHUNK:
                    total = _write(file, reader.take_records(), total)
            sources.append({"file": str(path), "sha256": file_hash(path), "lines": reader.lines - before})
        total = _write(file, reader.rest(), total)
        file.seek(0)
        _header(file, total)
    return {
        "import": 1, "sources": sources, "lines": reader.lines, "events": total,
        "kinds": dict(reader.kinds.most_common()),
        "unknown": reader.unknown, "samples": reader.samples, "suppressed": reader.suppressed,
        "reasons": {str(code): count for code, count in sorted(reader.reasons.items()) if count},
        "refused": dict(reader.refused.most_common()),
        "overflowed": reader.overflowed, "without_reason": reader.without_reason, "bdsm_mib": reader.bdsm_mib,
    }  # fmt: skip


def file_hash(path: Path) -> str:
    """The file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _header(file: BinaryIO, records: int) -> None:
    fields = {"descr": npy.dtype_to_descr(EVENT), "fortran_order": False, "shape": (records,)}
    npy.write_array_header_1_0(file, fields)  # padded for any number of records: it is written over at the end


def _write(file: BinaryIO, events: NDArray[np.void], total: int) -> int:
    events["seq"] = np.arange(total + 1, total + 1 + len(events), dtype=np.uint64)
    file.write(events.tobytes())
    return total + len(events)
