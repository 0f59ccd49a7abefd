"""The recorder takes events into ``events.npy``, chunk by chunk: a killed run keeps what it saw."""

import errno
import mmap
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.native import R_EV_CAP, R_EV_NEXT, R_EVENTS, R_SEQ, address_of
from fwsim.trace.event import EVENT

CHUNK = 1 << 17  # records; 7 MiB: a multiple of the page size whatever the record's size is
HEADER = 4096
_RECORD = struct.Struct("<6Q2H4B")
"""An ``EVENT``."""
assert _RECORD.size == EVENT.itemsize
_SIZE = CHUNK * EVENT.itemsize
_LEAST, _MOST = 1 << 10, 1 << 13
"""Records that are given room at once: as many as there are already, within these bounds (whole pages both)."""
_POPULATE_WRITE = 23
"""MADV_POPULATE_WRITE (Linux 5.14, include/uapi/asm-generic/mman-common.h), which Python 3.11 has no name for."""


def npy_header(records: int) -> bytes:
    """A version 1.0 ``.npy`` header for ``records`` events, padded to one page so that the data can be mapped."""
    descr = [(name, EVENT.fields[name][0].str) for name in EVENT.names or ()] if EVENT.fields else []
    text = repr({"descr": descr, "fortran_order": False, "shape": (records,)})
    body = text.encode("latin1")
    return b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little") + body.ljust(HEADER - 11) + b"\n"


class Mark(Struct, eq=False, weakref=True):
    """What a snapshot keeps of the events: how many there were, and those of them that were forgotten since.

    The first ``shared`` of the ``count`` events are the recorder's own still; ``rest`` is what came behind them.
    """

    count: int
    shared: int
    rest: list[NDArray[np.void]] = field(default_factory=list)


class Recorder:
    """The event window native code writes into, and the file behind it.

    ``path`` None keeps the events in memory. A file bounds memory use: one chunk is mapped at a time. Raises FwsimError
    when the disk is full.
    """

    def __init__(self, root: NDArray[np.uint64], path: Path | None) -> None:
        self.root, self._words = root, root.data
        self.path = path
        self._chunk = -1
        self._map: mmap.mmap | None = None
        self._memory: list[mmap.mmap] = []
        """Every chunk, where no file keeps them."""
        self._marks: WeakSet[Mark] = WeakSet()
        self.listener: Callable[[int], None] | None = None
        """Told the address of each event that Python appended."""
        self._fd = -1
        try:
            if path is not None:
                self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            raise _no_space(error, path) from None
        try:
            self.next_chunk()
        except FwsimError:
            self.close()
            raise

    def next_chunk(self) -> None:
        """Map the next chunk, with room in it for the first records."""
        try:
            self._map = self._mapped(self._chunk + 1)
        except OSError as error:
            raise _no_space(error, self.path) from None
        self._chunk += 1
        self._window = np.frombuffer(self._map, dtype=np.uint8)
        self.root[R_EVENTS] = address_of(self._window)
        self.root[R_EV_NEXT] = self.root[R_EV_CAP] = 0
        self.make_room()

    def make_room(self) -> None:
        """Room for more records: pages of this chunk, all at once rather than by a fault each, or the next chunk.

        Of a file they are reserved first: a full disk is an error here, not a signal when they are written.
        """
        count = int(self.root[R_EV_NEXT])
        if count >= CHUNK:
            self.next_chunk()
            return
        ready = max(int(self.root[R_EV_CAP]), count // _LEAST * _LEAST)  # behind what a rewind left, whatever was ready
        more = min(max(_LEAST, ready), _MOST, CHUNK - ready)
        assert self._map is not None
        if self._fd >= 0:
            try:
                os.posix_fallocate(self._fd, self._start(self._chunk) + ready * EVENT.itemsize, more * EVENT.itemsize)
            except OSError as error:
                raise _no_space(error, self.path) from None
        with suppress(OSError):  # an older kernel: by a fault each, then
            self._map.madvise(_POPULATE_WRITE, ready * EVENT.itemsize, more * EVENT.itemsize)
        self.root[R_EV_CAP] = ready + more

    def _mapped(self, chunk: int) -> mmap.mmap:
        if chunk < len(self._memory):
            return self._memory[chunk]
        if self.path is None:
            window = mmap.mmap(-1, _SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            self._memory.append(window)
        else:
            os.ftruncate(self._fd, self._start(chunk + 1))
            os.pwrite(self._fd, npy_header((chunk + 1) * CHUNK), 0)
            window = mmap.mmap(self._fd, _SIZE, offset=self._start(chunk))
        return window

    @staticmethod
    def _start(chunk: int) -> int:
        """Where a chunk begins in the file."""
        return HEADER + chunk * _SIZE

    @property
    def count(self) -> int:
        """Events recorded so far."""
        return self._words[R_SEQ]

    def append(self, event: tuple[int, ...]) -> None:
        """Append one event from Python: (time_ns, ip, address, value, aux, cs, flags, actor, space, op, width)."""
        words = self._words
        if words[R_EV_NEXT] >= words[R_EV_CAP]:
            self.make_room()
        assert self._map is not None
        at, seq = words[R_EV_NEXT], words[R_SEQ] + 1
        _RECORD.pack_into(self._map, at * _RECORD.size, seq, *event)
        words[R_EV_NEXT], words[R_SEQ] = at + 1, seq
        if self.listener:
            self.listener(words[R_EVENTS] + at * _RECORD.size)

    def tail(self, records: int) -> NDArray[np.void]:
        """A copy of the last ``records`` events at most."""
        count = self.count
        return self.read(max(0, count - records), count)

    def read(self, first: int, last: int) -> NDArray[np.void]:
        """A copy of events ``first`` (from 0) up to, not including, ``last``."""
        if self.path is None:
            return self._from_memory(first, last)
        size = max(0, last - first) * EVENT.itemsize
        data = bytearray()
        while len(data) < size:
            part = os.pread(self._fd, min(size - len(data), 1 << 24), HEADER + first * EVENT.itemsize + len(data))
            if not part:
                break
            data += part
        return np.frombuffer(bytes(data), dtype=EVENT)

    def _from_memory(self, first: int, last: int) -> NDArray[np.void]:
        found = np.zeros(max(0, last - first), EVENT)
        for number, chunk in enumerate(self._memory):
            start, end = (min(max(at - number * CHUNK, 0), CHUNK) for at in (first, last))
            if start < end:
                at = number * CHUNK + start - first
                found[at : at + end - start] = np.frombuffer(chunk, EVENT)[start:end]
        return found

    def snapshot(self) -> Mark:
        """The events so far. None is copied before it is forgotten: most snapshots are gone by then."""
        mark = Mark(self.count, self.count)
        self._marks.add(mark)
        return mark

    def restore(self, mark: Mark) -> None:
        """Make the events those of ``mark`` again, whether more or others were recorded since."""
        rest, count = mark.rest, mark.shared
        self.rewind(count)
        for part in rest:
            self._extend(part)
        mark.shared, mark.rest = mark.count, []

    def _extend(self, events: NDArray[np.void]) -> None:
        at = 0
        while at < len(events):
            if self.root[R_EV_NEXT] >= self.root[R_EV_CAP]:
                self.make_room()
            first = int(self.root[R_EV_NEXT])
            part = events[at : at + int(self.root[R_EV_CAP]) - first]
            self._window.view(EVENT)[first : first + len(part)] = part
            self.root[R_EV_NEXT] += np.uint64(len(part))
            self.root[R_SEQ] += np.uint64(len(part))
            at += len(part)

    def _keep(self, count: int) -> None:
        """Give the events after the first ``count`` to the marks that have them, before they are forgotten."""
        marks = [mark for mark in self._marks if mark.shared > count]
        lost = self.read(count, max((mark.shared for mark in marks), default=count))
        for mark in marks:
            mark.rest.insert(0, lost[: mark.shared - count])
            mark.shared = count

    def rewind(self, count: int) -> None:
        """Forget every event after the first ``count``, but for what snapshots keep."""
        self._keep(count)
        chunk = max(0, (count - 1) // CHUNK) if count else 0
        if self.path is not None:  # in a file, what a killed run leaves behind the last event must not look like one
            os.ftruncate(self._fd, HEADER + count * EVENT.itemsize)
        if self.path is not None or chunk != self._chunk:
            self._chunk = chunk - 1
            self.next_chunk()
        self.root[R_EV_NEXT] = count - chunk * CHUNK
        self.root[R_SEQ] = count

    def close(self) -> None:
        """Cut the file to what was recorded and write the final header."""
        if self._fd < 0:
            return
        os.pwrite(self._fd, npy_header(self.count), 0)
        os.ftruncate(self._fd, HEADER + self.count * EVENT.itemsize)
        os.close(self._fd)
        self._fd = -1


def _no_space(error: OSError, path: Path | None) -> FwsimError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    what = "no room for the trace" if full else "cannot write the trace"
    return FwsimError(
        what,
        where=str(path or "memory"),
        found=os.strerror(error.errno or 0),
        expected=f"{CHUNK * EVENT.itemsize >> 20} MiB free for each {CHUNK:,} events",
        hint="free space, or give --out on another file system",
    )
