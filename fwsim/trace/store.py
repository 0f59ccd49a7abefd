"""A recorded trace is read back: ``events.npy`` memory-mapped, whatever state its run left it in."""

import ast
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER_MAX = 10 + 0xFFFF


def open_events(path: str | Path) -> NDArray[np.void]:
    """The events written to ``path``, read-only and memory-mapped; only what is looked at is read.

    A killed run's file is reserved further than it was written, a copied one may be cut anywhere: what was written
    entirely is returned, in the worst case nothing. Raises FwsimError for a file that is no event file.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEADER_MAX)
    except FileNotFoundError:
        raise FwsimError("no such trace", where=str(path), hint="name a run's folder, or its events.npy") from None
    except OSError as error:
        raise FwsimError(
            f"cannot read the trace: {error.strerror or error}", where=str(path), hint="name a readable events.npy"
        ) from None
    offset, records = _read_header(head, str(path))
    records = min(records, max(0, size - offset) // EVENT.itemsize)
    if records == 0:
        return np.zeros(0, dtype=EVENT)
    events: NDArray[np.void] = np.memmap(path, dtype=EVENT, mode="r", offset=offset, shape=(records,))
    return events[: _written(events)]


def _read_header(head: bytes, where: str) -> tuple[int, int]:
    """(offset of the data, records promised); (0, 0) for a header that was cut."""
    if not head.startswith(_MAGIC):
        if _MAGIC.startswith(head):
            return 0, 0
        raise _foreign("not an event file", where, f"first bytes {head[:8].hex(' ')}", "93 4e 55 4d 50 59 (NumPy)")
    length = 10 + int.from_bytes(head[8:10], "little")
    if len(head) < max(10, length):
        return 0, 0
    try:
        fields = ast.literal_eval(head[10:length].decode("latin1").strip())
        shape, fortran, dtype = tuple(fields["shape"]), fields["fortran_order"], npy.descr_to_dtype(fields["descr"])
        records = max(0, int(shape[0])) if shape else 0
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        found = head[10:length].decode("latin1")[:60]
        raise _foreign("damaged header", where, repr(found), "the header of a NumPy 1.0 file") from None
    if dtype != EVENT or len(shape) != 1 or fortran:
        names = ", ".join(dtype.names) if dtype.names else str(dtype)
        raise _foreign(
            "not an event file of this version",
            where,
            f"shape {shape} of {names}",
            "one row of " + ", ".join(EVENT.names or ()),
        )
    return length, records


def _foreign(what: str, where: str, found: str, expected: str) -> FwsimError:
    return FwsimError(what, where=where, found=found, expected=expected, hint="name the events.npy of a run's folder")


def _written(events: NDArray[np.void]) -> int:
    """How many records at the front were written, by binary search: a record never written has ``seq`` 0."""
    seq = events["seq"]
    low, high = 0, len(seq)
    while low < high:
        middle = (low + high) // 2
        if seq[middle]:
            low = middle + 1
        else:
            high = middle
    return low


def give_back(events: NDArray[np.void]) -> None:
    """Let the system have the memory of a mapped trace's events that were read: they are read again when looked at."""
    base: Any = events
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap):
        base.madvise(mmap.MADV_DONTNEED)
