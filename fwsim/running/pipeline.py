"""One run: the ROM in, its events, pictures and summary out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fwsim.devices.igd.device import Igd
from fwsim.environment.bios.session import Ending, Session
from fwsim.errors import FwsimError
from fwsim.machine.build import Built, build, display_device, host_of, lights
from fwsim.native import R_TIME
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rom.chain import Rom, load
from fwsim.rules.run import check
from fwsim.running.calls import Caller
from fwsim.running.option_rom import Offer, check_ids, legacy_image, offer, refusal
from fwsim.running.outcome import summarize
from fwsim.scenario.model import Scenario
from fwsim.trace.event import Actor, Flag, Op, Space

Progress = Callable[[str, float | None], None]
Sessions = Callable[[Built], Session]
ROM_BASE = 0xC0000


@dataclass
class Posted:
    """A machine whose ROM has been called, and how that went. ``code`` is what was copied to C0000."""

    built: Built
    session: Session
    ending: Ending
    code: bytes


def run(scenario: Scenario, out: RunDir, progress: Progress | None = None, session: Sessions = Session) -> Summary:
    """Run ``scenario`` into ``out`` and return its summary. Raises FwsimError for input that cannot be run.

    ``session``: what runs the guest's code.
    """
    tell = progress or (lambda label, fraction: None)
    started = time.perf_counter()
    rom = load(scenario.rom.file)
    tell("preparing", None)
    posted, offered = post(scenario, rom, out.events_path, tell, session)
    out.keep()
    machine = posted.built.machine
    caller = Caller(posted.built, posted.session, scenario, out)
    try:
        if posted.ending.reason == "completed":
            for number, call in enumerate(scenario.call):
                tell("running", (1 + number) / (1 + len(scenario.call)))
                caller.make(call)
        caller.finish()
        out.write("shadow.rom", machine.ram.read(ROM_BASE, max(len(posted.code), _file_extent(rom))))
        summary = summarize(scenario, rom, offered, posted.built, posted.session, caller)
    finally:
        machine.recorder.close()
    summary.checks = check(scenario, summary)
    summary.wall_s = round(time.perf_counter() - started, 6)
    out.write_scenario(scenario)
    out.write_summary(summary)
    tell("done", 1.0)
    return summary


def post(
    scenario: Scenario, rom: Rom, events: Path | None, tell: Progress, session: Sessions = Session
) -> tuple[Posted, Offer]:
    """POST the guest's ROM, after a POST on the host where the scenario wants the shadow of one."""
    shadow, before = None, None
    if display_device(scenario, rom) is None:
        check_ids(scenario, rom)
        if scenario.rom.source == "shadow":
            tell("POST on the host", None)
            shadow, before = post_on_host(scenario, rom)
    elif scenario.rom.source == "shadow":
        raise FwsimError(
            "only an Intel graphics device's ROM has a posted shadow here", where="rom.source", found="shadow",
            expected='source = "file"',
        )  # fmt: skip
    offered = offer(scenario, rom, scenario.host.device_id if _is_igd(scenario, rom) else rom.device or 0, shadow)
    tell("running", 0.0)
    return call_init(scenario, rom, offered, events, before, session), offered


def _is_igd(scenario: Scenario, rom: Rom) -> bool:
    return display_device(scenario, rom) is None


def _file_extent(rom: Rom) -> int:
    return min(len(rom.data), 0x20000) if rom.legacy else 0


def post_on_host(
    scenario: Scenario, rom: Rom, sessions: Sessions = Session, *, keep: bool = False
) -> tuple[bytes, Igd]:
    """What lies at C0000 after a POST on the host itself, for the file's length, and the IGD as that POST left it.

    ``keep``: leave its events to be read. Raises FwsimError when the ROM does not finish there: there is no shadow to
    hand out.
    """
    host = host_of(scenario)
    posted = call_init(host, rom, offer(host, rom, host.host.device_id, None), None, None, sessions)
    machine = posted.built.machine
    if not keep:
        machine.recorder.close()
    if posted.ending.reason != "completed":
        ending = posted.ending
        raise FwsimError(
            "the ROM did not finish its POST on the host, so there is no shadow", where="rom.source",
            found=f"{ending.reason} at {ending.cs:04x}:{ending.ip:04x} {ending.detail}".rstrip(),
            expected="a POST that returns",
            hint='run it there to see why: hypervisor.kind = "none", rom.source = "file"',
        )  # fmt: skip
    assert machine.igd is not None
    return machine.ram.read(ROM_BASE, _file_extent(rom)), machine.igd


def call_init(
    scenario: Scenario, rom: Rom, offered: Offer, events: Path | None, before: Igd | None,
    sessions: Sessions = Session,
) -> Posted:  # fmt: skip
    """Build the machine, copy the ROM to C0000 and call its init, ``rom.posts`` times."""
    built = build(scenario, rom, offered.image, events, before=before)
    session = sessions(built)
    machine = built.machine
    _note_patch(built, offered)
    code = legacy_image(offered.image, rom)
    why = refusal(code, scenario.rom.checksum == "enforce")
    if why or built.placed.boot != "ok":
        reason = f"SeaBIOS refuses the ROM: {why}" if why else f"the firmware stopped: {built.placed.boot}"
        session.ended = Ending("error", 0, 0, reason)
        return Posted(built, session, session.ended, code)
    machine.ram.write(ROM_BASE, code)
    machine.engine.flush_code()
    ending = session.call_rom(3, scenario.guest.devfn)
    if scenario.rom.posts > 1:
        built.log.append(f"POST 1: {lights(built)}")
    for number in range(2, scenario.rom.posts + 1):
        if ending.reason != "completed":
            break
        if scenario.rom.reset == "flr" and machine.igd:
            machine.igd.reset()
            built.log.append(f"FLR: {lights(built)}")
        ending = session.call_rom(3, scenario.guest.devfn)
        built.log.append(f"POST {number}: {lights(built)}")
    return Posted(built, session, ending, code)


def _note_patch(built: Built, offered: Offer) -> None:
    """An event for the shadow patch: the variable it cleared and what it held, or that it found none."""
    if offered.patch is None:
        return
    found = offered.patch.offset is not None
    address, held = (ROM_BASE + (offered.patch.offset or 0), offered.patch.held) if found else (0, 0)
    time_ns = int(built.machine.root[R_TIME])
    flag = Flag.REWRITTEN if found else Flag.UNHANDLED
    built.machine.recorder.append((time_ns, 0, address, 0, held, 0, flag, Actor.HYPERVISOR, Space.MEMORY, Op.NOTE, 4))
