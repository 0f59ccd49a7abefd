"""Installed kinds of hypervisor are other people's code: what fails in one is told as its package's, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from fwsim.devices.config_traps import Owner, Route, Router
from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.hypervisor.config_space import ConfigDesign
from fwsim.hypervisor.interface import Assignment, Choice, GttPolicy, Hypervisor, Reaction, Register
from fwsim.hypervisor.interrupts import Line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LARGEST_FILE = 1 << 24
"""Bytes of a firmware file: an OpRegion with its VBT has some 20 KiB, and the firmware copies it into guest RAM."""
CONFIG_END = 0x1000
FOUR_GIB = 1 << 32
_CALLS = (
    "story", "title", "name", "profile", "known", "dma", "assign", "registers", "owner", "gtt_policy", "written",
    "registers_over", "dropped", "ram_end", "identity", "fix_rom", "opregion_cut",
    "opregion", "change_rom", "abort_text", "qemu_release", "vapic", "group_text",
    "placed_by", "ram_split", "routes_config", "config_design",
)  # fmt: skip


def where(point: EntryPoint) -> str:
    """Package and entry point, as errors name them."""
    package = f"package {point.dist.name} {point.dist.version}, " if point.dist else ""
    return f"{package}entry point {point.name} = {point.value}"


def loaded(point: EntryPoint) -> type[Hypervisor]:
    """The class that ``point`` names. Raises FwsimError where it cannot be had."""
    try:
        found = point.load()
    except Exception as error:
        raise FwsimError(
            "the installed hypervisor cannot be loaded", where=where(point), found=f"{type(error).__name__}: {error}",
            hint="install its package again, or take it away",
        ) from None  # fmt: skip
    if not (isinstance(found, type) and issubclass(found, Hypervisor)):
        raise FwsimError(
            "not a hypervisor", where=where(point), found=repr(found), expected="a subclass of Hypervisor",
            hint="see docs/hypervisors.md",
        )  # fmt: skip
    return found


def guarded(kind: type[Hypervisor], choice: Choice, point: EntryPoint) -> Hypervisor:
    """``kind`` made for ``choice``, each of its answers checked. Raises FwsimError naming package and entry point."""
    at = where(point)
    made = _asked(lambda: kind(choice), at, "__init__")
    return _Guarded(made, choice, at)


def _asked(call: Callable[[], Any], at: str, what: str) -> Any:
    try:
        return call()
    except FwsimError as error:
        error.where = f"{at}: {error.where}" if error.where else at
        raise
    except Exception as error:
        raise FwsimError(
            f"the installed hypervisor failed in {what}", where=at, found=f"{type(error).__name__}: {error}",
            expected="an answer", hint="this is a fault of that package, not of the scenario",
        ) from error  # fmt: skip


class _Guarded(Hypervisor):
    """Passes every call on to the installed object, and judges what comes back."""

    kind = "installed"

    def __init__(self, inner: Hypervisor, choice: Choice, at: str) -> None:
        super().__init__(choice)
        self._inner, self._at = inner, at
        self.on_host = bool(inner.on_host)  # type: ignore[misc]  # the class's own in ours, the object's here
        self.by_vfio = bool(inner.by_vfio)  # type: ignore[misc]
        self.mode = str(inner.mode)  # type: ignore[misc]
        if inner.guest_reset not in ("dropped", "passed", "restored"):
            raise _nonsense(at, "guest_reset", repr(inner.guest_reset), "dropped, passed or restored")
        self.guest_reset = inner.guest_reset  # type: ignore[misc]

    def __getattribute__(self, name: str) -> Any:
        if name not in _CALLS:
            return super().__getattribute__(name)
        inner, at = super().__getattribute__("_inner"), super().__getattribute__("_at")
        found = _asked(lambda: getattr(inner, name), at, name)
        if not callable(found):
            return _typed(found, name, at)

        def call(*args: Any, **named: Any) -> Any:
            return _judged(_asked(lambda: found(*args, **named), at, name), name, at)

        return call


_TEXTS = ("story", "title", "name", "profile")


def _typed(found: object, name: str, at: str) -> object:
    if name in _TEXTS and not isinstance(found, str):
        raise _nonsense(at, name, repr(found), "a text")
    if name == "known" and not isinstance(found, Known):
        raise _nonsense(at, name, repr(found), "a fwsim.exactness.Known")
    if name in ("vapic", "routes_config") and not isinstance(found, bool):
        raise _nonsense(at, name, repr(found), "True or False")
    if name == "qemu_release" and not (isinstance(found, tuple) and all(isinstance(part, int) for part in found)):
        raise _nonsense(at, name, repr(found), "a tuple of numbers, such as (10, 2)")
    if name == "placed_by" and not (isinstance(found, tuple) and [type(part) for part in found] == [str, str]):
        raise _nonsense(at, name, repr(found), "a firmware kind and its version, two texts")
    return found


def _judged(answer: Any, name: str, at: str) -> Any:
    if name == "assign":
        _judge_assignment(answer, at)
    elif name in ("registers", "registers_over"):
        _judge_registers(answer, at)
    elif name == "gtt_policy":
        return _judged_policy(answer, at)
    elif name == "owner" and answer is not None:
        return _Owner(answer, at)
    elif name == "config_design" and answer is not None:
        if not isinstance(answer, ConfigDesign):
            raise _nonsense(at, name, repr(answer), "a ConfigDesign, or None")
        return replace(answer, router=_Router(answer.router, at))
    elif name == "opregion":
        _judge_file("the OpRegion", answer, at)
    elif name == "ram_split" and not (
        isinstance(answer, tuple) and [type(part) for part in answer] == [int, int] and 0 <= answer[0] <= FOUR_GIB
    ):
        raise _nonsense(at, name, repr(answer), "bytes of RAM below 4 GiB, and bytes above")
    elif name == "line" and not isinstance(answer, Line):
        raise _nonsense(at, name, repr(answer), "a fwsim.hypervisor.interrupts.Line")
    elif name == "written" and not (answer is None or isinstance(answer, Reaction)):
        raise _nonsense(at, name, repr(answer), "a Reaction, or None")
    return answer


def _judged_policy(policy: Any, at: str) -> GttPolicy:
    """The policy, its Python half guarded: it is called in the middle of the guest's code."""
    if not isinstance(policy, GttPolicy):
        raise _nonsense(at, "gtt_policy", type(policy).__name__, "a GttPolicy")
    inner = policy.python
    if inner is None:
        return policy

    def judge(value: int, offset: int) -> int | None:
        answer = _asked(lambda: inner(value, offset), at, "the GTT policy")
        if answer is not None and not (isinstance(answer, int) and 0 <= answer < 1 << 64):
            raise _nonsense(at, "GTT entry", repr(answer), "a number of 64 bits, or None")
        return answer

    return replace(policy, python=judge)


class _Router:
    """Who gets an access, guarded likewise."""

    def __init__(self, inner: Router, at: str) -> None:
        self._inner, self._at = inner, at

    def route(self, way: int, bdf: int, offset: int) -> Route:
        """What the installed one says."""
        found = _asked(lambda: self._inner.route(way, bdf, offset), self._at, "route")
        if not isinstance(found, Route):
            raise _nonsense(self._at, "route", repr(found), "a Route")
        return found


class _Owner:
    """An owner of a function, guarded likewise."""

    def __init__(self, inner: Owner, at: str) -> None:
        self._inner, self._at = inner, at

    def read(self, bdf: int, offset: int, width: int) -> int:
        """Its answer, a number."""
        value = _asked(lambda: self._inner.read(bdf, offset, width), self._at, "read")
        if not isinstance(value, int) or value < 0:
            raise _nonsense(self._at, "configuration register", repr(value), f"a number of {width} bytes")
        return value

    def write(self, bdf: int, offset: int, width: int, value: int) -> None:
        """Passed on."""
        _asked(lambda: self._inner.write(bdf, offset, width, value), self._at, "write")

    def state(self) -> object:
        """Its state."""
        return _asked(self._inner.state, self._at, "state")

    def restore(self, state: Any) -> None:
        """Back to it."""
        _asked(lambda: self._inner.restore(state), self._at, "restore")


def _judge_assignment(given: Any, at: str) -> None:
    if not isinstance(given, Assignment):
        raise _nonsense(at, "assign", type(given).__name__, "an Assignment")
    for name, content in given.files.items():
        _judge_file(name, content, at)
    if not isinstance(given.stolen, int) or not 0 <= given.stolen < FOUR_GIB:
        raise _nonsense(at, "stolen", repr(given.stolen), "bytes of stolen memory, less than 4 GiB")
    _judge_registers(given.registers, at)
    for each in given.overlays:
        if each.width not in (1, 2, 4, 8) or each.offset % each.width or each.offset < 0:
            raise _nonsense(at, "overlays", f"{each.width} bytes at {each.offset:#x}", "aligned bytes of BAR0")


def _judge_registers(rows: Any, at: str) -> None:
    taken: dict[int, Register] = {}
    for row in rows:
        if not isinstance(row, Register):
            raise _nonsense(at, "registers", repr(row), "Registers")
        if row.width not in (1, 2, 4, 8) or row.offset % row.width or not 0 <= row.offset <= CONFIG_END - row.width:
            raise _nonsense(at, "registers", f"{row.width} bytes at {row.offset:#x}", "1, 2, 4 or 8 bytes, aligned, "
                            "in the 4 KiB of configuration space")  # fmt: skip
        for byte in range(row.offset, row.offset + row.width):
            if taken.setdefault(byte, row) is not row:
                raise _nonsense(at, "registers", f"two that hold byte {byte:#x}", "each byte once")
        if row.mask is not None and not 0 <= row.mask < 1 << 8 * row.width:
            raise _nonsense(at, "registers", f"bits {row.mask:#x} at {row.offset:#x}", f"bits of {row.width} bytes")
        if row.value >> 8 * row.width or row.value < 0:
            raise _nonsense(at, "registers", f"{row.value:#x} at {row.offset:#x}", f"a value of {row.width} bytes")


def _judge_file(name: str, content: object, at: str) -> None:
    if not isinstance(content, (bytes, bytearray)):
        raise _nonsense(at, "files", f"{name}: {type(content).__name__}", "bytes")
    if len(content) > LARGEST_FILE:
        raise _nonsense(at, "files", f"{name}: {len(content):,} bytes", f"up to {LARGEST_FILE:,} bytes")


def _nonsense(at: str, what: str, found: str, expected: str) -> FwsimError:
    return FwsimError(
        f"the installed hypervisor's {what} cannot be", where=at, found=found, expected=expected,
        hint="this is a fault of that package, not of the scenario",
    )  # fmt: skip
