"""``python -m fwsim.native.compiler``: make the native image of this machine, where it is missing or stale."""

import argparse
import sys
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.native.compiler.make import bring_up_to_date
from fwsim.native.compiler.reach import callbacks
from fwsim.native.image import path

_WIDTH = 40


def main() -> int:
    """Make the image; exit code 2 where that cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m fwsim.native.compiler", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE", default=path(), help="where (default: in the package)")
    parser.add_argument("--count", action="store_true", help="print how much is done, 0 to 1, a line at a time")
    given = parser.parse_args()
    try:
        made = bring_up_to_date(given.out, callbacks(), _count if given.count else _bar)
    except FwsimError as error:
        print(f"fwsim: {error}", file=sys.stderr)
        return 2
    if not given.count:
        sys.stderr.write("\n" if made and sys.stderr.isatty() else "")
        print(f"{given.out}: {'compiled' if made else 'is of these sources'}")
    return 0


def _count(done: float) -> None:
    print(done, flush=True)


def _bar(done: float) -> None:
    """A bar on a terminal; in a log one line at the start."""
    if sys.stderr.isatty():
        full = round(_WIDTH * done)
        print(f"\rcompiling the native code [{'#' * full}{' ' * (_WIDTH - full)}]", end="", file=sys.stderr, flush=True)
    elif not done:
        print("compiling the native code (once, about 20 s)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
