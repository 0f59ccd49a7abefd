"""The native image, one file of machine code beside this module, is checked and mapped into the process.

The file begins with one line of JSON (``Head``), filled up to ``CODE_AT``; machine code that runs wherever it is mapped
follows. ``fwsim.native.compiler`` writes it: for a wheel when the wheel is made, for a checkout when it is installed.
"""

import hashlib
import json
import mmap
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fwsim
from fwsim.errors import FwsimError
from fwsim.native import rebuild

CODE_AT = 64 * 1024
"""Where the machine code begins in the file: at a page, of whatever size up to this."""
FORMAT = "fwsim native image 1"
_PACKAGE = Path(fwsim.__file__).parent
_STAYS: list[mmap.mmap] = []
"""What is mapped stays while the process lives: engines hold addresses in it."""


@dataclass(frozen=True)
class Head:
    """The first line of an image: what it is for, and what it was made of.

    ``sha256`` is that of the machine code and of ``functions``: where each begins in it. ``sources`` has a digest of
    each file of the package, ``meaning`` is the SHA-256 of all that the machine code depends on.
    """

    format: str
    version: str
    machine: str
    sha256: str
    functions: dict[str, int]
    sources: dict[str, str]
    meaning: str


class UnusableError(Exception):
    """An image that this process cannot use: what was found, what would have been right, what to do about it."""

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.hint = found, expected, hint


class Image:
    """A mapped image of machine code, given where it lies."""

    def __init__(self, file: Path) -> None:
        """Raises UnusableError where it is missing, damaged, another machine's or version's, or not to be executed."""
        data = _read(file)
        self.head = head = head_of(data)
        if head.machine != platform.machine():
            raise UnusableError(f"an image for {head.machine}", f"one for {platform.machine()}, which this is")
        if head.version != fwsim.__version__:
            raise UnusableError(f"an image of fwsim {head.version}", f"one of fwsim {fwsim.__version__}, which this is")
        if seal(data[CODE_AT:], head.functions) != head.sha256:
            raise UnusableError(f"{len(data):,} bytes that are not those that were written", "a whole image")
        mapped = _mapped(file)
        _STAYS.append(mapped)
        self._start = _address(mapped) + CODE_AT

    def address(self, name: str) -> int:
        """Where the function of this name begins in this process. Raises UnusableError for a name that is none."""
        if name not in self.head.functions:
            raise UnusableError(f"no function {name}", "an image of the sources that are there")
        return self._start + self.head.functions[name]


def path() -> Path:
    """Where the package's image for this machine lies."""
    return Path(__file__).with_name(f"code.{platform.machine()}")


def address(name: str) -> int:
    """Where a function of the package's image lies in this process.

    Raises FwsimError where no image can be used, and says the way out.
    """
    try:
        return _loaded().address(name)
    except UnusableError as problem:
        way_out = problem.hint or rebuild.missing(path().parent) or rebuild.run()
        _loaded.cache_clear()
        with suppress(UnusableError):
            if not way_out:
                return _loaded().address(name)
        raise FwsimError(
            "this image of fwsim's native code cannot be used", where=str(path()), found=problem.found,
            expected=problem.expected, hint=way_out or rebuild.REPORT,
        ) from None  # fmt: skip


@cache
def _loaded() -> Image:
    """The package's image, made of the sources that are there, mapped once. Raises UnusableError."""
    image = Image(path())
    changed = stale(image.head, path().stat().st_mtime_ns)
    if changed:
        raise UnusableError(f"it was made before {changed} was changed", "an image of the sources that are there")
    return image


def stale(head: Head, made: int, package: Path = _PACKAGE) -> str:
    """The first file that is not what it was when an image was made (its mtime, in nanoseconds); "": none is.

    A file that was not changed since (its ctime) is not read.
    """
    for name, known in head.sources.items():
        file = os.path.join(package, name)
        try:
            if os.stat(file).st_ctime_ns >= made and digest(Path(file).read_bytes()) != known:
                return name
        except OSError:
            return name
    return ""


def seal(code: bytes, functions: dict[str, int]) -> str:
    """What ``Head.sha256`` is: of the machine code, and of where each function begins in it."""
    return hashlib.sha256(code + json.dumps(functions, sort_keys=True).encode()).hexdigest()


def digest(source: bytes) -> str:
    """What ``Head.sources`` has of a file."""
    return hashlib.sha256(source).hexdigest()[:16]


def head_of(data: bytes) -> Head:
    """The head of an image. Raises UnusableError for what is none."""
    try:
        told = json.loads(data[:CODE_AT])
        if told["format"] != FORMAT:
            raise UnusableError(f"the format {told['format']!r}", FORMAT)
        return Head(**told)
    except (ValueError, TypeError, KeyError):
        raise UnusableError(f"{len(data):,} bytes without an image's head", FORMAT) from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise UnusableError(
            "no such file", "the image that comes with fwsim, or is made when it is installed"
        ) from None
    except OSError as error:
        raise UnusableError(str(error.strerror), "a file that can be read", "let it be read (chmod a+r)") from None


def _mapped(file: Path) -> mmap.mmap:
    """The whole file, mapped to be executed. Raises UnusableError where the system forbids it."""
    with open(file, "rb") as opened:
        try:
            return mmap.mmap(opened.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        except OSError as error:
            raise UnusableError(
                f"{error.strerror}: the system does not let it be executed", "a file that may be mapped as code",
                f"install fwsim where code may lie: not on a file system mounted noexec (findmnt -T {file} says so); "
                "under SELinux ausearch -m avc says what was refused, and restorecon sets the file's label",
            ) from None  # fmt: skip


def _address(mapped: mmap.mmap) -> int:
    """Where a mapping lies: numpy is the one that tells of memory that cannot be written."""
    import numpy as np

    return int(np.frombuffer(mapped, np.uint8).ctypes.data)
