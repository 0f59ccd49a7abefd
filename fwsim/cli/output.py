"""Standard output is written here to the last byte, whether its reader has gone or its disk is full.

Nothing but this is imported before a command is known, so this imports nothing that takes long.
"""

import os
import sys

from fwsim.errors import FwsimError


def write(text: str) -> bool:
    """Write and flush ``text`` to standard output; False when its reader has gone, which is no error.

    Raises FwsimError when it cannot be written for another reason, such as a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _close_stdout()
        return False
    except OSError as error:
        _close_stdout()
        raise FwsimError(
            f"cannot write the output: {error.strerror}", hint="free space, or send it elsewhere"
        ) from None
    return True


def _close_stdout() -> None:
    """Send what is left in standard output nowhere, so that the interpreter does not complain when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def open_closed_streams() -> None:
    """Who closes an output (``>&-``) wants to see nothing; its number must not be a file of ours."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115 (it stays open)
