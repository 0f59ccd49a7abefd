"""The memory-mapped configuration window of a q35 beside CF8 and CFC: the same answers, wherever the guest puts it."""

import pytest
from config_code import cf8_read, cf8_write, configured, window_read, window_write
from flat import GDT, le, unreal

from fwsim.devices.pci import EXPRESS

Q35 = '[guest]\nmachine = "q35"\n[hypervisor]\nkind = "ranged"\n'
BASE, IGD, APERTURE = 0xB0000000, 0x10 << 12, 0xE0000000
IDS = (0x0126 << 16 | 0x8086).to_bytes(4, "little")
ONES = b"\xff" * 4
MIB = 1 << 20


def run(rig, code: str, toml: str = Q35, memory: dict[int, bytes] | None = None):
    made = rig(unreal(code + "cb"), toml, memory=GDT | (memory or {}))
    made.machine.pci.set(made.machine.pci.slot(0), 0xD0, 4, 0x11223344, 0xFFFFFFFF)
    assert made.post().reason == "completed"
    return made


PLACES = [(0x10, 0, 4), (0x10, 2, 2), (0x10, 3, 1), (0x10, 0x5C, 4), (0x10, 0x5E, 2), (0, 0, 4), (0xF8, 0xE, 1),
          (0x38, 0, 4), (0x38, 0, 2), (0x110, 0, 4)]  # fmt: skip


def test_reads_by_either_mechanism_are_equal_answers_and_equal_events(rig):
    """Present, absent and emulated registers, in every width and lane."""
    made = run(rig, "".join(cf8_read(*at) + window_read(BASE + (at[0] << 12 | at[1]), at[2]) for at in PLACES))
    rows = configured(made)
    assert rows[::2] == rows[1::2]
    assert [row[1:3] for row in rows[::2]] == [(width, bdf << 12 | offset) for bdf, offset, width in PLACES]
    assert rows[0][3] == int.from_bytes(IDS, "little")
    assert [row[3] for row in rows[14::2]] == [0xFFFFFFFF, 0xFFFF, 0xFFFFFFFF]
    assert rows[6][5] == rows[8][5] == 2


def test_writes_by_either_mechanism_do_and_record_the_same(rig):
    writes = [(0, 0xD0, 4, 0xAABBCCDD), (0, 0xD2, 2, 0x1234), (0, 0xD1, 1, 0x77), (0x38, 0, 4, 5), (0x10, 0, 4, 9),
              (0x10, 0x5C, 4, 0x7D000001)]  # fmt: skip
    by_port = run(rig, "".join(cf8_write(*at) for at in writes))
    by_window = run(
        rig, "".join(window_write(BASE + (bdf << 12 | offset), width, value) for bdf, offset, width, value in writes)
    )
    assert configured(by_port) == configured(by_window)
    for made in (by_port, by_window):
        pci = made.machine.pci
        assert pci.get(pci.slot(0), 0xD0, 4) == 0x123477DD
        assert pci.seen_by_guest(pci.slot(0x10), 0x5C, 4) == 0x7D000001


def test_an_access_bears_the_address_of_its_instruction(rig):
    made = run(rig, window_read(BASE, 4) + window_write(BASE + 0xD0, 1, 5))
    rows = made.events()
    rows = rows[(rows["space"] == 2) & (rows["actor"] == 0)]
    assert [(int(row["cs"]), int(row["ip"])) for row in rows] == [(0xC000, 0x136), (0xC000, 0x146)]


def test_the_window_reaches_all_4_kib_and_cf8_only_256_bytes(rig):
    code = window_write(BASE + IGD + 0xFFC, 4, 0xCAFE) + window_read(BASE + IGD + 0xFFE, 1)
    made = rig(unreal(code + "cb"), Q35, GDT)
    pci = made.machine.pci
    pci.set(pci.slot(0x10), EXPRESS - 4, 4, 0, 0xFFFF)
    made.post()
    assert pci.get(pci.slot(0x10), 0xFFC, 4) == 0xCAFE
    assert [row[2] for row in configured(made)] == [IGD | 0xFFC, IGD | 0xFFE]


def test_cf8_selects_nothing_by_bits_30_to_24(rig):
    code = "66b8 00 10 00 ff baf80c 66ef bafc0c 66ed"
    assert configured(run(rig, code)) == [(0, 4, IGD, 0x01268086, 0x01268086, 0)]


def test_misaligned_and_wide_configured(rig):
    """The engine splits what is misaligned: each part lies in one dword. Eight bytes (MOVQ) are two dwords."""
    made = run(rig, f"66be{le(BASE + IGD + 2)} 67668b06 66be{le(BASE + IGD)} 670f6f06 66be{le(BASE + 0xD0)} 670f7f06")
    rows = configured(made)
    pci = made.machine.pci
    command = pci.seen_by_guest(pci.slot(0x10), 4, 4)
    assert made.machine.engine.get("eax") == 0x0126 | (command & 0xFFFF) << 16
    assert all((address & 3) + width <= 4 for _, width, address, *_ in rows)
    assert [row[:4] for row in rows[-4:]] == [
        (0, 4, IGD, 0x01268086), (0, 4, IGD | 4, command), (1, 4, 0xD0, 0x01268086), (1, 4, 0xD4, command),
    ]  # fmt: skip
    assert pci.get(pci.slot(0), 0xD0, 4) == 0x01268086


@pytest.mark.parametrize("by_window", [False, True], ids=["by CF8", "by the window itself"])
def test_the_window_is_moved(rig, by_window):
    move = window_write(BASE + 0x60, 4, 0xC0000001) if by_window else cf8_write(0, 0x60, 4, 0xC0000001)
    made = run(rig, move + window_read(0xC0000000 + IGD, 4) + window_read(BASE + IGD, 4))
    assert configured(made)[1:] == [(0, 4, IGD, 0x01268086, 0x01268086, 0)]
    assert made.machine.engine.get("eax") == 0xFFFFFFFF
    assert made.machine.engine.read(0xC0000000 + IGD, 4) == IDS


@pytest.mark.parametrize("by_window", [False, True], ids=["by CF8", "by the window itself"])
def test_the_window_is_disabled_and_enabled(rig, by_window):
    write = window_write(BASE + 0x60, 4, 0xB0000000) if by_window else cf8_write(0, 0x60, 4, 0xB0000000)
    made = run(rig, write + window_read(BASE + IGD, 4) + cf8_read(0, 0x60, 4))
    assert [row[2:4] for row in configured(made)] == [(0x60, 0xB0000000), (0x60, 0xB0000000)]
    assert made.machine.engine.read(BASE + IGD, 4) == ONES
    made = run(rig, cf8_write(0, 0x60, 1, 0) + cf8_write(0, 0x60, 1, 1) + window_read(BASE + IGD, 4))
    assert made.machine.engine.get("eax") == 0x01268086


@pytest.mark.parametrize(("length", "buses"), [(0, 256), (1, 128), (2, 64)])
def test_a_shorter_window_shows_fewer_buses(rig, length, buses):
    """64, 128 and 256 MiB are so many buses of 1 MiB (PCI Firmware Specification 3.0, 4.1.2)."""
    made = run(rig, cf8_write(0, 0x60, 4, BASE | length << 1 | 1))
    engine, recorder = made.machine.engine, made.machine.recorder
    assert engine.read(BASE + IGD, 4) == IDS
    for number in (0, 63, 64, 127, 128, 255):
        before = recorder.count
        assert engine.read(BASE + number * MIB + 0x38000, 4) == ONES
        assert recorder.count - before == (number < buses)


@pytest.mark.parametrize(
    ("value", "base"),
    [
        (0xBE000001, 0xB0000000),
        (0xBE000003, 0xB6000000),
        (0xBE000005, 0xB2000000),
        (0xBFFFFF01, 0xB0000000),
        (0xCFFFFFF9, 0xC0000000),
    ],
)
def test_which_bits_of_the_base_count(rig, value, base):
    """As QEMU's q35 counts them (hw/pci-host/q35.c): 35:28, for 128 MiB also 26:25, for 64 MiB also 25."""
    made = run(rig, cf8_write(0, 0x60, 4, value))
    assert made.machine.pci.ecam[0] == base
    assert made.machine.engine.read(base + IGD, 4) == IDS


def test_a_reserved_length_leaves_the_window(rig):
    made = run(rig, cf8_write(0, 0x60, 4, 0xC0000007) + cf8_read(0, 0x60, 4))
    assert made.machine.engine.read(BASE + IGD, 4) == IDS
    assert made.machine.engine.read(0xC0000000 + IGD, 4) == ONES
    assert configured(made)[-1][3] == 0xC0000007


def test_a_window_above_4_gib(rig):
    """Over RAM that lies there, and beside it: 6 GiB are 2 below and 4 above 4 GiB on a q35."""
    toml = Q35.replace("[hyper", 'ram = "6G"\n[hyper')
    made = run(rig, cf8_write(0, 0x60, 4, 1) + cf8_write(0, 0x64, 4, 1), toml)
    engine = made.machine.engine
    assert made.machine.pci.ecam == (1 << 32, 256 * MIB)
    assert engine.read((1 << 32) + IGD, 4) == IDS
    made.machine.pci.write(made.machine.root, 0, 0x64, 4, 8)
    assert engine.read((8 << 32) + IGD, 4) == IDS
    engine.write((1 << 32) + IGD, b"high")
    assert made.machine.ram.read(made.machine.low + IGD, 4) == b"high"
    made.machine.pci.write(made.machine.root, 0, 0x64, 4, 0)
    assert engine.read((1 << 32) + 0x10000000, 4) == bytes(4)


def test_the_window_covers_ram_and_gives_it_back(rig):
    """As in QEMU, where it is added later than RAM at the same priority."""
    place = 0x10000000
    made = run(rig, cf8_write(0, 0x60, 4, place | 1) + window_read(place + IGD, 4),
               memory={place + IGD: b"RAM!", place - 4: b"Side"})  # fmt: skip
    engine = made.machine.engine
    assert engine.get("eax") == 0x01268086
    assert engine.read(place - 4, 4) == b"Side"
    made.machine.pci.write(made.machine.root, 0, 0x60, 4, BASE | 1)
    assert engine.read(place + IGD, 4) == b"RAM!"
    engine.write(place + IGD, b"more")
    assert made.machine.ram.read(place + IGD, 4) == b"more"
    assert engine.read(BASE + IGD, 4) == IDS


def test_the_window_covers_bars_and_gives_them_back(rig):
    """As in QEMU: the PCI address space has priority -1. The aperture and BAR0 answer again when it has gone."""
    made = run(rig, "")
    machine = made.machine
    bars = {function.devfn: function for function in machine.functions}[0x10]
    mmio = machine.windows.bar_address(bars, bars.bars[0])
    assert machine.engine.read(mmio + 0x60000, 4) != ONES
    machine.pci.write(machine.root, 0, 0x60, 4, mmio & 0xF0000000 | 1)
    assert machine.engine.read((mmio & 0xF0000000) + IGD, 4) == IDS
    assert machine.engine.read(mmio + 0x60000, 4) == ONES
    machine.pci.write(machine.root, 0, 0x60, 4, BASE | 1)
    assert machine.engine.read(mmio + 0x60000, 4) != ONES


def test_a_bar_put_over_the_window_stays_below_it(rig):
    made = run(rig, cf8_write(0x10, 0x10, 4, BASE) + window_read(BASE + IGD, 4))
    assert made.machine.engine.get("eax") == 0x01268086
    made.machine.pci.write(made.machine.root, 0, 0x60, 4, 0xC0000001)
    made.machine.engine.write(BASE + 0x60000, b"\x12\x34\x56\x07")
    assert made.machine.igd.register(0x60000) == 0x07563412


def test_a_window_at_0_does_not_take_the_memory_of_the_code(rig):
    made = run(rig, cf8_write(0, 0x60, 4, 1))
    assert made.machine.engine.read(BASE + IGD, 4) == ONES


def test_pc_has_no_window(rig):
    made = run(rig, cf8_write(0, 0x60, 4, 0xC0000001), '[hypervisor]\nkind = "ranged"\n')
    assert made.machine.engine.read(0xC0000000 + IGD, 4) == ONES
    assert made.machine.engine.read(BASE + IGD, 4) == ONES


def test_a_snapshot_keeps_where_the_window_is(rig):
    """Also after a reserved length: the register alone does not say it."""
    made = run(rig, cf8_write(0, 0x60, 4, 0xC0000001) + cf8_write(0, 0x60, 4, 0xD0000007))
    machine = made.machine
    taken = made.session.slices.snapshot()
    machine.pci.write(machine.root, 0, 0x60, 4, BASE | 1)
    assert machine.engine.read(BASE + IGD, 4) == IDS
    made.session.slices.restore(taken)
    assert machine.engine.read(0xC0000000 + IGD, 4) == IDS
    assert machine.engine.read(BASE + IGD, 4) == ONES
    assert machine.pci.get(machine.pci.slot(0), 0x60, 4) == 0xD0000007
