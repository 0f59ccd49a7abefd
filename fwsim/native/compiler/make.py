"""An image is made of the package's callbacks, and written whole, by one process at a time."""

import fcntl
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import fwsim
from fwsim.errors import FwsimError
from fwsim.native.compiler import reach
from fwsim.native.image import CODE_AT, FORMAT, Head, UnusableError, head_of, seal
from fwsim.native.marks import Callback

Tell = Callable[[float], None]
_TOOLS = ("numba", "llvmlite")


def image(callbacks: list[Callback], tell: Tell, machine: str = platform.machine()) -> bytes:
    """The file of an image of ``callbacks`` for ``machine``; ``tell`` hears how much is done, 0 to 1.

    Raises FwsimError for code that cannot be part of one, and for a machine that LLVM is not asked for.
    """
    os.environ.setdefault("NUMBA_OPT", "0")  # all is optimised once, when it is linked
    from fwsim.native.compiler.compile import Compiler
    from fwsim.native.compiler.link import TRIPLES, RefusedError, link

    if machine not in TRIPLES:
        raise FwsimError("no native code for this machine", found=machine, expected=" or ".join(TRIPLES))
    compiler, entries = Compiler(), {}
    for number, callback in enumerate(callbacks):
        tell(number / (len(callbacks) + 1))
        entries[callback.name] = compiler.add(callback)
    try:
        code = link(compiler.modules, entries, machine)
    except RefusedError as refused:
        raise FwsimError("native code cannot become an image", found=str(refused)) from None
    head = Head(
        FORMAT, fwsim.__version__, machine, seal(code.data, code.functions), code.functions, reach.sources(),
        _meaning(callbacks),
    )  # fmt: skip
    return _file(head, code.data)


def bring_up_to_date(file: Path, callbacks: list[Callback], tell: Tell) -> bool:
    """Make an image of ``callbacks`` at ``file``, unless the one there is of these sources; whether code was compiled.

    Where only comments and the like have changed, the image says so from now on. A second process that wants the same
    waits for the first. Raises FwsimError where it cannot be written or made.
    """
    with _alone(file.parent):
        found, sources = _found(file), reach.sources()
        if found and found[0].meaning == _meaning(callbacks):
            _write(file, _file(replace(found[0], sources=sources), found[1]))
            return False
        _write(file, image(callbacks, tell))
        return True


def _meaning(callbacks: list[Callback]) -> str:
    return reach.meaning(callbacks, " ".join(f"{name} {version(name)}" for name in _TOOLS))


def _found(file: Path) -> tuple[Head, bytes] | None:
    """The head and the code of the image that is there; None for none of this version and machine, or a damaged one."""
    try:
        data = file.read_bytes()
        head = head_of(data)
    except (OSError, UnusableError):
        return None
    code = data[CODE_AT:]
    whole = seal(code, head.functions) == head.sha256
    ours = head.version == fwsim.__version__ and head.machine == platform.machine()
    return (head, code) if whole and ours else None


def _file(head: Head, code: bytes) -> bytes:
    line = json.dumps(asdict(head), sort_keys=True).encode()
    assert len(line) < CODE_AT, "more sources and functions than a head holds"
    return line.ljust(CODE_AT - 1) + b"\n" + code


def _write(file: Path, data: bytes) -> None:
    """Put the whole file there at once, dated when this process began to read the sources."""
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as made:
            try:
                made.write(data)
                made.flush()
                os.fchmod(made.fileno(), 0o644)
                os.utime(made.fileno(), ns=(fwsim.STARTED, fwsim.STARTED))
                os.replace(made.name, file)
            except BaseException:
                os.unlink(made.name)
                raise
    except OSError as error:
        raise FwsimError("the native image cannot be written", where=str(file), found=str(error.strerror),
                         hint=f"let {file.parent} be written, and give it space") from None  # fmt: skip


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, waiting for it."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise FwsimError("no folder for the native image", where=str(folder), found=str(error.strerror)) from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
