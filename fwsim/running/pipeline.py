"""The one place where a run happens: a machine is assembled, its ROM is called, its calls are made, all is summed up.

A whole run is ``run``. Who wants a part of one takes the steps: ``assemble`` makes the machine and runs none of the
guest's code; a ``Run`` is that machine with what runs its code. Its steps are ``post``, ``calls``, ``pictures`` and
``summary``, in this order, as far as one goes. What only runs under UEFI need is imported by those.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace as with_fields

from fwsim.board.display import display_adapter
from fwsim.devices.diskette import Diskette
from fwsim.environment.bios.session import Session
from fwsim.environment.ending import Ending
from fwsim.environment.slices import Snapshot
from fwsim.errors import FwsimError
from fwsim.firmware.image import FirmwareImage
from fwsim.machine.build import build, executes, host_of, lights, vbt_of
from fwsim.machine.built import Built
from fwsim.machine.function_reset import reset_display
from fwsim.native import R_TIME
from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.rom.chain import Rom, is_pe, load
from fwsim.rules.run import check
from fwsim.running.base import AnyRun, Assembled, PcRun, Progress, quiet, wants_uefi
from fwsim.running.behind_bar import looked_at
from fwsim.running.calls import Caller
from fwsim.running.earlier import ROM_BASE, Earlier, add_guest, add_host, add_own, file_extent, parties
from fwsim.running.guest_driver import driver_summary
from fwsim.running.left_on import note, put_table, same_memory
from fwsim.running.option_rom import Matched, Offer, check_ids, match, offer, refusal
from fwsim.running.outcome import summarize
from fwsim.scenario.model import Call, Scenario
from fwsim.scenario.model import Rom as RomChoice
from fwsim.scenario.options import allocator_of
from fwsim.trace.event import Actor, Flag, Op, Space

Sessions = Callable[[Built], Session]
_INTEL = 0x8086
VBE_SET_MODE = 0x4F02


def run(scenario: Scenario, out: RunDir, progress: Progress | None = None, sessions: Sessions = Session) -> Summary:
    """Run ``scenario`` into ``out`` and return its summary. Raises FwsimError for input that cannot be run.

    ``sessions``: what runs the guest's code.
    """
    tell = progress or quiet
    started = time.perf_counter()
    tell("preparing", None)
    one = begun(scenario, sessions, out, tell)
    try:
        tell("running", 0.0)
        one.post()
        out.keep()
        one.calls(tell)
        one.boot()
        one.pictures()
        summary = one.summary()
        if isinstance(one, PcRun):
            out.write("shadow.rom", one.shadow())
    finally:
        one.close()
        one.built.machine.release()  # the machine is a knot of references: it goes when the collector comes by
    summary.wall_s = round(time.perf_counter() - started, 6)
    out.write_scenario(scenario)
    out.write_summary(summary)
    tell("done", 1.0)
    return summary


def begun(
    scenario: Scenario, sessions: Sessions = Session, out: RunDir | None = None, tell: Progress = quiet
) -> AnyRun:
    """The run of ``scenario``, its machine assembled and no code run; events go to ``out``, None: to memory.

    Raises FwsimError for what cannot be run.
    """
    events = out.events_path if out else None
    if scenario.guest.on_arm:
        from fwsim.running.arm import ArmRun

        return ArmRun(scenario, events)
    return begin(assemble(scenario, load(scenario.rom.file), events, tell), sessions, out)


def begin(made: Assembled, sessions: Sessions = Session, out: RunDir | None = None) -> PcRun:
    """The run of ``made`` by its firmware's kind: a BIOS's, or UEFI's where there is a driver for it."""
    if made.built.machine.engine.mode == "long":
        from fwsim.running.uefi import UefiRun

        return UefiRun(made, out)
    if executes(made.scenario):
        from fwsim.running.image import ImageRun

        return ImageRun(made, out)
    return Run(made, sessions, out)


def assemble(scenario: Scenario, rom: Rom, events: Path | None = None, tell: Progress = quiet) -> Assembled:
    """The machine of ``scenario``, after those have run the ROM who did before, the host that made a shadow first.

    ``events``: where they are recorded; None: in memory. Raises FwsimError for what cannot be run.
    """
    row = allocator_of(scenario.firmware)[0]
    found, igd = Earlier(), None
    uefi = wants_uefi(scenario, rom)
    if uefi:
        from fwsim.running.uefi import place_by_chain

        scenario = place_by_chain(scenario, rom)
    if display_adapter(scenario, rom) is None:
        if not row.uefi or not (uefi or row.image):  # edk2 starts an EFI image whatever ids its PCIR names
            check_ids(scenario, rom)
        igd = scenario.host.device_id
        found = earlier(scenario, rom, tell)
    elif scenario.host.post:
        raise FwsimError(
            "only an Intel graphics device is POSTed on the host here", where="host.post", found=scenario.host.post,
            expected="an IGD in the guest", hint='host.vga = "igd"',
        )  # fmt: skip
    elif scenario.rom.source == "shadow":
        raise FwsimError(
            "only an Intel graphics device's ROM has a posted shadow here", where="rom.source", found="shadow",
            expected='source = "file"',
        )  # fmt: skip
    elif scenario.rom.before:
        raise FwsimError(
            "only an Intel graphics device goes from one machine to the next here", where="rom.before",
            found=", ".join(scenario.rom.before), expected="an IGD's ROM, or nobody before",
            hint="leave rom.before out",
        )  # fmt: skip
    if uefi and scenario.rom.coreboot_table:
        raise FwsimError(
            "no driver of UEFI's looks for coreboot's table here", where="rom.coreboot_table", found="a UEFI driver",
            expected="a legacy ROM, such as SeaVGABIOS's for coreboot", hint="leave it out, or name such a ROM",
        )  # fmt: skip
    return _assembled(scenario, rom, found, igd, events)


def _assembled(scenario: Scenario, rom: Rom, found: Earlier, igd: int | None, events: Path | None) -> Assembled:
    """The machine, with the device and the shadow that ``found`` says were left to it."""
    shadow = found.shadow if scenario.rom.source == "shadow" else None
    offered = _packed(scenario, rom) or offer(scenario, rom, rom.device or 0 if igd is None else igd, shadow)
    built = build(scenario, rom, offered.image, events, before=found.left, mode=_mode(scenario, rom))
    built.log += found.log
    if found.host is not None:
        if scenario.rom.reset == "none":
            same_memory(built, found.host)
        note(built, scenario.rom.reset == "flr")
    return Assembled(scenario, rom, offered, built, found.left, igd, vbt_of(scenario, rom))


def _packed(scenario: Scenario, rom: Rom) -> Offer | None:
    """UEFI's image gets the scenario's drivers and the ROM's as one ROM; None: the ROM is that as it is."""
    row = allocator_of(scenario.firmware)[0]
    if not (row.image and row.uefi) or not (scenario.firmware.drivers or is_pe(rom.data)):
        return None
    from fwsim.rom.drivers import driver_file, drivers_of
    from fwsim.rom.pack import packed

    named = [driver for path in scenario.firmware.drivers for driver in driver_file(path)]
    raw = [driver.raw for driver in (*named, *drivers_of(rom))]
    return Offer(packed(raw, _INTEL, scenario.host.device_id))


def _mode(scenario: Scenario, rom: Rom) -> str:
    """The engine's mode: fwsim's own UEFI begins in long mode, an image at the reset vector."""
    row = allocator_of(scenario.firmware)[0]
    if isinstance(row, FirmwareImage) and row.every_mode:
        return "every"
    return "long" if wants_uefi(scenario, rom) else "real"


def on_host(scenario: Scenario, rom: Rom, sessions: Sessions = Session) -> Run:
    """The POST of ``scenario``'s ROM on the host itself, to be made: nobody in between, init only."""
    return Run(assemble(host_of(scenario), rom), sessions)


def left_by_host(scenario: Scenario) -> Built:
    """The host's machine after its own firmware ran ``host.post`` and set ``host.post_mode``, the card drawn on it.

    Raises FwsimError for a file that is no ROM of that host, when its POST does not finish, or refuses the mode.
    """
    choice = scenario.host
    ids, checksum = scenario.rom.any_device, scenario.rom.checksum
    own = with_fields(scenario, rom=RomChoice(file=choice.post, any_device=ids, checksum=checksum))
    try:
        rom = load(choice.post)
        check_ids(own, rom)
        host = on_host(own, rom)
    except FwsimError as error:
        error.where, error.hint = f"host.post: {error.where}", error.hint or f"fwsim rom info {choice.post}"
        raise
    ending = host.post()
    wrong = "" if ending.reason == "completed" else f"{ending.reason} at {ending.cs:04x}:{ending.ip:04x}"
    if not wrong and choice.post_mode:
        made = host.caller.make(Call(ax=VBE_SET_MODE, bx=choice.post_mode))
        wrong = "" if made.ok else f"mode {choice.post_mode:#x} answered AX={made.result_ax:04X}"
    host.close()
    if wrong:
        raise FwsimError(
            "the host's own POST failed", where=f"host.post: {choice.post}", found=f"{wrong} {ending.detail}".rstrip(),
            expected="a POST that returns, and a mode that it has",
            hint='run it there to see why: hypervisor.kind = "none", with the file as rom.file',
        )  # fmt: skip
    return host.built


def earlier(scenario: Scenario, rom: Rom, tell: Progress = quiet) -> Earlier:
    """Let everyone run the ROM who did before this run. Raises FwsimError as ``add_host`` does."""
    found = Earlier()
    if scenario.host.post:
        tell("POST on the host", None)
        add_own(found, scenario, left_by_host(scenario))
    for who in parties(scenario):
        tell(f"POST on the {who}", None)
        if who == "host":
            own = host_of(scenario, calls="host" in scenario.rom.before)
            add_host(found, scenario, rom, begin(assemble(own, rom)))
        else:
            add_guest(found, scenario, begin(_assembled(scenario, rom, found, scenario.host.device_id, None)))
    return found


class Run(PcRun):
    """A run of ``made``, step by step: ``sessions`` runs its code, its pictures go to ``out`` (None: nowhere).

    ``ending`` is how init ended, None before it was called.
    """

    def __init__(self, made: Assembled, sessions: Sessions = Session, out: RunDir | None = None) -> None:
        self.made = made
        self.scenario, self.rom, self.built = made.scenario, made.rom, made.built
        self.session = sessions(made.built)
        self.ending: Ending | None = None
        self._out = out
        self.caller = Caller(self.built, self.session, self.scenario, out)

    @cached_property
    def code(self) -> bytes:
        """What the firmware copies to C0000, empty where it finds no ROM for the device. Raises as ``matched`` does."""
        return self.matched.code or b""

    @cached_property
    def matched(self) -> Matched:
        """What the firmware makes of the ROM. Raises FwsimError where it has no legacy image."""
        return match(self.scenario, self.made.offered, self.rom, self.made.igd)

    # --- the steps -------------------------------------------------------------------------------------------------
    def post(self) -> Ending:
        """The firmware's way with the ROM: ``copy`` and ``init``."""
        return self.copy() or self.init()

    def copy(self) -> Ending | None:
        """Judge the ROM and copy it to C0000; the end, where it is refused or the hypervisor never starts the guest."""
        built, machine = self.built, self.built.machine
        if built.given.aborted:
            words = "; ".join(filter(None, (built.given.error, built.given.aborted)))
            self.ending = self.session.slices.ended = Ending("aborted", 0, 0, words)
            return self.ending
        _note_patch(built, self.made.offered)
        why = self._refused() if self.code else ""
        if why or not self.code or built.placed.boot != "ok":
            reason = why or self.matched.why
            reason = reason if built.placed.boot == "ok" else f"the firmware stopped: {built.placed.boot}"
            self.ending = self.session.slices.ended = Ending("error", 0, 0, reason)
            return self.ending
        machine.ram.write(ROM_BASE, self.code)
        machine.engine.flush_code()
        return None

    def _refused(self) -> str:
        """Why the caller whose turn it is does not run the ROM; "" where it does."""
        caller = self.session.contract.caller
        why = refusal(self.code, caller.enforces and self.scenario.rom.checksum == "enforce")
        return f"{caller.title} refuses the ROM: {why}" if why else ""

    def init(self) -> Ending:
        """Each of the ROM's callers calls its init in turn, the last one ``rom.posts`` times, or until it does not
        return. A caller that gives the ROM up goes on to the next.
        """
        for caller in self.session.callers[:-1]:
            self.ending = self.session.call_init(self.scenario.guest.devfn)
            what = self.session.contract.halted or f"{self.ending.reason} {self.ending.detail}".rstrip()
            self.built.log.append(f"{caller.title}: {what}: {lights(self.built)}")
            if self.session.gave_up:
                self.session.slices.ended = None
            elif self.ending.reason != "completed":
                return self.ending
            self.session.next_caller()
            if ended := self.copy():
                return ended
        return self._last_init()

    def _last_init(self) -> Ending:
        built, choice, devfn = self.built, self.scenario.rom, self.scenario.guest.devfn
        if choice.coreboot_table:
            put_table(built)
        self.ending = self.session.call_init(devfn)
        if choice.posts > 1:
            built.log.append(f"POST 1: {lights(built)}")
        for number in range(2, choice.posts + 1):
            if self.ending.reason != "completed":
                break
            if choice.reset == "flr" and built.machine.igd:
                reset_display(built.machine)
                built.log.append(f"FLR: {lights(built)}")
            self.ending = self.session.call_init(devfn)
            built.log.append(f"POST {number}: {lights(built)}")
        return self.ending

    def calls(self, tell: Progress = quiet, *, past_end: bool = True) -> None:
        """Make the scenario's calls, where init returned.

        ``past_end``: also those behind one that does not return, which fail.
        """
        if self.ending is None or self.ending.reason != "completed":
            return
        for number, call in enumerate(self.scenario.call):
            tell("running", (1 + number) / (1 + len(self.scenario.call)))
            self.caller.make(call)
            if self.session.slices.ended and not past_end:
                return

    def boot(self) -> None:
        """Start the payload's boot sector, where everything before it returned; what it shows is photographed."""
        floppy = self.scenario.payload.floppy
        ended = self.session.slices.ended
        if floppy and ended is None and self.ending is not None and self.ending.reason == "completed":
            with self.caller.watching(self.session.slices), looked_at(self.built.machine, self.caller):
                self.session.boot(Diskette(Path(floppy).read_bytes()))

    def pictures(self) -> None:
        """Take the last picture, and let the host's kernel tell of the last DMA faults."""
        self.caller.finish()

    def summary(self) -> Summary:
        """What came of it all, with its checks, but for the wall clock."""
        driver = driver_summary(self.scenario, self.built)
        ending = self.session.slices.ended or Ending("completed")
        summary = summarize(self.scenario, self.rom, self.built, self.session, ending)
        summary.calls, summary.display = self.caller.calls, self.caller.screens
        summary.driver = driver
        summary.rom.taken, summary.rom.how = self.matched.code is not None, self.matched.why
        summary.checks = check(self.scenario, summary, self.built.placed.behind_bar)
        return summary

    def back(self, snapshot: Snapshot, scenario: Scenario) -> None:
        """Go back to ``snapshot``, taken between two steps; then the calls and the payload are ``scenario``'s.

        In everything that makes the machine it is the run's own.
        """
        self.session.slices.restore(snapshot)
        self.scenario = scenario
        self.caller = Caller(self.built, self.session, scenario, self._out)

    @property
    def stopped(self) -> Ending | None:
        """How init, or the last call, ended."""
        return self.session.slices.ended or self.ending

    def shadow(self) -> bytes:
        """What lies at C0000 now: as much as was copied there, or as the file has."""
        return self.built.machine.ram.read(ROM_BASE, max(len(self.code), file_extent(self.rom)))


def _note_patch(built: Built, offered: Offer) -> None:
    """An event for the shadow patch: the variable it cleared and what it held, or that it found none."""
    if offered.change is None:
        return
    found = offered.change.offset is not None
    address, held = (ROM_BASE + (offered.change.offset or 0), offered.change.held) if found else (0, 0)
    time_ns = int(built.machine.root[R_TIME])
    flag = Flag.REWRITTEN if found else Flag.UNHANDLED
    built.machine.recorder.append((time_ns, 0, address, 0, held, 0, flag, Actor.HYPERVISOR, Space.MEMORY, Op.NOTE, 4))
