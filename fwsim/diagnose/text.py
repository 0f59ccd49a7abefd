"""A file's lines as people's tools leave them: UTF-8 or UTF-16, CRLF, colour codes, of any length and number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

LINE_MAX = 4096
"""Characters of a line that are looked at: no message is longer."""
SHOWN = 240
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CHUNK = 1 << 20


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number from 1, text) of each line, without its end. Raises OSError.

    What is past ``LINE_MAX`` in a line is left out; bytes that are no text are shown as U+FFFD.
    """
    with open(path, "rb") as file:
        start = file.read(2)
        file.seek(0)
        encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(start, "utf-8")
        end = "\n".encode(encoding)
        number, pending, cut = 0, b"", False
        while chunk := file.read(_CHUNK):
            pieces = (pending + chunk).split(end)
            for piece in pieces[:-1]:
                number += 1
                yield number, _text(piece, encoding)
            pending = pieces[-1]
            if len(pending) > 4 * LINE_MAX:  # the rest of a line without an end is not kept
                pending, cut = pending[: 4 * LINE_MAX], True
        if pending or cut:
            yield number + 1, _text(pending, encoding)


def shown(text: str) -> str:
    """``text`` as it may be printed: no control characters, at most ``SHOWN`` long."""
    plain = "".join(each if each.isprintable() else " " for each in text.strip())
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 3] + "..."


def _text(piece: bytes, encoding: str) -> str:
    text = piece[: 4 * LINE_MAX].decode(encoding, "replace").rstrip("\r").lstrip("\ufeff")
    return (_COLOUR.sub("", text) if "\x1b" in text else text)[:LINE_MAX]
