"""coreboot: the two contracts by which it calls an option ROM, its boards' answers, its payload, its placement.

What is expected is read in coreboot's sources (src/device/oprom, src/drivers/intel/gma/int15.c, src/mainboard).
"""

import re
from pathlib import Path

import pytest
from handmade import rom

from fwsim.environment.bios.session import Session
from fwsim.errors import FwsimError
from fwsim.firmware.coreboot.boards import BOARDS
from fwsim.machine.build import build
from fwsim.placement.allocate import Ask, place
from fwsim.rom.chain import load_bytes
from fwsim.running.pipeline import Run, assemble
from fwsim.scenario.load import loads

CARRY, ZERO = 1, 0x40
AT = 0x200
"""Where programs keep what they saw: C000:0200."""
IGD, LPC = 0x10, 0xF8
NUMBERS = ("eax", "ecx", "edx", "ebx", "", "", "esi", "edi")


class Rig:
    """A machine on which coreboot calls ``code`` at C000:0100."""

    def __init__(self, code: bytes = b"\xcb", options: str = "", toml: str = "") -> None:
        image = rom(code)
        text = f'[hypervisor]\nkind = "none"\n[firmware]\nkind = "coreboot"\n[firmware.options]\n{options}\n{toml}'
        self.built = build(loads(text), load_bytes(image, Path("x.rom")), image, None)
        self.machine = self.built.machine
        self.ram, self.cpu = self.machine.ram, self.machine.engine
        self.ram.write(0xC0000, image)
        self.session = Session(self.built)

    def post(self):
        return self.session.call_rom(3, IGD)

    def int(self, vector: int, **registers: int) -> int:
        """Flags after an INT that a program makes from the ROM's place, with these registers; the ending is kept."""
        # stc; mov register, value...; int vector; pushf; pop cs:[200h]; retf
        load = b"".join(
            b"\x66" + bytes([0xB8 + NUMBERS.index(name)]) + value.to_bytes(4, "little")
            for name, value in registers.items()
        )
        code = b"\xf9" + load + bytes([0xCD, vector]) + b"\x9c\x2e\x8f\x06\x00\x02\xcb"
        self.ram.write(0xC0100, code)
        self.cpu.flush_code()
        self.ending = self.post()
        return self.ram.word(0xC0000 + AT, 2)

    def get(self, *names: str) -> list[int]:
        return [self.cpu.get(name) for name in names]


@pytest.fixture
def rig(request):
    def make(*args, **kwargs) -> Rig:
        made = Rig(*args, **kwargs)
        request.addfinalizer(made.machine.recorder.close)
        return made

    return make


SEE = b"".join((
    b"\x2e\x66\xa3\x00\x02", b"\x2e\x66\x89\x1e\x04\x02", b"\x2e\x66\x89\x0e\x08\x02", b"\x2e\x66\x89\x16\x0c\x02",
    b"\x2e\x66\x89\x36\x10\x02", b"\x2e\x66\x89\x3e\x14\x02", b"\x2e\x8c\x1e\x18\x02", b"\x2e\x8c\x06\x1a\x02",
    b"\x2e\x8c\x16\x1c\x02", b"\x2e\x89\x26\x1e\x02", b"\x9c\x2e\x8f\x06\x20\x02", b"\xcb",
))  # fmt: skip
"""Every register into C000:0200: eax ebx ecx edx esi edi, then ds es ss sp flags."""
WIDTHS = (("eax", 4), ("ebx", 4), ("ecx", 4), ("edx", 4), ("esi", 4), ("edi", 4), ("ds", 2), ("es", 2), ("ss", 2),
          ("sp", 2), ("flags", 2))  # fmt: skip


def seen(g: Rig) -> dict[str, int]:
    found, at = {}, 0xC0000 + AT
    for name, width in WIDTHS:
        found[name] = g.ram.word(at, width)
        at += width
    return found


# --- entry -----------------------------------------------------------------------------------------------------------
def test_real_mode_enters_with_interrupts_off_and_the_stack_at_the_end_of_page_0(rig):
    g = rig(SEE)
    assert g.post().reason == "completed"
    found = seen(g)
    assert found.pop("flags") & 0x200 == 0
    assert found == {
        "eax": IGD, "ebx": 0xFFFF, "ecx": 0, "edx": 0xFFFF, "esi": 0, "edi": 0, "ds": 0x38, "es": 0, "ss": 0,
        "sp": 0x1000 - 4,
    }  # fmt: skip


def test_yabel_enters_with_its_own_segments(rig):
    g = rig(SEE, 'method = "yabel"')
    assert g.post().reason == "completed"
    found = seen(g)
    assert found.pop("flags") & 0x200 == 0
    assert found == {
        "eax": IGD, "ebx": 0, "ecx": 0, "edx": 0x80, "esi": 0, "edi": 0, "ds": 0x2000, "es": 0, "ss": 0x1000,
        "sp": 0xFFFE - 6,
    }  # fmt: skip


def test_vectors_and_fixed_entry_points_of_real_mode(rig):
    """setup_realmode_idt: 256 stubs of 9 bytes from 0000:1000 on; F000:F065 stands for INT 42h."""
    g = rig()
    assert [g.ram.word(4 * each, 4) for each in (0, 0x15, 0xFF)] == [0x1000, 0x1000 + 9 * 0x15, 0x1000 + 9 * 0xFF]
    for address, vector in ((0x1000 + 9 * 0x15, 0x15), (0xFF065, 0x42), (0xFF859, 0x15), (0xFFE6E, 0x1A)):
        assert g.ram.read(address, 5) == b"\x66\x60\xb0" + bytes([vector]) + b"\xea"
    assert g.ram.read(0xFFFF5, 8) + g.ram.read(0xFFFD9, 7) + g.ram.read(0xFFFFE, 1) == b"06/11/99PCI_ISA\xfc"
    assert g.ram.word(0x413, 2) == g.ram.word(0x40E, 2) == 0
    assert b"$PMM" not in g.ram.read(0xF0000, 0x10000)


def test_memory_of_yabel(rig):
    """biosemu: nine vectors, 1024 KiB, an EBDA at F600, $PMM at F000:0000; the rest of its megabyte is HLT."""
    g = rig(options='method = "yabel"')
    assert [g.ram.word(4 * each, 4) for each in (0x10, 0x13, 0x1A)] == [0xF000F065, 0xF000EC59, 0xF000FE6E]
    assert g.ram.word(4 * 0x42, 4) == 0
    assert [g.ram.word(at, 2) for at in (0x40E, 0x413)] == [0xF600, 1024]
    assert g.ram.read(0xF0000, 4) == b"$PMM"
    assert sum(g.ram.read(0xF0000, 16)) & 0xFF == 0
    assert g.ram.read(0x500, 16) == g.ram.read(0xE0000, 16) == b"\xf4" * 16
    direct = rig(options='method = "yabel"\ndirecthw = true')
    assert direct.ram.read(0xE0000, 16) == bytes(16)


# --- INTs ------------------------------------------------------------------------------------------------------------
def test_an_unknown_int_of_real_mode_succeeds_and_changes_nothing(rig):
    """intXX_unknown_handler returns -1: not 0, so carry is cleared."""
    g = rig()
    assert not g.int(0x15, eax=0x5F35, ecx=0x1234) & CARRY
    assert g.get("ax", "cx") == [0x5F35, 0x1234]
    assert g.session.unknown_leaves() == [(0x15, 0x5F35, 1)]


def test_an_unknown_int_halts_yabel(rig):
    g = rig(options='method = "yabel"')
    g.int(0x15, eax=0x5F35)
    assert (g.ending.reason, g.ending.cs) == ("error", 0xC000)
    assert "Interrupt 0x15 (Vector: f000f859) not implemented" in g.ending.detail


@pytest.mark.parametrize("method", ["realmode", "yabel"])
@pytest.mark.parametrize(
    ("board", "leaf", "before", "after"),
    [
        ("lenovo/x60", 0x5F35, {"ecx": 0x77777777}, {"ax": 0x5F, "ecx": 0x77770000}),
        ("lenovo/x60", 0x5F40, {"ecx": 0x77777777}, {"ax": 0x5F, "ecx": 0x77777703}),
        ("lenovo/x201", 0x5F35, {"ecx": 0}, {"ax": 0x5F, "ecx": 8}),
        ("lenovo/x200", 0x5F34, {"ecx": 0}, {"ax": 0x5F, "ecx": 1}),
        ("google/slippy", 0x5F51, {"ecx": 0}, {"ax": 0x5F, "ecx": 3}),
        ("google/slippy", 0x5F70, {"ecx": 0x0277}, {"ax": 0x5F, "ecx": 0}),
        ("kontron/ktqm77", 0x5F40, {"ebx": 1}, {"ax": 0x15F}),
        ("google/rambi", 0x5F34, {"ecx": 0}, {"ax": 0x5F, "ecx": 1}),
        ("2,4,16,9", 0x5F40, {"ecx": 0}, {"ax": 0x5F, "ecx": 9}),
        ("2,4,16,9", 0x5F51, {"ecx": 0}, {"ax": 0x5F, "ecx": 2}),
    ],
)
def test_a_board_answers_the_hooks(rig, method, board, leaf, before, after):
    """In real mode CF is cleared; YABEL leaves it as it was."""
    g = rig(options=f'method = "{method}"\nboard = "{board}"')
    flags = g.int(0x15, eax=leaf, **before)
    assert flags & CARRY == (method == "yabel")
    assert {name: g.cpu.get(name) for name in after} == after
    assert g.ending.reason == "completed"


@pytest.mark.parametrize(
    ("board", "leaf", "registers", "carry"),
    [
        ("lenovo/x60", 0x5F14, {}, True),
        ("lenovo/x60", 0x5F70, {"ecx": 0x300}, True),
        ("google/rambi", 0x5F14, {}, False),
    ],
)
def test_a_leaf_that_the_board_does_not_know(rig, board, leaf, registers, carry):
    g = rig(options=f'board = "{board}"')
    assert bool(g.int(0x15, eax=leaf, **registers) & CARRY) == carry
    assert g.cpu.get("ax") == leaf


@pytest.mark.parametrize(
    ("vector", "before", "after", "carry"),
    [
        (0x12, {"eax": 0x1234}, {"eax": 0x10000}, False),
        (0x16, {"eax": 0}, {"eax": 0x6120}, False),
        (0x16, {"eax": 0x0200}, {"eax": 0x0200}, True),
        (0x10, {"eax": 0x0F00, "ebx": 0x5678}, {"eax": 0x5002, "ebx": 0x78}, False),
        (0x1A, {"eax": 0xB101, "ecx": 0x77777777}, {"eax": 0x11, "ecx": 0xFF, "edx": 0x20494350}, False),
        (0x1A, {"eax": 0, "ecx": 0x1234}, {"eax": 0x8100, "ecx": 0x1234}, True),
        (0x1A, {"eax": 0xB102, "ecx": 0x0126, "edx": 0x8086}, {"eax": 2, "ebx": IGD}, False),
        (0x1A, {"eax": 0xB102, "ecx": 0x4444, "edx": 0x8086}, {"eax": 0x8602}, True),
        (0x1A, {"eax": 0xB109, "ebx": IGD, "edi": 2, "ecx": 0x77777777}, {"eax": 9, "ecx": 0x0126}, False),
        (0x1A, {"eax": 0xB109, "ebx": 0x5555, "edi": 2}, {"eax": 0x8709}, True),
    ],
)
def test_services_of_real_mode(rig, vector, before, after, carry):
    g = rig()
    flags = g.int(vector, **before)
    assert {name: g.cpu.get(name) for name in after} == after
    assert bool(flags & CARRY) == carry


def test_no_tick_comes_in_real_mode(rig):
    """sti; cx times: in al, 80h; loop: the count at 0000:046C stands still: every IRQ but the cascade is masked."""
    g = rig(b"\xfb\xb9\xff\xff\xe4\x80\xe2\xfc\xcb")
    assert g.post().reason == "completed"
    assert g.ram.word(0x46C, 4) == 0
    assert g.machine.interrupts.pic.chips[0].mask == 0xFB


def test_an_exception_of_real_mode_is_the_end(rig):
    g = rig(b"\xcd\x0f\xcb")
    ending = g.post()
    assert (ending.reason, ending.cs, ending.ip) == ("error", 0xC000, 0x102)
    assert "Oops, exception 15 while executing option rom" in ending.detail
    ending = rig(b"\x0f\x0b\xcb").post()
    assert (ending.reason, ending.cs, ending.ip) == ("invalid", 0xC000, 0x100)


# --- what YABEL lets through -----------------------------------------------------------------------------------------
def in_out(port: int) -> bytes:
    """mov dx, port; mov al, 5Ah; out dx, al; xor al, al; in al, dx; mov cs:[200h], al; retf."""
    return b"\xba" + port.to_bytes(2, "little") + b"\xb0\x5a\xee\x30\xc0\xec\x2e\xa2\x00\x02\xcb"


def test_yabels_ports_are_a_buffer(rig):
    """The PIT's counter 2 counts; in YABEL's buffer it reads what was written. VGA's misc output register is real."""
    for options, expected in (('method = "yabel"', 0x5A), ('method = "yabel"\ndirecthw = true', None)):
        g = rig(in_out(0x42), options)
        assert g.post().reason == "completed"
        assert (g.ram.word(0xC0000 + AT, 1) == 0x5A) == (expected is not None)
    g = rig(in_out(0x3C2), 'method = "yabel"')
    g.post()
    assert g.ram.word(0xC0000 + AT, 1) != 0x5A
    iobar = g.machine.pci.seen_by_guest(g.machine.pci.slot(IGD), 0x20, 4) & ~3
    assert g.machine.ports[iobar] != g.machine.ports[0x42]


def config(bdf: int, *, write: bool = False) -> bytes:
    """mov eax, 80000000h | bdf << 8; mov dx, CF8h; out dx, eax; mov dx, CFCh; then in or out; mov cs:[200h], eax."""
    select = b"\x66\xb8" + (0x80000000 | bdf << 8).to_bytes(4, "little") + b"\xba\xf8\x0c\x66\xef\xba\xfc\x0c"
    return select + (b"\x66\xef\xcb" if write else b"\x66\xed\x2e\x66\xa3\x00\x02\xcb")


@pytest.mark.parametrize(
    ("bdf", "write", "options", "halts"),
    [
        (IGD, False, "", False),
        (IGD, True, "", False),
        (LPC, False, "", True),
        (LPC, True, "", True),
        (LPC, False, "directhw = true", False),
        (LPC, False, "other_devices = true", False),
        (LPC, True, "other_devices = true", True),
        (LPC, True, "other_devices = true\nfake_writes = true", False),
        (0xE8, False, "other_devices = true", True),
    ],
)
def test_other_functions_halt_yabel(rig, bdf, write, options, halts):
    g = rig(config(bdf, write=write), f'method = "yabel"\n{options}')
    ending = g.post()
    assert ending.reason == ("error" if halts else "completed")
    if halts:
        assert re.search(rf"Config {'write' if write else 'read'} access .* 0:{bdf >> 3:x}\.0, offs: 0", ending.detail)
    elif not write:
        slot = g.machine.pci.slot(bdf) if bdf == IGD or "directhw" in options else None
        known = g.machine.pci.seen_by_guest(slot, 0, 4) if slot else g.ram.word(0xC0000 + AT, 4)
        assert g.ram.word(0xC0000 + AT, 4) == known
        assert known & 0xFFFF == 0x8086


def test_pci_bios_of_yabel_knows_the_roms_device_alone(rig):
    g = rig(options='method = "yabel"')
    assert not g.int(0x1A, eax=0xB109, ebx=IGD, edi=2, ecx=0x77777777) & CARRY
    assert g.cpu.get("ecx") == 0x77770126
    g = rig(options='method = "yabel"')
    g.int(0x1A, eax=0xB109, ebx=LPC, edi=2)
    assert "access invalid" in g.ending.detail


def test_yabel_answers_keyboard_and_pci_whoever_has_the_vector(rig):
    """mov word [16h * 4], 0; then INT 16h: x86emu asks YABEL, not the IVT."""
    hook = b"\x31\xc0\x8e\xd8\x66\xc7\x06\x58\x00\x00\x00\x00\x00\xb4\x00\xcd\x16\xcb"
    g = rig(hook, 'method = "yabel"')
    assert g.post().reason == "completed"
    assert g.cpu.get("ax") == 0x6120


def test_yabels_int10_is_the_roms_once_it_has_the_vector(rig):
    """The IVT's entry for 10h at C000:0180: mov ax, 1234h; iret."""
    code = b"\x31\xc0\x8e\xd8\x66\xc7\x06\x40\x00\x80\x01\x00\xc0\xb4\x0f\xcd\x10\xcb".ljust(0x80, b"\x90")
    g = rig(code + b"\xb8\x34\x12\xcf", 'method = "yabel"')
    assert g.post().reason == "completed"
    assert g.cpu.get("ax") == 0x1234
    assert g.session.unknown_leaves() == []


def pmm(function: int, *dwords: int, flags: int = 0) -> bytes:
    """The call at F000:0010 with its words pushed, last first: flags, the dwords, the function."""
    pushed = b"\x68" + flags.to_bytes(2, "little")
    pushed += b"".join(b"\x66\x68" + each.to_bytes(4, "little") for each in reversed(dwords))
    pushed += b"\x68" + function.to_bytes(2, "little") + b"\x9a\x10\x00\x00\xf0"
    return pushed + b"\x83\xc4" + bytes([4 + 4 * len(dwords)])


def test_yabels_memory_manager(rig):
    """pmm.c: conventional memory from 4000:0100 up, nothing above 1 MiB; afterwards a second area follows the first."""
    keep = b"\x2e\xa3\x00\x02\x2e\x89\x16\x02\x02"
    code = pmm(0, 2, 0xAAAA, flags=1) + pmm(0, 3, 0xBBBB, flags=1) + keep + pmm(1, 0xAAAA)
    g = rig(code + b"\xcb", 'method = "yabel"')
    assert g.post().reason == "completed"
    assert g.ram.word(0xC0000 + AT, 4) == 0x40000120
    assert g.get("dx", "ax") == [0x4000, 0x0100]
    g = rig(pmm(0, 2, 0xAAAA, flags=2) + b"\xcb", 'method = "yabel"')
    g.post()
    assert g.get("dx", "ax") == [0, 0]


# --- the payload -----------------------------------------------------------------------------------------------------
COUNTS = b"\x2e\xff\x06\x00\x02\x1e\x31\xc0\x8e\xd8\xff\x06\xf0\x04\x1f\xcb"
"""inc cs:[200h]; inc 0:[4F0h]: the ROM's own memory, and memory that no caller clears."""


def whole(tmp_path, code: bytes, options: str = "", toml: str = "") -> Run:
    path = tmp_path / "x.rom"
    path.write_bytes(rom(code))
    text = f'[hypervisor]\nkind = "none"\n[firmware]\nkind = "coreboot"\n[firmware.options]\n{options}\n'
    scenario = loads(f'{text}[rom]\nfile = "{path}"\n{toml}')
    return Run(assemble(scenario, load_bytes(path.read_bytes(), path)))


def test_seabios_calls_the_rom_again_from_a_fresh_copy(tmp_path):
    made = whole(tmp_path, COUNTS, 'payload = "seabios"')
    assert made.post().reason == "completed"
    ram = made.built.machine.ram
    assert ram.word(0xC0000 + AT, 2) == 1
    assert ram.read(0xFFFF5, 8) == b"06/23/99"
    assert ram.word(4 * 0x15, 4) == 0xF000F859
    assert made.built.machine.interrupts.pic.chips[0].vector == 0x08
    assert [each for each in made.built.log if each.startswith("coreboot")] == [
        "coreboot: completed: no pipe on, panel power off"
    ]
    made.close()


def test_what_yabel_gave_up_seabios_does(tmp_path):
    """The LPC bridge's configuration: halted under YABEL, and read under SeaBIOS; its ports are real again, too."""
    made = whole(tmp_path, config(LPC), 'method = "yabel"\npayload = "seabios"')
    assert made.post().reason == "completed"
    machine = made.built.machine
    assert machine.ram.word(0xC0000 + AT, 4) & 0xFFFF == 0x8086
    assert any("YABEL: Config read access invalid device! 0:1f.0" in each for each in made.built.log)
    assert machine.pci.answers(LPC)
    assert machine.engine.table("idtr") == (0, 0x3FF)
    made.close()


def test_coreboot_runs_a_rom_whose_sum_is_wrong_and_seabios_does_not(tmp_path):
    bad = rom(b"\xcb")
    for options, refused in (("", False), ('payload = "seabios"', True)):
        made = whole(tmp_path, b"\xcb", options)
        path = Path(made.scenario.rom.file)
        path.write_bytes(bad[:-1] + b"\x01")
        made.close()
        again = Run(assemble(made.scenario, load_bytes(path.read_bytes(), path)))
        ending = again.post()
        assert (ending.reason == "error") == refused
        assert not refused or ending.detail.startswith("SeaBIOS refuses the ROM: checksum")
        again.close()


def test_no_payload_boots_no_disk(tmp_path):
    sector = tmp_path / "boot.img"
    sector.write_bytes(b"\xeb\xfe".ljust(510, b"\0") + b"\x55\xaa")
    made = whole(tmp_path, b"\xcb", "", f'[payload]\nfloppy = "{sector}"\n')
    made.post()
    made.boot()
    assert "boots no disk" in made.stopped.detail
    made.close()


def test_a_snapshot_is_whole_whoevers_turn_it_is(tmp_path):
    """Back from SeaBIOS's turn to YABEL's, whose filter is on then, and forward again, where it is off."""
    made = whole(tmp_path, config(LPC), 'method = "yabel"\npayload = "seabios"')
    machine, slices = made.built.machine, made.session.slices

    def posted() -> list[tuple[int, ...]]:
        assert made.post().reason == "completed"
        rows = machine.recorder.read(0, machine.recorder.count)
        return [(int(r["space"]), int(r["address"]), int(r["value"])) for r in rows]

    before = slices.snapshot()
    first = posted()
    after = slices.snapshot()
    slices.restore(before)
    assert not machine.pci.answers(LPC)
    slices.restore(after)
    assert machine.pci.answers(LPC)
    slices.restore(before)
    assert posted() == first
    made.close()


def test_vesa_asks_for_the_mode_and_sets_it(tmp_path):
    """INT 10h at C000:0180 keeps the last BX and answers AX = 004Fh; the mode has a frame buffer at E0000000h."""
    code = b"\x31\xc0\x8e\xd8\x66\xc7\x06\x40\x00\x80\x01\x00\xc0\xcb".ljust(0x80, b"\x90")
    handler = b"\x2e\x89\x1e\x00\x02\x26\x66\xc7\x45\x28\x00\x00\x00\xe0\xb8\x4f\x00\xcf"
    for method in ("realmode", "yabel"):
        made = whole(tmp_path, code + handler, f'method = "{method}"\nvesa = 0x118')
        assert made.post().reason == "completed"
        assert made.built.machine.ram.word(0xC0000 + AT, 2) == 0x4118
        assert any("VBE: " in each for each in made.built.log)
        made.close()


# --- placement and options -------------------------------------------------------------------------------------------
def test_under_qemu_it_knows_of_no_igd():
    found = place(Ask(firmware="coreboot"))
    assert (found.firmware.bdsm, found.firmware.asls) == (0, 0)
    assert any("no driver for an IGD" in each for each in found.details.notes)


@pytest.mark.parametrize(
    ("ram", "ggc", "base", "reserved"),
    [
        # tolud = min(2048 + 32 + 2 + 8, 8192); tseg 2048 is aligned to 8
        (8 << 30, 0x0209, 0x80A00000, (0x80000000, 0x82A00000)),
        # tolud = 1024: tseg 1024 - 32 - 2 - 8 = 982, down to 976; everything moves 6 down
        (1 << 30, 0x0209, 0x3DA00000, (0x3D000000, 0x3FA00000)),
    ],
)
def test_sandy_bridges_raminit_lays_out_stolen_memory(ram, ggc, base, reserved):
    """dram_memorymap: TOLUD, below it stolen memory, the GTT's, TSEG, aligned to its size."""
    found = place(Ask(firmware="coreboot", ram=ram, ggc=ggc, options={"chipset": "sandybridge"}))
    assert found.firmware.bdsm == base
    rows = [(each.start, each.end) for each in found.firmware.e820 if each.type == "RESERVED"]
    assert reserved in rows


def test_vga_disabled_has_no_stolen_memory():
    found = place(Ask(firmware="coreboot", ram=4 << 30, ggc=0x020B, options={"chipset": "sandybridge"}))
    assert found.firmware.bdsm == 0


@pytest.mark.parametrize(
    ("options", "where", "hint"),
    [
        ("directhw = true", "firmware.options: directhw", "yabel"),
        ('method = "yabel"\nfake_writes = true', "firmware.options: fake_writes", "depend"),
        ("vesa = 0x13", "firmware.options: vesa", "0x118"),
        ('board = "lenovo/x20"', "firmware.options: board", "did you mean lenovo/x2"),
        ('board = "x230"', "firmware.options: board", "did you mean lenovo/x230?"),
        ('board = "1,0,0,300"', "firmware.options: board", "install_intel_vga_int15_handler"),
    ],
)
def test_options_that_no_build_has(options, where, hint):
    with pytest.raises(FwsimError) as caught:
        loads(f'[firmware]\nkind = "coreboot"\n[firmware.options]\n{options}\n')
    assert caught.value.where.endswith(where)
    assert caught.value.found
    assert caught.value.expected
    assert hint in caught.value.hint


def test_every_board_names_its_file():
    """64 files call install_intel_vga_int15_handler, two boards have a handler of their own, two Bay Trail's."""
    assert len(BOARDS) == 64 + 2 + 2
    for name, board in BOARDS.items():
        assert board.name == name
        assert board.source.startswith("src/")
        assert board.hooks
