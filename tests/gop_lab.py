"""Intel's own GOP drivers, by what their setting is; a run of one can have one thing changed. All from $FWSIM_ROMS."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from real_files import by_hash

from fwsim.devices.edid import default_edid
from fwsim.devices.igd.layout import G_OVERLAY_COUNT, G_OVERLAYS
from fwsim.machine.build import build, vbt_of
from fwsim.native import address_of
from fwsim.rom.chain import load
from fwsim.running.base import Assembled
from fwsim.running.option_rom import offer
from fwsim.running.uefi import UefiRun
from fwsim.scenario.model import Budget, Display, Firmware, Guest, Host, Hypervisor, Rom, Scenario
from fwsim.trace.event import Op, Space

DRIVERS = {
    "kbl": ("42ffdfc2f732", "kabylake", 0x5917, 0x9D4E),
    "cml": ("4593b31bcac5", "cometlake", 0x9B41, 0x0284),
    "apl": ("52ad60291926", "apollolake", 0x5A84, 0x5AE8),
    "glk": ("5f675d8cc45b", "geminilake", 0x3185, 0x31E8),
}
"""SHA-256's beginning, host.cpu, and the ids of 00:02.0 and 00:1f.0 that the prototype had."""
VBTS = {
    "eve": "6bad9186197b", "fizz": "6448489f58ff", "karma": "a4275f4db251", "nami": "55f27868220f",
    "kohaku": "6f2357a680d4", "dratini": "07118a232969", "drallion": "48c6ae4b3422", "puff": "cb8b13382719",
    "reef": "f7c23858a90d", "babymega": "19fe3738d0d8", "meep": "86350b290ad4", "dorp": "98e7955e905b",
    "apl-dp-hdmi-b": "ae29dcb548b2", "apl-hdmi-c": "d0080f54d1e7",
}  # fmt: skip
"""coreboot's data.vbt of a board, by SHA-256's beginning; the last two are of boards that nobody named."""
EDP = {"kbl": "eve", "cml": "kohaku", "apl": "reef", "glk": "meep"}
"""The board whose panel a driver is tried with."""
_FHD = bytes.fromhex("023a801871382d40582c450010090000001e")
"""1920x1080 at 60 Hz, 148.5 MHz (CTA-861, VIC 16)."""


def found(prefix):
    """The file whose SHA-256 begins so; skips where there is none."""
    files = by_hash(os.environ.get("FWSIM_ROMS", ""))
    path = next((path for digest, path in files.items() if digest.startswith(prefix)), None)
    return path or pytest.skip(f"no file with sha256 {prefix}... under $FWSIM_ROMS")


def _summed(block):
    return block[:-1] + bytes((-sum(block[:-1]) & 0xFF,))


def full_hd(*, blocks=1):
    """Our monitor with a preferred timing of 1920x1080, and an empty CTA-861 extension behind it where wanted."""
    edid = bytearray(default_edid())
    edid[0x36:0x48] = _FHD
    edid[126] = blocks - 1
    return _summed(bytes(edid)) + (_summed(bytes((2, 3, 4)) + bytes(125)) if blocks > 1 else b"")


@dataclass
class Lab:
    """``driver`` on the device, with ``board``'s VBT and displays on ``ports``.

    ``without``: behaviours that are left out. ``pinned``: (offset, mask, value) of BAR0 dwords, which read so whatever
    the device does. ``reset``: offset to the value that firmware left. ``config``: offset to (width, value) of the
    device's configuration space. ``vbt``: in place of the board's. ``link``: fields of each display.
    """

    driver: str
    board: str
    ports: tuple[str, ...] = ("edp",)
    without: tuple[str, ...] = ()
    pinned: tuple[tuple[int, int, int], ...] = ()
    reset: dict[int, int] = field(default_factory=dict)
    config: dict[int, tuple[int, int]] = field(default_factory=dict)
    host: dict[str, int] = field(default_factory=dict)
    link: dict[str, int] = field(default_factory=dict)
    hypervisor: dict[str, str] = field(default_factory=dict)
    machine: str = "pc"
    options: dict[str, str] = field(default_factory=dict)
    vbt: bytes | None = None
    edid: Path | None = None

    def __post_init__(self):
        rom = load(str(found(DRIVERS[self.driver][0])))
        scenario = self._scenario(str(rom.path))
        offered = offer(scenario, rom, scenario.host.device_id, None)
        built = build(scenario, rom, offered.image, None, without=frozenset(self.without), mode="long")
        self._change(built.machine)
        vbt = vbt_of(scenario, rom) if self.vbt is None else self.vbt
        self.run = UefiRun(Assembled(scenario, rom, offered, built, None, scenario.host.device_id, vbt))
        self.igd = built.machine.igd
        self.run.post()
        self.start = self.run.drivers[0].start
        self.started_ns = int(self.run.summary().virtual_ns)
        events = built.machine.recorder.tail(1 << 22).copy()
        self.mmio = events[events["space"] == Space.MMIO]
        self.run.calls()
        self.run.pictures()
        self.summary = self.run.summary()
        events = built.machine.recorder.tail(1 << 22).copy()
        self.events = events
        self.run.close()

    def _scenario(self, rom):
        _, cpu, device, lpc = DRIVERS[self.driver]
        host = {"device_id": device, "lpc_id": lpc, "vbt": str(found(VBTS[self.board]))} | self.host
        shown = {"edid": str(self.edid or "")} | self.link
        return Scenario(
            host=Host(cpu=cpu, **host), guest=Guest(machine=self.machine),
            hypervisor=Hypervisor(kind="qemu", profile="10.2", **{"lpc": "on"} | self.hypervisor),
            firmware=Firmware(kind="ovmf", options=self.options), rom=Rom(file=rom),
            display=tuple(Display(port=port, **shown) for port in self.ports),
            budget=Budget(time_ns=20_000_000_000, events=4_000_000),
        )  # fmt: skip

    def _change(self, machine):
        igd = machine.igd
        igd.at_reset |= {at >> 2: value for at, value in self.reset.items()}
        for at, value in self.reset.items():
            igd.mmio[at >> 2] = value
        slot = next(each.slot for each in machine.functions if each.devfn == 0x10)
        for at, (width, value) in self.config.items():
            machine.pci.set(slot, at, width, value)
        self._answers = np.array([value for _, _, value in self.pinned], np.uint32)
        rows = [(at, mask, self._answers.ctypes.data + 4 * n, 0) for n, (at, mask, _) in enumerate(self.pinned)]
        if rows:
            machine.overlays = np.concatenate((machine.overlays, np.array(rows, np.uint64)))
            igd.block[G_OVERLAYS] = address_of(machine.overlays)
            igd.block[G_OVERLAY_COUNT] = len(machine.overlays)

    # --- what came of it -------------------------------------------------------------------------------------------
    @property
    def reason(self):
        """How it ended."""
        return self.summary.stop.reason

    @property
    def child(self):
        """Whether a GraphicsOutput is there."""
        return self.summary.efi.gop is not None

    @property
    def whole(self):
        """Whether each mode was set, and each picture has the mode's size, every page, and more than one colour."""
        gop, screens = self.summary.efi.gop, self.summary.display
        return (
            gop is not None
            and [mode.set for mode in gop.modes] == ["SUCCESS"] * len(screens)
            and all((each.width, each.height) == each.wanted for each in screens)
            and all(each.unreadable_pages == 0 and each.drawn and not each.flat for each in screens)
        )

    @property
    def outcome(self):
        """What a table of results says: the status of Start, or how it ended; and what is to be seen."""
        if self.reason != "completed":
            return self.reason
        seen = "whole" if self.whole else "GOP" if self.child else "no child"
        return self.start if self.start != "SUCCESS" else seen

    def written(self, at):
        """Every value written to a dword of BAR0."""
        mine = (self.events["space"] == Space.MMIO) & (self.events["op"] == Op.WRITE)
        return self.events[mine & (self.events["address"] == at)]["value"].tolist()

    def reads(self, at):
        """How often a dword of BAR0 was read."""
        mine = (self.events["space"] == Space.MMIO) & (self.events["op"] == Op.READ)
        return int((self.events["address"][mine] == at).sum())
