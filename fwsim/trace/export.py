"""A trace leaves fwsim in whole files or none: they are written aside, then put in place."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fwsim.errors import FwsimError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BATCH = 4096


@contextlib.contextmanager
def whole_file(out: Path, force: bool) -> Iterator[Path]:
    """A path to write to, which becomes ``out`` when all went well and is gone when not.

    Raises FwsimError where ``out`` exists (``force`` replaces a file), or cannot be written.
    """
    if out.is_dir():
        raise FwsimError("a folder", where=str(out), expected="a file's name", hint="give --out FILE")
    if (out.exists() or out.is_symlink()) and not force:
        raise FwsimError(
            "the file exists", where=str(out), expected="a file that is not there yet",
            hint="give another --out, or --force to replace it",
        )  # fmt: skip
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(out)
    except OSError as error:
        raise _failed(error, out) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_lines(path: Path, lines: Iterable[str]) -> int:
    """Write ``lines`` to ``path`` as they come; returns how many."""
    count, batch = 0, []
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            batch.append(line)
            count += 1
            if len(batch) >= _BATCH:
                file.write("\n".join(batch) + "\n")
                batch = []
        if batch:
            file.write("\n".join(batch) + "\n")
    return count


def _failed(error: OSError, out: Path) -> FwsimError:
    if error.errno in _NO_SPACE:
        return FwsimError(
            "no room for the file", where=str(out), hint="free space, or give --out on another file system"
        )
    return FwsimError(
        f"cannot write: {error.strerror or error}", where=str(out), expected="a file in a folder that is there",
        hint="make its folder, check its permissions, or give another --out",
    )  # fmt: skip
