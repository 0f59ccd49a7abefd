"""Events are handed to another library chunk by chunk, by the Arrow C stream interface: no library is needed for it.

The structs and their release callbacks: arrow.apache.org/docs/format, CDataInterface.html, CStreamInterface.html and
CDataInterface/PyCapsuleInterface.html. What is asked for next is read then, so that any number of events takes the
memory of a few chunks.
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.trace.store import give_back

_FORMATS = {"u1": b"C", "u2": b"S", "u4": b"I", "u8": b"L"}
_STRUCT = b"+s"
_NO_ERROR = 0


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_of_schema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_of_array = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))
_of_stream = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))
_schema_of = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))
_next_of = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))
_error_of = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Stream))
_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.c_void_p), ("release", _of_schema), ("private_data", ctypes.c_void_p),
]  # fmt: skip
_Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))), ("dictionary", ctypes.c_void_p), ("release", _of_array),
    ("private_data", ctypes.c_void_p),
]  # fmt: skip
_Stream._fields_ = [
    ("get_schema", _schema_of), ("get_next", _next_of), ("get_last_error", _error_of), ("release", _of_stream),
    ("private_data", ctypes.c_void_p),
]  # fmt: skip
_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)


class EventStream:
    """The columns ``names`` of ``events``, ``chunk`` events at a time: once, to one reader.

    What was given out is kept until the reader releases it, and the stream as long as this object.
    """

    def __init__(self, events: NDArray[np.void], names: Sequence[str], chunk: int = 1 << 17) -> None:
        self._events, self._names, self._chunk = events, names, chunk
        self._at = 0
        self._out: dict[int, Any] = {}
        self._count = 0
        self._release_schema, self._release_array = _of_schema(self._schema_done), _of_array(self._array_done)
        self._stream = _Stream(
            _schema_of(self._schema), _next_of(self._next), _error_of(lambda _: None), _of_stream(self._done), None
        )
        self._own_schema = _Schema()

    def __arrow_c_schema__(self) -> object:
        """The columns' names and types."""
        self._fill_schema(self._own_schema)
        found: object = _capsule(ctypes.addressof(self._own_schema), b"arrow_schema", None)
        return found

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The stream; ``requested_schema`` is only a wish."""
        found: object = _capsule(ctypes.addressof(self._stream), b"arrow_array_stream", None)
        return found

    # --- what the reader calls ---------------------------------------------------------------------------------------
    def _schema(self, _: Any, out: Any) -> int:
        self._fill_schema(out.contents)
        return _NO_ERROR

    def _next(self, _: Any, out: Any) -> int:
        try:
            self._give(out.contents)
        except MemoryError:  # no exception may leave a callback: it would look like the end of the events
            return errno.ENOMEM
        return _NO_ERROR

    def _give(self, array: _Array) -> None:
        """Make ``array`` the next chunk; released where there is none."""
        part = self._events[self._at : self._at + self._chunk]
        if not len(part):
            array.release = _of_array(0)
            return
        self._at += len(part)
        columns = [np.ascontiguousarray(part[name]) for name in self._names]
        give_back(part)
        children = [_Array() for _ in columns]
        kept: list[Any] = [columns, children]
        for child, column in zip(children, columns, strict=True):
            buffers = (ctypes.c_void_p * 2)(None, column.ctypes.data)
            kept += [buffers, self._put(child, len(part), buffers, [])]
        none = (ctypes.c_void_p * 1)(None)
        kept += [none, self._put(array, len(part), none, children)]
        self._keep(array, kept)

    def _array_done(self, array: Any) -> None:
        self._given_back(array.contents, _of_array(0))

    def _schema_done(self, schema: Any) -> None:
        self._given_back(schema.contents, _of_schema(0))

    def _done(self, stream: Any) -> None:
        stream.contents.release = _of_stream(0)

    # --- what it is given ----------------------------------------------------------------------------------------
    def _keep(self, made: Any, kept: Any) -> None:
        """Keep what ``made`` points to until it is released."""
        self._count += 1
        made.private_data = self._count
        self._out[self._count] = kept

    def _given_back(self, made: Any, released: Any) -> None:
        for number in range(made.n_children):
            child = made.children[number].contents
            if child.release:
                child.release(ctypes.pointer(child))
        made.release = released
        self._out.pop(made.private_data or 0, None)

    def _put(self, array: _Array, length: int, buffers: Any, children: list[_Array]) -> Any:
        """Fill ``array`` in; what it points to besides."""
        array.length, array.null_count, array.offset = length, 0, 0
        array.n_buffers, array.n_children = len(buffers), len(children)
        array.buffers = ctypes.cast(buffers, ctypes.POINTER(ctypes.c_void_p))
        pointers = (ctypes.POINTER(_Array) * len(children))(*map(ctypes.pointer, children))
        array.children = ctypes.cast(pointers, ctypes.POINTER(ctypes.POINTER(_Array)))
        array.dictionary, array.release, array.private_data = None, self._release_array, None
        return pointers

    def _fill_schema(self, schema: _Schema) -> None:
        children = [
            _Schema(_FORMATS[self._events.dtype[name].str[1:]], name.encode(), None, 0, 0, None, None,
                    self._release_schema, None)
            for name in self._names
        ]  # fmt: skip
        pointers = (ctypes.POINTER(_Schema) * len(children))(*map(ctypes.pointer, children))
        schema.format, schema.name, schema.metadata, schema.flags = _STRUCT, b"", None, 0
        schema.n_children = len(children)
        schema.children = ctypes.cast(pointers, ctypes.POINTER(ctypes.POINTER(_Schema)))
        schema.dictionary, schema.release = None, self._release_schema
        self._keep(schema, (children, pointers))
