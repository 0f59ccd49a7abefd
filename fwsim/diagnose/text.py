"""A file's lines as people's tools leave them: UTF-8 or UTF-16, gzip, CRLF, colour codes, of any length and number."""

from __future__ import annotations

import codecs
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from fwsim.host.markup import unmarked

LINE_MAX = 16384
"""Characters of a line that are looked at: no message is longer."""
SHOWN = 240
POST_MAX = 100_000
"""Lines of a file in which a forum's marks are looked for: what is longer was never posted."""
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]")
_CHUNK = 1 << 20
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_PIECE = 4096
"""Packed bytes at a time: so much is lost where a gzip file is damaged."""
_GZIP = b"\x1f\x8b\x08"


class Block(Struct, frozen=True):
    """Whole lines that follow each other: ``text`` with ``\\n`` between them, ``first`` the first one's number, from 1.

    ``cut`` is set in the last block where the file goes on but could not be read on: a gzip file that is damaged.
    """

    text: str
    first: int
    count: int
    cut: str = ""

    def lines(self) -> Iterator[tuple[int, str]]:
        """(number, text) of each line, without its end."""
        for number, line in enumerate(self.text.split("\n")[: self.count], self.first):
            yield number, line.rstrip("\r")[:LINE_MAX]


def blocks(path: Path) -> Iterator[Block]:
    """The lines of ``path`` in blocks of about 1 MiB: memory stays bounded however long the file or a line is.

    What is past ``LINE_MAX`` in a line is left out; bytes that are no text become U+FFFD; colour codes
    and a forum's marks are taken away.
    A binary file, one with zeros that is no UTF-16, has no lines. Raises OSError.
    """
    with open(path, "rb") as file:
        source = _Unpacked(file)
        decoder, pending, number = None, "", 1
        while chunk := source.read():
            if decoder is None:
                encoding = _encoding(chunk)
                if not encoding:
                    return
                decoder = codecs.getincrementaldecoder(encoding)("replace")
            pending += decoder.decode(chunk)
            whole, found, rest = pending.rpartition("\n")
            if found:
                count = whole.count("\n") + 1
                yield Block(_plain(whole, number <= POST_MAX), number, count)
                number += count
            pending = rest[: 4 * LINE_MAX]  # the rest of a line without an end is not kept
        if decoder is not None:
            pending += decoder.decode(b"", True)
        if pending or source.problem:
            yield Block(_plain(pending, number <= POST_MAX), number, int(bool(pending)), source.problem)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number from 1, text) of each line of ``path``, as ``blocks`` has them. Raises OSError."""
    for block in blocks(path):
        yield from block.lines()


def shown(text: str) -> str:
    """``text`` as it may be printed: no control characters, at most ``SHOWN`` long."""
    plain = text.strip()
    if not plain.isprintable():
        plain = "".join(each if each.isprintable() else " " for each in plain)
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 3] + "..."


class _Unpacked:
    """A file's bytes, unpacked where it is gzip's, a chunk at a time; ``problem`` says why it ended early."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.problem = file, ""
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if file.read(3) == _GZIP else None
        self._packed = b""
        file.seek(0)

    def read(self) -> bytes:
        """The next bytes, b"" at the end."""
        if self._unpacker is None:
            return self.file.read(_CHUNK)
        out = bytearray()
        while len(out) < _CHUNK and not self.problem:
            self._packed = self._packed or self.file.read(_PIECE)
            if not self._packed:
                self.problem = "" if self._unpacker.eof else "the gzip file is cut off"
                break
            out += self._unpack(self._unpacker)
        return bytes(out)

    def _unpack(self, unpacker: zlib._Decompress) -> bytes:
        try:
            out = unpacker.decompress(self._packed, _CHUNK)
        except zlib.error as error:
            self.problem = f"the gzip file is damaged: {error}"
            return b""
        self._packed = unpacker.unconsumed_tail
        if unpacker.eof:  # another member may follow, as tools that append write them; what else follows is left
            following = unpacker.unused_data or self.file.read(_PIECE)
            if following.startswith(_GZIP):
                self._unpacker, self._packed = zlib.decompressobj(zlib.MAX_WBITS | 16), following
            else:
                self.file.seek(0, os.SEEK_END)
        return out


def _encoding(head: bytes) -> str:
    """The encoding by the byte order mark, or by where the zeros of ASCII text stand; "" for what is no text."""
    if head[:2] in _BOMS:
        return _BOMS[head[:2]]
    sample = head[:4096]
    if b"\0" not in sample:
        return "utf-8"
    rest = sample.replace(b"\0", b"")
    if sum(byte >= 32 or byte in b"\t\n\r\x1b" for byte in rest) < len(rest) - 2 or not rest.count(b"\n"):
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 > len(sample) and min(even, odd) * 8 < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return "utf-8"  # a log whose machine lost power has a run of zeros in it


def _plain(text: str, may_be_post: bool) -> str:
    text = text.replace("\ufeff", "").replace("\0", "")
    text = _COLOUR.sub("", text) if "\x1b" in text else text
    return unmarked(text) if may_be_post else text
