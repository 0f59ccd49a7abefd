"""A value that a UEFI driver writes is followed through 64-bit code, services and memory, and to nothing else.

A small driver reads BDSM by PciIo, sends it on a detour, and writes it to the first GTT entry. A decoy is read beside
it, in the same way, that has no part in the entry.
"""

import pytest
from analysis_runs import made
from efi_program import efi_program

from fwsim.analysis.why import explain
from fwsim.results.folder import RunDir

DIRECT = """
    or eax, 1
    mov ecx, [bar]
    mov [rcx+0x800000], eax
"""
BY_SERVICE = """
    or eax, 1
    mov [copy], eax
    store 2, 0x800000, 1
"""
DETOURS = {
    "a register": "mov eax, [value]\nmov r8d, eax\nmov r14, r8\nmov rax, r14",
    "the stack": "mov rax, [value]\npush qword [decoy]\npush rax\nxor eax, eax\npop rax\npop rcx",
    "a call": "mov ecx, [value]\ncall other\njmp on\nother:\npush rbp\nmov rbp, rsp\nmov [rsp-8], rcx\nxor ecx, ecx\n"
    "mov rax, [rbp-8]\nleave\nret\non:",
    "the upper half": "mov eax, [value]\nmov ecx, [decoy]\nshl rax, 32\nor rax, rcx\nmov r9, rax\nshr r9, 32\n"
    "mov eax, r9d",
    "a lower half that clears the upper one": "mov ecx, [decoy]\nshl rcx, 32\nmov ecx, [value]\nmov rax, rcx\n"
    "shr rcx, 32\nor eax, ecx",
    "sign extension": "mov ecx, [value]\nmovsxd rcx, ecx\nmov rax, rcx\nmov eax, eax",
    "partial registers": "mov r10d, [value]\nshr r10d, 16\nmov sil, r10b\nshr r10d, 8\nmovzx eax, r10b\nshl eax, 8\n"
    "mov al, sil\nshl eax, 16",
    "string moves": "lea rsi, [value]\nlea rdi, [copy+32]\nmov ecx, 2\ncld\nrep movsq\nmov eax, [copy+32]",
    "lods and stos": "mov rax, [value]\nlea rdi, [copy+64]\ncld\nstosq\nxor eax, eax\nlea rsi, [copy+64]\nlodsq",
    "an index": "lea rsi, [copy]\nmov edx, 3\nmov eax, [value]\nmov [rsi+rdx*8+8], eax\nxor eax, eax\n"
    "mov eax, [copy+32]",
    "CopyMem": "lea rcx, [copy+40]\nlea rdx, [value]\nmov r8d, 16\ncall [r15+0x160]\nmov eax, [copy+40]",
    "CopyMem of a range": "mov eax, [value]\nmov [copy+48], eax\nlea rcx, [copy+84]\nlea rdx, [copy+40]\nmov r8d, 20\n"
    "call [r15+0x160]\nmov eax, [copy+92]",
    "SetMem": "movzx r8d, byte [value+3]\nlea rcx, [copy]\nmov edx, 4\ncall [r15+0x168]\nmov eax, [copy]\n"
    "and eax, 0xFF000000",
    "a scratch register": "mov ecx, [bar]\nmov eax, [value]\nmov [rcx+0x4F100], eax\nmov edx, [decoy]\n"
    "mov [rcx+0x4F104], edx\nxor eax, eax\nmov eax, [rcx+0x4F100]",
    "CopyMem between registers": "mov ecx, [bar]\nmov eax, [value]\nmov [rcx+0x4F100], eax\nmov eax, [decoy]\n"
    "mov [rcx+0x4F104], eax\nmov rcx, rbx\nmov edx, 2\nxor r8d, r8d\nmov r9d, 0x4F108\nmov qword [rsp+0x20], 0\n"
    "mov qword [rsp+0x28], 0x4F100\nmov qword [rsp+0x30], 1\ncall [rbx+0x40]\nmov ecx, [bar]\nmov eax, [rcx+0x4F108]",
    "a poll": "mov ecx, [bar]\nmov eax, [value]\nmov [rcx+0x4F100], eax\nmov rcx, rbx\nmov edx, 2\nxor r8d, r8d\n"
    "mov r9d, 0x4F100\nmov qword [rsp+0x20], 0\nmov qword [rsp+0x28], 0\nmov qword [rsp+0x30], 0\nlea rax, [copy]\n"
    "mov [rsp+0x38], rax\ncall [rbx]\nmov eax, [copy]",
    "a pool": "xor ecx, ecx\nadd ecx, 4\nmov edx, 64\nlea r8, [copy]\ncall [r15+0x40]\nmov rdi, [copy]\n"
    "mov eax, [value]\nmov [rdi+8], eax\nxor eax, eax\nmov rsi, [copy]\nmov eax, [rsi+8]",
}


@pytest.fixture
def why(tmp_path, require_program):
    nasm = require_program("nasm", "nasm")

    def ask(code: str, target: str = "gtt[0]"):
        image = efi_program(nasm, tmp_path, code)
        text = f'[host]\ncpu = "kabylake"\nvga = "igd"\n[firmware]\nkind = "ovmf"\n[rom]\nfile = "{image}"\n'
        return explain(RunDir.open(made(tmp_path / f"run {target}", text)), target)

    return ask


@pytest.mark.parametrize("way", ["direct", "by service"])
@pytest.mark.parametrize("path", DETOURS)
def test_followed(why, path, way):
    found = why(DETOURS[path] + (DIRECT if way == "direct" else BY_SERVICE))
    inputs = [node.text for node in found.nodes if node.kind == "input"]
    assert inputs, found.lines()
    assert all(text.startswith(tuple(f"config 00:02.0 @0x5{byte}" for byte in "CDEF")) for text in inputs), inputs
    assert all("the firmware put" in text and text.endswith("by PciIo.Pci.Read") for text in inputs), inputs
    assert not [node for node in found.nodes if node.kind == "answer"], found.lines()
    assert found.nodes[-1].text.startswith("GTT[0x1] written")
    assert found.nodes[-1].text.endswith("by PciIo.Mem.Write") == (way == "by service")
    assert [each.name for each in found.images] == ["program.efi"]


def test_a_fill_is_its_pattern_again_and_again(why):
    """EfiPciIoWidthFillUint32 (10): one value to four entries' dwords."""
    code = "mov eax, [value]\nmov [copy], eax\nmov eax, [decoy]\nmov [copy+4], eax\nstore 10, 0x800000, 4"
    found = why(code, "gtt[1]")
    (node,) = [node for node in found.nodes if node.kind == "input"]
    assert node.text.startswith("config 00:02.0 @0x5")


def test_a_long_row_has_each_value_from_its_own_place(why):
    """64 dwords are one access of the service: to entries 0 to 31, and back from them into a pool."""
    code = (
        "mov eax, [value]\nmov [copy+16], eax\nmov eax, [decoy]\nmov [copy+8], eax\nmov [copy+24], eax\n"
        "store 2, 0x800000, 64\nmov ecx, 4\nmov edx, 256\nlea r8, [copy]\ncall [r15+0x40]\nmov rcx, rbx\nmov edx, 2\n"
        "xor r8d, r8d\nmov r9d, 0x800000\nmov qword [rsp+0x20], 64\nmov rax, [copy]\nmov [rsp+0x28], rax\n"
        "call [rbx+0x10]\nmov rdx, [copy]\nmov eax, [rdx+16]\nmov ecx, [bar]\nmov [rcx+0x800190], eax"
    )
    for target in ("gtt[2]", "gtt[50]"):
        found = why(code, target)
        (node,) = [node for node in found.nodes if node.kind == "input"]
        assert node.text.startswith("config 00:02.0 @0x5")


def test_the_second_of_two_dwords_is_its_own(why):
    """A store of eight bytes reaches the device as two of four: each has its own half of the register."""
    code = "mov eax, [value]\nmov ecx, [decoy]\nshl rcx, 32\nor rax, rcx\nmov edx, [bar]\nmov [rdx+0x4F100], rax"
    low, high = (
        [node.text for node in why(code, target).nodes if node.kind == "input"]
        for target in ("mmio[0x4f100]", "mmio[0x4f104]")
    )
    assert len(low) == len(high) == 1
    assert low[0].startswith("config 00:02.0 @0x5")
    assert high[0].startswith("config 00:02.0 @0x08")


def test_the_decoy_is_found_when_it_is_what_was_written(why):
    found = why("mov eax, [decoy]" + DIRECT)
    (node,) = [node for node in found.nodes if node.kind == "input"]
    assert node.text.startswith("config 00:02.0 @0x08")


def test_a_constant_has_no_input(why):
    found = why("mov eax, 0x5A000000" + BY_SERVICE)
    assert [node for node in found.nodes if node.kind in ("input", "answer")] == []


def test_what_a_service_answered_is_named(why):
    """Stall's status has no source but the service."""
    found = why("mov ecx, 7\ncall [r15+0xF8]\nmov ecx, [bar]\nmov [rcx+0x4F100], eax", "mmio[0x4f100]")
    (node,) = [node for node in found.nodes if node.kind == "answer"]
    assert node.text == "Stall gave 0x0"
