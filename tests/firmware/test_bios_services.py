"""BIOS services as a ROM calls them: registers out, flags on the stack, events, and device memory reached."""

from pathlib import Path

import pytest
from handmade import rom

from fwsim.environment.bios.session import Session
from fwsim.machine.build import build
from fwsim.native import R_TIME
from fwsim.rom.chain import load_bytes
from fwsim.scenario.load import loads
from fwsim.trace.event import Actor, Flag, Op, Space

CARRY, ZERO = 1, 0x40
MIB = 1 << 20


class Guest:
    """A machine whose BIOS is called from outside."""

    def __init__(self, toml: str = "") -> None:
        image = rom(b"\xcb")
        self.built = build(loads(toml), load_bytes(image, Path("x.rom")), image, None)
        self.session = Session(self.built)
        self.machine = self.built.machine
        self.cpu = self.machine.engine

    def call(self, vector: int, **registers: int) -> int:
        """Make the call; returns the flags it came back with."""
        assert self.session.interrupt(vector, registers).reason == "completed"
        return self.cpu.get("eflags")

    def get(self, *names: str) -> list[int]:
        return [self.cpu.get(name) for name in names]

    def firmware_events(self, space: int):
        rows = self.machine.recorder.read(0, self.machine.recorder.count)
        return rows[(rows["actor"] == Actor.FIRMWARE) & (rows["space"] == space)]


@pytest.fixture
def guest(request):
    def make(toml: str = "") -> Guest:
        made = Guest(toml)
        request.addfinalizer(made.machine.recorder.close)
        return made

    return make


# --- memory ----------------------------------------------------------------------------------------------------------
def e820(g: Guest):
    """(start, size, type) as the calls give them, at most 32."""
    rows, following = [], 0
    for _ in range(32):
        flags = g.call(0x15, eax=0xE820, ebx=following, ecx=20, edx=0x534D4150, es=0x1000, di=0)
        assert not flags & CARRY
        assert g.get("eax", "ecx") == [0x534D4150, 20]
        raw = g.machine.ram.read(0x10000, 20)
        rows.append(tuple(int.from_bytes(raw[a:b], "little") for a, b in ((0, 8), (8, 16), (16, 20))))
        following = g.cpu.get("ebx")
        if not following:
            break
    return rows


def test_e820_gives_every_range_once_and_ends(guest):
    g = guest()
    rows = e820(g)
    assert rows[0] == (0, 0x9FC00, 1)
    assert rows == g.built.placed.e820_entries


def test_e820_refuses_without_its_signature(guest):
    g = guest()
    assert g.call(0x15, eax=0xE820, ebx=0, ecx=20, edx=0) & CARRY
    assert g.cpu.get("ah") == 0x86


@pytest.mark.parametrize(("ram", "kept", "most"), [("64M", 3, 62), ("2G", 3, 63)])
def test_sizes(guest, ram, kept, most):
    """E801: KiB from 1 to 16 MiB, 64 KiB blocks above, up to the end of the last RAM in e820: the firmware's tables are
    above it, in 192 KiB. 88h at most 63 MiB; INT 12h 639.
    """
    g = guest(f'[guest]\nram = "{ram}"\n')
    blocks = (g.machine.low >> 16) - 256 - kept
    g.call(0x15, ax=0xE801)
    assert g.get("ax", "bx", "cx", "dx") == [15360, blocks, 15360, blocks]
    g.call(0x15, ax=0x8800)
    assert g.cpu.get("ax") >> 10 == most
    g.call(0x12)
    assert g.cpu.get("ax") == 639


def move(g: Guest, source: int, target: int, words: int) -> int:
    """INT 15h AH=87h with the table at 1000:0000 (descriptors 2 and 3: limit, base 23:0, rights, base 31:24)."""
    table = bytearray(0x30)
    for at, base in ((0x10, source), (0x18, target)):
        table[at : at + 8] = b"\xff\xff" + base.to_bytes(4, "little")[:3] + b"\x93\x00" + bytes((base >> 24,))
    g.machine.ram.write(0x10000, bytes(table))
    return g.call(0x15, ax=0x8700, cx=words, es=0x1000, si=0)


def test_move_block_in_ram(guest):
    g = guest()
    g.machine.ram.write(0x20000, b"moved up and down!")
    assert not move(g, 0x20000, 16 * MIB, 9) & CARRY
    assert g.machine.ram.read(16 * MIB, 18) == b"moved up and down!"
    move(g, 16 * MIB, 0x30000, 9)
    assert g.machine.ram.read(0x30000, 18) == b"moved up and down!"
    assert g.cpu.get("ah") == 0


def test_move_block_reaches_video_memory(guest):
    """A linear frame buffer at a BAR, both ways: SeaBIOS's VGA ROMs draw by it."""
    g = guest('[host]\nvga = "stdvga"\n')
    base = 0xFD000000
    assert base in g.built.placed.bars.values()
    g.machine.ram.write(0x20000, bytes(range(64)))
    move(g, 0x20000, base + 0x1000, 32)
    assert g.machine.vga.vram[0x1000:0x1040].tobytes() == bytes(range(64))
    move(g, base + 0x1000, 0x30000, 32)
    assert g.machine.ram.read(0x30000, 64) == bytes(range(64))


def test_move_block_reaches_igd_registers_and_records_them(guest):
    g = guest('[host]\nvga = "igd"\n')
    g.machine.ram.write(0x20000, (0x07FF03FF).to_bytes(4, "little"))
    move(g, 0x20000, 0xFE400000 + 0x60000, 2)
    assert g.machine.igd.register(0x60000) == 0x07FF03FF
    (row,) = g.firmware_events(Space.MMIO)
    assert (int(row["address"]), int(row["value"]), int(row["op"]), int(row["cs"]), int(row["ip"])) == (
        0x60000,
        0x07FF03FF,
        1,
        0,
        0,
    )


def test_moved_code_runs_as_it_was_moved(guest):
    g = guest()
    g.machine.ram.write(0x80, bytes.fromhex("00000020"))  # INT 20h at 2000:0000
    g.machine.ram.write(0x20000, bytes.fromhex("b81111cf"))
    g.machine.ram.write(0x30000, bytes.fromhex("b82222cf"))
    g.call(0x20)
    assert g.cpu.get("ax") == 0x1111
    move(g, 0x30000, 0x20000, 2)
    g.call(0x20)
    assert g.cpu.get("ax") == 0x2222


# --- PCI -------------------------------------------------------------------------------------------------------------
def test_pci_bios_is_present(guest):
    g = guest()
    assert not g.call(0x1A, ax=0xB101) & CARRY
    assert g.get("edx", "bx", "cl") == [0x20494350, 0x0210, 0]
    assert g.cpu.get("ah") == 0


def test_find_by_id_and_by_class(guest):
    g = guest('[host]\nvga = "igd"\n')
    assert not g.call(0x1A, ax=0xB102, dx=0x8086, cx=0x0126, si=0) & CARRY
    assert g.cpu.get("bx") == 0x10
    assert g.call(0x1A, ax=0xB102, dx=0x8086, cx=0x0126, si=1) & CARRY
    assert g.cpu.get("ah") == 0x86
    assert not g.call(0x1A, ax=0xB103, ecx=0x030000, si=0) & CARRY
    assert g.cpu.get("bx") == 0x10
    asked = g.firmware_events(Space.PCI)
    assert 0x10008 in asked[asked["op"] == Op.READ]["address"].tolist()


@pytest.mark.parametrize(
    ("leaf", "width", "offset", "value"), [(0xB108, 1, 3, 0x01), (0xB109, 2, 2, 0x0126), (0xB10A, 4, 0, 0x01268086)]
)
def test_configuration_reads_are_the_firmwares(guest, leaf, width, offset, value):
    g = guest('[host]\nvga = "igd"\n')
    before = g.machine.recorder.count
    assert not g.call(0x1A, ax=leaf, bx=0x10, di=offset, ecx=0xFFFFFFFF) & CARRY
    assert g.cpu.get("ecx") & (1 << 8 * width) - 1 == value
    rows = g.machine.recorder.read(before, g.machine.recorder.count)
    (row,) = rows[rows["space"] == Space.PCI]
    assert [int(row[name]) for name in ("actor", "op", "width", "address", "value", "cs", "ip")] == [
        1,
        0,
        width,
        0x10000 | offset,
        value,
        0,
        0,
    ]


def test_configuration_writes_move_things(guest):
    g = guest('[host]\nvga = "igd"\n')
    assert not g.call(0x1A, ax=0xB10D, bx=0x10, di=0x10, ecx=0xC8000000) & CARRY
    assert g.machine.engine.read(0xC8060000, 4) != b"\xff" * 4
    assert not g.call(0x1A, ax=0xB10B, bx=0x10, di=0x3C, cx=0x0B) & CARRY
    g.call(0x1A, ax=0xB108, bx=0x10, di=0x3C)
    assert g.cpu.get("cl") == 0x0B


def test_absent_functions_and_bad_registers(guest):
    """All ones where nothing is; of a register's number CF8 takes no more than it holds."""
    g = guest()
    assert not g.call(0x1A, ax=0xB10A, bx=0x18, di=0) & CARRY
    assert g.cpu.get("ecx") == 0xFFFFFFFF
    assert not g.call(0x1A, ax=0xB10A, bx=0x00, di=0x302) & CARRY
    assert g.cpu.get("ecx") == 0x12378086


# --- the rest --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("vector", "ax", "ah", "carry"),
    [(0x15, 0x5F99, 0x86, 1), (0x1A, 0xB1FF, 0x81, 1), (0x1A, 0x7700, 0x77, 1), (0x16, 0x7700, 0x77, 0)],
)
def test_an_unknown_leaf_is_an_event_and_a_default_answer(guest, vector, ax, ah, carry):
    g = guest()
    assert g.call(vector, ax=ax) & CARRY == carry
    assert g.cpu.get("ah") == ah
    row = g.firmware_events(Space.INTERRUPT)[-1]
    assert (int(row["address"]), int(row["op"])) == (vector, Op.RETURN)
    assert int(row["flags"]) & Flag.UNHANDLED
    assert g.session.bios.unknown_leaves() == [(vector, ax, 1)]


def test_a_given_answer(guest):
    g = guest('[rom.int15]\n"5f34" = { ax = 0x005f, cx = 0x1234 }\n"5f40" = { ax = 0x015f, carry = 1 }\n')
    assert not g.call(0x15, ax=0x5F34) & CARRY
    assert g.get("ax", "cx") == [0x005F, 0x1234]
    assert g.call(0x15, ax=0x5F40) & CARRY
    assert g.session.bios.unknown_leaves() == []


def test_clock_and_wait(guest):
    """INT 15h AH=86h lets CX:DX microseconds pass; INT 1Ah AH=00h reads the tick count."""
    g = guest()
    g.machine.ram.put(0x46C, 0x00123456, 4)
    g.call(0x1A, ax=0)
    assert g.get("cx", "dx") == [0x12, 0x3456]
    before = int(g.machine.root[R_TIME])
    g.call(0x15, ax=0x8600, cx=1, dx=0)
    assert 65_536_000 <= int(g.machine.root[R_TIME]) - before < 65_600_000


def test_keyboard_and_disks(guest):
    g = guest()
    assert g.call(0x16, ax=0x0100) & ZERO
    g.call(0x16, ax=0)
    assert g.cpu.get("ax") == 0x1C0D
    assert g.call(0x13, ax=0x0201, cx=1, dx=0x80) & CARRY
    assert g.cpu.get("ah") == 1


def pmm(g: Guest, paragraphs: int, flags: int) -> int:
    """PMM allocate by far call: function 0, length in paragraphs, handle, flags on the stack; DX:AX."""
    words = (0, paragraphs & 0xFFFF, paragraphs >> 16, 0xFFFF, 0xFFFF, flags)
    pushes = b"".join(b"\x68" + word.to_bytes(2, "little") for word in reversed(words))
    entry = g.machine.ram.word(0xFE050 + 7, 4)
    g.machine.ram.write(0x80, bytes.fromhex("00000020"))
    g.machine.ram.write(0x20000, pushes + b"\x9a" + entry.to_bytes(4, "little") + b"\x83\xc4\x0c\xcf")
    g.machine.engine.flush_code()
    g.call(0x20)
    return g.cpu.get("dx") << 16 | g.cpu.get("ax")


def test_pmm_allocates_below_and_above_1_mib(guest):
    """PMM 1.01: flags bit 0 conventional, bit 1 extended, bit 2 aligned to the length. 3 MiB as ramfb asks for."""
    g = guest()
    assert g.machine.ram.read(0xFE050, 4) == b"$PMM"
    assert sum(g.machine.ram.read(0xFE050, g.machine.ram.word(0xFE055, 1))) & 0xFF == 0
    low = pmm(g, 0x100, 1)
    assert 0x7000 <= low <= 0x90000 - 0x1000
    high = pmm(g, 3 * MIB // 16, 2)
    assert MIB < high <= g.machine.low - 3 * MIB
    other = pmm(g, 3 * MIB // 16, 2)
    assert abs(other - high) >= 3 * MIB
    aligned = pmm(g, MIB // 16, 2 | 4)
    assert aligned % MIB == 0
    assert pmm(g, 4096 * MIB // 16 - 1, 2) == 0


def test_permanent_memory_is_reserved_in_e820(guest):
    """Flags bit 3, as ramfb asks for its frame buffer: below 1 MiB there is none; above, e820 says that it is taken."""
    g = guest()
    before = e820(g)
    assert pmm(g, 0x100, 1 | 8) == 0
    assert e820(g) == before
    at = pmm(g, 4 * MIB // 16, 2 | 4 | 8)
    assert at > MIB
    assert at % (4 * MIB) == 0
    after = e820(g)
    assert any(start <= at and at + 4 * MIB <= start + size for start, size, kind in after if kind == 2)
    ram = [sum(size for _, size, kind in rows if kind == 1) for rows in (before, after)]
    assert ram[0] - ram[1] == 4 * MIB


@pytest.mark.parametrize(("vga", "known"), [("igd", True), ("stdvga", False)])
def test_an_intel_display_has_its_hooks(guest, vga, known):
    """INT 15h 5F35h, 5F40h and 5F50h where an Intel display is there; with another they are unknown."""
    g = guest(f'[host]\nvga = "{vga}"\n')
    for ax, cx in ((0x5F35, 0x2200), (0x5F40, 0x2203), (0x5F50, 0x2222)):
        assert g.call(0x15, ax=ax, cx=0x2222) & CARRY == (not known)
        assert g.get("ax", "cx") == ([0x005F, cx] if known else [0x8600 | ax & 0xFF, 0x2222])
    assert len(g.session.bios.unknown_leaves()) == (0 if known else 3)


def test_keys_are_stored_and_taken_in_order(guest):
    """INT 16h AH=05h until the buffer is full (15 keys), 01h shows the first, 00h takes one after the other."""
    g = guest()
    for key in range(0x1E01, 0x1E10):
        g.call(0x16, ax=0x0500, cx=key)
        assert g.cpu.get("al") == 0
    g.call(0x16, ax=0x0500, cx=0x1E10)
    assert g.cpu.get("al") == 1
    assert not g.call(0x16, ax=0x0100) & ZERO
    taken = []
    for _ in range(16):
        g.call(0x16, ax=0)
        taken.append(g.cpu.get("ax"))
    assert taken == [*range(0x1E01, 0x1E10), 0x1C0D]


def test_a_wait_that_is_asked_for_ends_with_a_tick(guest):
    """INT 15h AH=83h: bit 7 of the byte at ES:BX after CX:DX microseconds; meanwhile AH=86h finds the clock in use."""
    g = guest()
    assert not g.call(0x15, ax=0x8300, cx=0, dx=60_000, es=0x1000, bx=4) & CARRY
    assert g.call(0x15, ax=0x8300, cx=0, dx=1, es=0x1000, bx=5) & CARRY
    assert g.call(0x15, ax=0x8600, cx=0, dx=1) & CARRY
    assert g.cpu.get("ah") == 0x83
    g.call(0x08)
    assert g.machine.ram.word(0x10004, 1) == 0
    g.call(0x08)
    assert g.machine.ram.read(0x10004, 2) == b"\x80\0"
    assert not g.call(0x15, ax=0x8600, cx=0, dx=1) & CARRY


def test_the_mouse_takes_no_reports_before_it_has_a_handler(guest):
    g = guest()
    assert g.call(0x15, ax=0xC200, bx=0x0100) & CARRY
    assert g.cpu.get("ah") == 5
    assert not g.call(0x15, ax=0xC205, bx=0x0300) & CARRY
    assert g.cpu.get("bx") == 0x00AA
    assert not g.call(0x15, ax=0xC207, es=0x1000, bx=0x20) & CARRY
    assert not g.call(0x15, ax=0xC200, bx=0x0100) & CARRY
    assert g.call(0x15, ax=0xC208) & CARRY
    assert g.cpu.get("ah") == 1


def test_the_routing_table_goes_into_a_buffer_that_is_large_enough(guest):
    g = guest()
    for size, carry in ((0x5F, 1), (0x60, 0)):
        g.machine.ram.write(0x10000, size.to_bytes(2, "little") + b"\x00\x01\x00\x10")
        assert g.call(0x1A, ax=0xB10E, es=0x1000, di=0) & CARRY == carry
        assert g.machine.ram.word(0x10000, 2) == 0x60
    assert g.machine.ram.read(0x10110, 16).hex() == "001061f8de62f8de63f8de60f8de0100"


def test_the_timer_tick_counts_and_calls_1ch(guest):
    g = guest()
    g.machine.ram.put(0x46C, 41, 4)
    g.machine.ram.write(0x70, bytes.fromhex("00000020"))  # INT 1Ch at 2000:0000: out 80h, al; iret
    g.machine.ram.write(0x20000, bytes.fromhex("e680cf"))
    g.call(0x08)
    assert g.machine.ram.word(0x46C, 4) == 42
    rows = g.machine.recorder.read(0, g.machine.recorder.count)
    assert 0x80 in rows[(rows["space"] == Space.PORT) & (rows["op"] == Op.WRITE)]["address"].tolist()
