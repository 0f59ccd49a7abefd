"""Our boot sector takes vertical blanks of the IGD, by pin and by message, under each kind of hypervisor."""

import itertools
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import load
from fwsim.trace.event import GSI, IRQ, PIN, Actor, Op, Space

ROMS = Path(__file__).resolve().parents[2] / "roms"
PROGRAMS = ("pic", "storm", "route", "ioapic", "msi")
KINDS = {
    "none": {}, "ranged": {}, "qemu": {}, "qemu 9.1": {"profile": "9.1"}, "vpci": {},
    "xen": {}, "q35": {"kind": "qemu", "machine": "q35"},
}  # fmt: skip
HOLDS = ("qemu", "qemu 9.1", "q35", "xen")
"""Kinds that mask the pin until the guest's end of interrupt."""
FRAME_US = 16_667


def scenario_text(program, kind="qemu", profile="", machine="pc", **host):
    lines = [f"[rom]\nfile = '{ROMS / 'igd-vbios.rom'}'\n[payload]\nfloppy = '{ROMS / f'vblank-{program}.img'}'"]
    lines.append(f'[hypervisor]\nkind = "{kind}"\nprofile = "{profile}"\n[guest]\nmachine = "{machine}"')
    if kind == "xen":
        lines.append('[firmware]\nkind = "hvmloader"')
    lines.append("[host]\n" + "\n".join(f"{name} = {value}" for name, value in host.items()))
    return "\n".join(lines)


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Runs a program under a kind, once: the summary, the events of the space interrupt, the three words it left."""

    @cache
    def ran(program, kind="qemu"):
        folder = tmp_path_factory.mktemp("vblank")
        choice = {"kind": kind.partition(" ")[0]} | KINDS[kind]
        file = folder / "s.toml"
        file.write_text(scenario_text(program, **choice))
        out = RunDir.create(folder / "run")
        summary = run(load(file), out)
        events = np.load(out.path / "events.npy")
        return summary, events[events["space"] == Space.INTERRUPT]

    return ran


def steps(events):
    """The wires' events in short, the timer's left out: who, what, wire, value."""
    mine = [each for each in events if int(each["address"]) not in (0x08, 0x1C, 0x10)]
    return [(Actor(int(e["actor"])), Op(int(e["op"])), int(e["address"]), int(e["value"])) for e in mine]


@pytest.mark.parametrize("program", PROGRAMS)
def test_nasm_gives_the_committed_program(require_program, tmp_path, program):
    nasm = require_program("nasm", "nasm")
    out = tmp_path / "program.img"
    options = ["-Werror", "-f", "bin", f"-DBY={program.upper()}", "-o", str(out)]
    subprocess.run([nasm, *options, "vblank-irq.asm"], cwd=ROMS / "src" / "payload", check=True)
    assert out.read_bytes() == (ROMS / f"vblank-{program}.img").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("program", ["pic", "ioapic"])
def test_eight_blanks_by_the_pin(programs, program, kind):
    summary, events = programs(program, kind)
    assert (summary.stop.reason, "done" in summary.firmware.log[-1]) == ("completed", True)
    found = summary.interrupts
    assert (found.kind, found.fired, found.injected, found.lost) == ("intx", 8, 8, {})
    assert found.unmasked == (8 if kind in HOLDS else 0)
    taken = events[(events["address"] == 0x73) & (events["actor"] == Actor.DEVICE)]["time_ns"] // 1000
    assert len(taken) == 8
    gaps = [int(after - before) for before, after in itertools.pairwise(taken)]
    assert all(abs(gap - FRAME_US) < 100 for gap in gaps)


@pytest.mark.parametrize("kind", KINDS)
def test_eight_blanks_by_message(programs, kind):
    summary, events = programs("msi", kind)
    found = summary.interrupts
    assert (found.kind, found.fired, found.injected, found.unmasked, found.lost) == ("msi", 8, 8, 0, {})
    messages = events[events["address"] == 0xFEE00000]
    assert messages["value"].tolist() == [0x73] * 8
    assert not (events["address"] == IRQ + 11).any()


def test_vfio_masks_at_once_and_unmasks_at_the_guests_eoi(programs):
    """One interrupt, step by step (Linux vfio_pci_intrs.c; KVM's resampling irqfd)."""
    _, events = programs("pic")
    pin, irq = PIN + 1, IRQ + 11
    assert steps(events)[:8] == [
        (Actor.DEVICE, Op.WRITE, pin, 1),
        (Actor.HYPERVISOR, Op.NOTE, pin, 1),
        (Actor.HYPERVISOR, Op.WRITE, irq, 1),
        (Actor.DEVICE, Op.CALL, 0x73, 0),
        (Actor.DEVICE, Op.WRITE, pin, 0),
        (Actor.ROM, Op.NOTE, irq, 0),
        (Actor.HYPERVISOR, Op.WRITE, irq, 0),
        (Actor.HYPERVISOR, Op.NOTE, pin, 0),
    ]


def test_the_io_apics_pin_of_a_q35_is_22(programs):
    """Slot 2, INTA: PIRQG (QEMU hw/isa/lpc_ich9.c), and the end comes by it."""
    _, events = programs("ioapic", "q35")
    assert (Actor.ROM, Op.NOTE, GSI + 22, 0) in steps(events)


def test_a_storm_without_eoi_is_held_to_one(programs):
    summary, events = programs("storm")
    found = summary.interrupts
    assert (found.fired, found.injected, found.unmasked) == (1, 1, 0)
    assert found.held > 100  # two seconds of blanks
    (reason,) = found.lost
    assert reason == "IRQ 11 is in service: its handler wrote no EOI"
    (check,) = [check for check in summary.checks if check.id == "interrupts"]
    assert not check.ok
    assert reason in check.detail
    assert ((events["address"] == 0x73) & (events["actor"] == Actor.DEVICE)).sum() == 1


def test_the_irq_follows_the_guests_routing(programs):
    """Half way the guest sends the pin from IRQ 11 to IRQ 10."""
    summary, events = programs("route")
    vectors = [step[2] for step in steps(events) if step[1] == Op.CALL]
    assert vectors == [0x73] * 4 + [0x72] * 4
    assert summary.interrupts.unmasked == 8


def test_a_shared_line_without_disintx_refuses_the_device(tmp_path):
    """Linux kernel/irq/manage.c, __setup_irq: a handler without IRQF_SHARED gets EBUSY; QEMU's words."""
    for host, refused in (
        ({"disintx": "false", "intx_shared": '"ehci_hcd:usb1"'}, True),
        ({"disintx": "false"}, False), ({"intx_shared": '"ehci_hcd:usb1"'}, False),
    ):  # fmt: skip
        file = tmp_path / "s.toml"
        file.write_text(scenario_text("pic", **host))
        out = RunDir.create(tmp_path / "run", force=True)
        if not refused:
            assert run(load(file), out).interrupts.unmasked == 8
            continue
        with pytest.raises(FwsimError) as caught:
            run(load(file), out)
        assert (caught.value.where, "ehci_hcd:usb1" in caught.value.hint) == ("host.disintx", True)
        assert caught.value.found == (
            "vfio 0000:00:02.0: Failed to set up TRIGGER eventfd signaling for interrupt INTX-0: "
            "VFIO_DEVICE_SET_IRQS failure: Device or resource busy"
        )
