"""A file is written whole or not at all: a temporary file beside it, then a rename."""

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from fwsim.errors import FwsimError


def refuse_existing(paths: list[Path], force: bool) -> None:
    """Raises FwsimError when one of ``paths`` exists and ``force`` is not given."""
    for path in paths:
        if not force and os.path.lexists(path):
            raise FwsimError(
                "exists already", where=str(path), hint="choose another name, or give --force to replace it"
            )


def write_atomically(path: Path, data: bytes, force: bool = False) -> None:
    """Writes ``data`` to ``path``: the name appears only when every byte is on the disk.

    Without ``force`` an existing file is never replaced, not even one that appears meanwhile. Raises FwsimError when it
    exists or cannot be written (no such folder, no permission, disk full); nothing is left behind then.
    """
    refuse_existing([path], force)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o666 & ~_umask())
        if force or not _linked(temporary, path):
            refuse_existing([path], force)
            os.replace(temporary, path)
            temporary = ""
    except FileExistsError:
        raise FwsimError("exists already", where=str(path), hint="give --force to replace it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FwsimError(f"cannot be written: {reason}", where=str(path)) from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _linked(temporary: str, path: Path) -> bool:
    """Gives the file its name only if nothing has it; False where the file system knows no hard links."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            return False
        raise
    return True


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
