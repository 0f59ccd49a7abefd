"""The disassembler: hand-assembled code, packaged VGA BIOSes against ndisasm, and any bytes at all."""

import re
import struct
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwsim.disasm.listing import disassemble, instruction_at, pci_name, port_name
from fwsim.disasm.operands import memory_operands
from fwsim.errors import FwsimError


def code(*parts):
    return b"".join(bytes.fromhex(part) for part in parts)


def notes(data, entry=0, bits=16):
    return {i.address: i.note for i in disassemble(data, (entry,), bits).instructions if i.note}


def test_branches_calls_and_dead_bytes():
    data = code("e8 05 00", "74 02", "eb fe", "90", "c3") + code("ff", "b0 12", "c3")
    # 0 call 8; 3 je 7; 5 jmp 5; 7 nop; 8 ret; what follows is reached by nothing
    listing = disassemble(data, (0,))
    assert [i.address for i in listing.instructions] == [0, 3, 5, 7, 8]
    assert listing.labels == {0: "entry", 8: "sub_0008"}
    assert listing.targets == {5, 7, 8}
    assert listing.covered == 9
    assert listing.instructions[0].text == "call    0x0008"


def test_an_operand_by_rip_counts_from_the_next_instruction():
    """mov eax, [rip + 10h], six bytes at 1000h. SDM vol. 2, 2.2.1.6: the address is relative to the next RIP."""
    (operand,) = memory_operands(bytes.fromhex("8b05 10000000"), 0x1000, 64)
    assert (operand.base, operand.offset, operand.reads, operand.writes) == ("", 0x1016, True, False)


def test_ip_wraps_at_64_kib():
    """A jump back from offset 3, as vBIOS entries have it: E9 rel16 beyond 0x8000."""
    data = bytearray(0xF000)
    data[3:6] = b"\xe9" + struct.pack("<H", 0xEBB8)
    data[0xEBBE] = 0xC3
    listing = disassemble(bytes(data))
    assert [(i.address, i.text) for i in listing.instructions] == [(3, "jmp     0xebbe"), (0xEBBE, "ret")]


def test_pci_register_is_named():
    data = code("ba f8 0c", "66 b8 5c 10 00 80", "66 ef", "ba fe 0c", "ed", "b2 fc", "66 ed", "c3")
    assert notes(data) == {
        9: "select pci 00:02.0 @0x5c",
        14: "pci 00:02.0 @0x5e, read word",
        17: "pci 00:02.0 @0x5c, read dword",
    }


def test_pci_address_is_forgotten_where_it_may_have_changed():
    select = code("ba f8 0c", "66 b8 50 00 00 80", "66 ef")
    after_call = select + code("e8 04 00", "ba fc 0c", "ed", "c3")
    assert notes(after_call)[17] == "0xcfc PCI config data, read word"
    into_a_loop = select + code("ba fc 0c", "ed", "eb fd", "c3")
    assert notes(into_a_loop)[14] == "port in DX, read word", "the jump back brings an unknown DX"


def test_ports_immediate_and_by_dx():
    data = code("e6 80", "e4 61", "ba c4 03", "ef", "42", "ec", "80 c2 15", "ec", "ba 34 12", "ee", "6c", "c3")
    assert notes(data) == {
        0: "0x80 POST code, write byte",
        2: "0x61 NMI status, speaker, read byte",
        7: "0x3c4 sequencer index, write word",
        9: "0x3c5 sequencer data, read byte",
        13: "0x3da VGA status 1, read byte",
        17: "0x1234, write byte",
        18: "0x1234, read byte",
    }


def test_known_bits_pass_through_shifts_and_masks():
    """Bus and device from constants, the register from an unknown byte: then the address is not claimed."""
    known = code("66 31 c0", "b8 10 00", "66 c1 e0 08", "66 0d 00 00 00 80", "0c 50", "ba f8 0c", "66 ef", "c3")
    assert notes(known) == {21: "select pci 00:02.0 @0x50"}
    unknown = code("66 b8 00 10 00 80", "88 d8", "ba f8 0c", "66 ef", "c3")
    assert notes(unknown) == {11: "0xcf8 PCI config address, write dword"}


def test_interrupt_with_its_leaf():
    assert notes(code("b8 34 5f", "cd 15", "c3")) == {3: "INT 15h AX=5f34"}
    assert notes(code("b4 0e", "cd 10", "c3")) == {2: "INT 10h AH=0e"}
    assert notes(code("b8 34 5f", "cd 15", "cd 15", "c3"))[5] == "INT 15h", "an interrupt may change every register"


@pytest.mark.parametrize(
    "store",
    [
        "26 c7 06 40 00 30 00",  # mov word es:[40h], 30h
        "b8 30 00 a3 40 00",  # mov ax, 30h; mov [40h], ax
        "66 c1 e2 10 66 b8 30 00 00 00 66 09 d0 66 a3 40 00",  # segment in the high word, unknown
    ],
)
def test_installed_interrupt_handler_is_followed(store):
    data = code(store, "c3").ljust(0x30, b"\0") + code("cf")
    listing = disassemble(data, (0,))
    assert listing.labels[0x30] == "int_10h_handler"
    assert listing.instructions[-1].text == "iret"


HELPER = "66 0f b7 c0 66 0d 00 00 00 80 ba f8 0c 66 ef ba fe 0c ed c3"  # eax = 80000000h | ax; out; in ax, dx at 0cfeh


def test_call_with_constants_names_what_the_routine_reaches():
    data = code("b8 5c 10", "e8 01 00", "c3", HELPER)
    listing = disassemble(data, (0,))
    assert {i.address: i.note for i in listing.instructions if i.note}[3] == "pci 00:02.0 @0x5e, read word"
    (access,) = [access for access in listing.accesses if access.via is not None]
    assert (access.address, access.via, access.port, access.pci) == (3, 7 + 18, 0xCFE, 0x8000105C)


def test_call_through_a_call_and_a_jump():
    data = code("b8 50 00", "e8 01 00", "c3", "e8 01 00", "c3", "eb 00", HELPER)
    assert notes(data)[3] == "pci 00:00.0 @0x52, read word"


def test_call_without_constants_or_with_conditions_claims_nothing():
    assert 0 not in notes(code("e8 01 00", "c3", HELPER))
    conditional = code("b8 5c 10", "e8 01 00", "c3", "74 00", HELPER)
    assert 3 not in notes(conditional)


def test_called_routine_that_never_returns():
    assert notes(code("e8 01 00", "c3", "eb fe")) == {}
    assert notes(code("b8 50 00", "e8 fd ff", "c3")) == {}


def test_computed_targets_are_listed():
    listing = disassemble(code("2e ff a7 00 10"), (0,))
    assert listing.unresolved == (0,)
    assert listing.instructions[0].note == "target not followed"


def test_64_bit_code():
    listing = disassemble(code("48 89 e5", "e8 00 00 00 00", "0f 0b"), (0,), bits=64)
    assert [i.text for i in listing.instructions] == ["mov     rbp, rsp", "call    0x0008", "ud2"]


def test_entries_and_width_are_checked():
    with pytest.raises(FwsimError, match="outside the image"):
        disassemble(b"\xc3", (1,))
    with pytest.raises(FwsimError, match="no such code width"):
        disassemble(b"\xc3", (0,), bits=8)


def test_limit_is_kept_and_said():
    listing = disassemble(b"\x90" * 100, (0,), limit=10)
    assert len(listing.instructions) == 10
    assert listing.truncated


def test_single_instruction():
    assert instruction_at(code("66 ed"), 0, address=0xC1234).text == "in      eax, dx"
    assert instruction_at(code("66 ed"), 0, address=0xC1234).address == 0xC1234
    assert instruction_at(b"", 0) is None


def test_names():
    assert pci_name(0x8000F8F0, 2) == "pci 00:1f.0 @0xf2"
    assert port_name(0x3DA) == "VGA status 1"
    assert port_name(0x9999) == ""


def test_packaged_bios_against_ndisasm(packaged, require_program):
    """Every instruction's bytes, where it is reached, against ndisasm synchronized to the same address."""
    require_program("ndisasm", "nasm")
    (path,) = packaged("/usr/share/seabios/vgabios-isavga.bin", "seabios")
    listing = disassemble(path.read_bytes())
    assert any(label == "int_10h_handler" for label in listing.labels.values())
    sample = listing.instructions[::7]
    sync = [argument for i in sample for argument in ("-s", f"{i.address:#x}")]
    printed = subprocess.run(["ndisasm", "-b16", *sync, str(path)], capture_output=True, text=True, check=True).stdout
    printed = re.sub(r"^([0-9A-F]{8}  [0-9A-F]{16}) (.*)\n +-([0-9A-F]+)$", r"\1\3 \2", printed, flags=re.MULTILINE)
    told = {int(m[1], 16): m[2].lower() for m in re.finditer(r"^([0-9A-F]{8})  ([0-9A-F]+) ", printed, re.MULTILINE)}
    different = [hex(i.address) for i in sample if told.get(i.address) != i.data.hex()]
    assert len(sample) > 500
    assert different == []


@given(st.binary(min_size=1, max_size=400), st.sampled_from([16, 32, 64]))
@settings(max_examples=200)
def test_any_bytes(data, bits):
    listing = disassemble(data, (0,), bits)
    assert listing.covered <= len(data)
    for instruction in listing.instructions:
        assert data[instruction.address : instruction.address + len(instruction.data)] == instruction.data
