"""PAM and SMRAM decide over A0000-FFFFF as a guest writes them: QEMU hw/pci-host/pam.c, i440fx.c and q35.c."""

import pytest
from config_code import cf8_read, cf8_write

from fwsim.trace.event import Op, Space

PAM = {"pc": 0x59, "q35": 0x90}
SMRAM = {"pc": 0x72, "q35": 0x9D}
MACHINES = pytest.mark.parametrize("machine", ["pc", "q35"])


def toml(machine: str, profile: str = "10.0") -> str:
    return f'[guest]\nmachine = "{machine}"\n[hypervisor]\nprofile = "{profile}"\n'


def at_boot(code: str) -> bytes:
    """INT 20h, made after POST, is ``code`` and IRET."""
    start = bytes.fromhex("31c0 8ed8 c70680002001 c706820000c0 cb").ljust(0x20, b"\x90")
    return start + bytes.fromhex(code + "cf")


def write_byte(address: int, value: int) -> str:
    return f"b8{(address >> 4).to_bytes(2, 'little').hex()} 8ed8 c60600 00{value:02x}"


def read_byte(address: int) -> str:
    return f"b8{(address >> 4).to_bytes(2, 'little').hex()} 8ed8 a00000"


def booted(rig, code: str, machine: str, memory=None, profile: str = "10.0"):
    made = rig(at_boot(code), toml(machine, profile), memory)
    assert made.post().reason == "completed"
    assert made.session.interrupt(0x20, {}).reason == "completed"
    return made


@MACHINES
@pytest.mark.parametrize(
    ("address", "register", "nibble"), [(0xC8000, 2, 0), (0xCC000, 2, 4), (0xE4000, 5, 4), (0xF0000, 0, 4)]
)
def test_a_guest_that_opens_a_segment_writes_to_it(rig, machine, address, register, nibble):
    """Each of 13 segments by its own two bits; those beside it stay as they were."""
    locked = 0x10 if register == 0 else 0x11
    opened = locked | 2 << nibble
    code = write_byte(address, 0x21) + cf8_write(0, PAM[machine] + register, 1, opened) + write_byte(address, 0x43)
    made = booted(rig, code, machine)
    assert made.machine.ram.read(address, 1) == b"\x43"
    dropped = [row for row in made.events() if row["space"] == Space.MEMORY and row["op"] == Op.WRITE]
    assert [(int(row["address"]), int(row["value"])) for row in dropped] == [(address, 0x21)]


@MACHINES
def test_the_other_half_of_a_register_is_another_segment(rig, machine):
    code = cf8_write(0, PAM[machine] + 2, 1, 0x31) + write_byte(0xC8000, 0x21) + write_byte(0xCC000, 0x43)
    made = booted(rig, code, machine, {0xC8000: b"\x01", 0xCC000: b"\x02"})
    assert made.machine.ram.read(0xC8000, 1) == b"\x01"
    assert made.machine.ram.read(0xCC000, 1) == b"\x43"


@MACHINES
@pytest.mark.parametrize("mode", [0, 2])
def test_a_segment_that_is_not_read_from_ram_is_pcis(rig, machine, mode):
    """Where PCI has no option ROM it reads 0; RAM keeps what it has. Write-only is PCI's too (pam.c, init_pam)."""
    code = cf8_write(0, PAM[machine] + 3, 1, mode) + write_byte(0xD0000, 0x21) + read_byte(0xD0000)
    made = booted(rig, code, machine, {0xD0000: b"\x77"})
    assert made.session.cpu.get("al") == 0
    assert made.machine.ram.read(0xD0000, 1) == b"\x77"


@MACHINES
def test_ram_comes_back_as_it_was(rig, machine):
    there = PAM[machine] + 3
    code = cf8_write(0, there, 1, 0x10) + cf8_write(0, there, 1, 0x11) + read_byte(0xD0000)
    assert booted(rig, code, machine, {0xD0000: b"\x77"}).session.cpu.get("al") == 0x77


@MACHINES
def test_the_bios_is_at_the_end_of_what_pci_has(rig, machine):
    """RAM at F0000 written over: with PAM0 0 the BIOS itself is read, with 30h what was written."""
    there = PAM[machine]
    code = cf8_write(0, there, 1, 0x30) + write_byte(0xFFFF0, 0x21) + cf8_write(0, there, 1, 0) + read_byte(0xFFFF0)
    assert booted(rig, code, machine).session.cpu.get("al") == 0xEA  # the reset vector: JMP


@MACHINES
def test_code_goes_on_in_a_segment_that_it_locks(rig, machine):
    """The ROM's own, while it runs."""
    code = cf8_write(0, PAM[machine] + 1, 1, 0x33) + "2ec606a00155" + cf8_write(0, PAM[machine] + 1, 1, 0x11)
    made = booted(rig, code + "2ec606a001aa 2ea0a001", machine)
    assert made.session.cpu.get("al") == 0x55


@MACHINES
def test_open_smram_is_ram_at_a0000(rig, machine):
    """D_OPEN; closed again the VGA's window is there, and RAM keeps what was written."""
    opened, closed = (cf8_write(0, SMRAM[machine], 1, value) for value in (0x4A, 0x0A))
    code = opened + write_byte(0xA0000, 0x21) + read_byte(0xA0000) + "88c4 50" + closed + read_byte(0xA0000) + "59 88c8"
    made = booted(rig, code, machine)
    assert made.session.cpu.get("al") == 0x21
    assert made.machine.ram.read(0xA0000, 1) == b"\x21"
    assert made.machine.engine.read(0xA0000, 1) != b"\x21"


def test_high_smram_is_not_at_a0000(rig):
    """ESMRAMC.H_SMRAME of a q35 moves it to FEDA0000."""
    code = cf8_write(0, 0x9E, 1, 0x80) + cf8_write(0, 0x9D, 1, 0x4A) + write_byte(0xA0000, 0x21)
    assert booted(rig, code, "q35").machine.ram.read(0xA0000, 1) == b"\0"


def test_locked_smram_stays_closed_on_a_q35(rig):
    """D_LCK clears D_OPEN and holds all but D_CLS; ESMRAMC is held with it (measured: 3Ah, then 1Ah; BFh)."""
    code = cf8_write(0, 0x9C, 4, 0xFFFFFF00) + cf8_read(0, 0x9D, 1) + "88c4 50"
    code += cf8_write(0, 0x9C, 4, 0) + cf8_read(0, 0x9D, 1) + "59 88cc 50" + cf8_read(0, 0x9E, 1) + "88c3 58"
    made = booted(rig, code.replace("88c4 50", "88c1 51"), "q35")
    assert (made.session.cpu.get("ah"), made.session.cpu.get("al")) == (0x3A, 0x1A)
    assert made.session.cpu.get("bl") == 0xBF


def test_an_i440fx_has_no_smram_lock(rig):
    code = cf8_write(0, 0x72, 1, 0x5A) + cf8_write(0, 0x72, 1, 0x4A) + cf8_read(0, 0x72, 1)
    assert booted(rig, code, "pc").session.cpu.get("al") == 0x4A


@pytest.mark.parametrize(
    ("profile", "mib"), [("2.9", 0), ("2.10", 16), ("7.2", 16), ("10.1.5", 16), ("10.2", 64), ("11.1.3", 64)]
)
def test_ext_tseg_mbytes_is_where_ggc_would_be(rig, profile, mib):
    """QEMU hw/i386/pc.c: extended-tseg-mbytes is 16 in pc_compat_10_1, and 0 up to 2.9; measured in 7.2 and 11.1.3."""
    made = booted(rig, cf8_read(0, 0x50, 2), "q35", profile=profile)
    assert made.session.cpu.get("ax") == mib


def test_ext_tseg_mbytes_answers_a_query(rig):
    """FFFFh asks for the size; anything else stays."""
    code = cf8_write(0, 0x50, 2, 0) + cf8_read(0, 0x50, 2) + "89c1 51" + cf8_write(0, 0x50, 2, 0xFFFF)
    made = booted(rig, code + cf8_read(0, 0x50, 2) + "59", "q35")
    assert (made.session.cpu.get("cx"), made.session.cpu.get("ax")) == (0, 16)


def test_a_snapshot_keeps_what_a_guest_opened(rig):
    """INT 20h opens D0000, INT 21h writes there."""
    code = bytes.fromhex(cf8_write(0, 0x5C, 1, 0x33) + "cf").ljust(0x30, b"\x90") + bytes.fromhex(
        write_byte(0xD0000, 0x21)
    )
    made = rig(at_boot(code.hex()), toml("pc"), {4 * 0x21: bytes.fromhex("500100c0")})
    made.post()
    made.session.interrupt(0x21, {})
    closed = made.session.slices.snapshot()
    made.session.interrupt(0x20, {})
    opened = made.session.slices.snapshot()
    for state, held in ((closed, b"\0"), (opened, b"\x21"), (closed, b"\0")):
        made.session.slices.restore(state)
        made.session.interrupt(0x21, {})
        assert made.machine.ram.read(0xD0000, 1) == held
