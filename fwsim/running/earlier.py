"""Who ran the ROM on the device before this run: the host, and guests like this one, each on a machine of its own."""

from __future__ import annotations

from msgspec import Struct, field

from fwsim.errors import FwsimError
from fwsim.machine.build import lights
from fwsim.machine.built import Built
from fwsim.machine.left import Left, left_by
from fwsim.rom.chain import Rom
from fwsim.running.base import PcRun
from fwsim.scenario.model import Scenario

ROM_BASE = 0xC0000


class Earlier(Struct):
    """What they left: the ``shadow`` of the host's POST and the device, None where nobody was; a line for each.

    ``host``: the machine on which the host's own firmware ran a ROM of its own (``host.post``).
    """

    shadow: bytes | None = None
    left: Left | None = None
    host: Built | None = None
    log: list[str] = field(default_factory=list)


def parties(scenario: Scenario) -> tuple[str, ...]:
    """Who they are, the first one first: ``rom.before``, and the host whose POST made the shadow."""
    named = scenario.rom.before
    return ("host", *named) if scenario.rom.source == "shadow" and "host" not in named else named


def add_own(found: Earlier, scenario: Scenario, host: Built) -> None:
    """The POST of the host's own firmware, by a ROM of its own."""
    found.host, found.left = host, _left(scenario, host)


def add_host(found: Earlier, scenario: Scenario, rom: Rom, host: PcRun) -> None:
    """A host's POST, and its calls.

    Raises FwsimError when the ROM does not finish its POST and the guest's is its shadow: there is none to hand out.
    """
    ending = host.post()
    if ending.reason != "completed" and scenario.rom.source == "shadow":
        raise FwsimError(
            "the ROM did not finish its POST on the host, so there is no shadow", where="rom.source",
            found=f"{ending.reason} at {ending.cs:04x}:{ending.ip:04x} {ending.detail}".rstrip(),
            expected="a POST that returns",
            hint='run it there to see why: hypervisor.kind = "none", rom.source = "file"',
        )  # fmt: skip
    _leave(found, scenario, "host", host)
    found.shadow = host.built.machine.ram.read(ROM_BASE, file_extent(rom))


def add_guest(found: Earlier, scenario: Scenario, guest: PcRun) -> None:
    """A guest's POST, and its calls: as far as it got, it left the device so."""
    guest.post()
    _leave(found, scenario, "guest", guest)


def _leave(found: Earlier, scenario: Scenario, who: str, run: PcRun) -> None:
    run.calls(past_end=False)
    run.close()
    found.left = _left(scenario, run.built)
    if scenario.rom.before:
        ended = run.stopped.reason if run.stopped else "not run"
        then = ", then FLR" if found.left.reset else ""
        found.log.append(f"before, {who}: {ended}: {lights(run.built)}{then}")


def _left(scenario: Scenario, built: Built) -> Left:
    """The device as that machine leaves it to the next one."""
    return left_by(built.machine, reset=scenario.rom.reset == "flr")


def file_extent(rom: Rom) -> int:
    """Bytes of the file that lie at C0000 at most; 0 for one without a legacy image."""
    return min(len(rom.data), 0x20000) if rom.legacy else 0
