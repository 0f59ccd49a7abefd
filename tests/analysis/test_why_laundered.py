"""A value that takes detours is followed through each of them, and to nothing else.

A small ROM reads the upper half of BDSM, sends it on a detour, and writes it to the first GTT entry. In every ROM a
decoy is read and stored beside it, at the same place in the same way, that has no part in the entry.
"""

import subprocess
from pathlib import Path

import pytest
from analysis_runs import made
from handmade import rom

from fwsim.analysis.why import explain
from fwsim.results.folder import RunDir

PROLOGUE = """
bits 16
org 0x100
    pushad
    mov eax, 0x80001020          ; I/O BAR
    mov dx, 0xCF8
    out dx, eax
    mov dx, 0xCFC
    in ax, dx
    and ax, 0xFFFC
    mov bp, ax
    mov eax, 0x80001008          ; the decoy: revision and class, to ESI
    mov dx, 0xCF8
    out dx, eax
    mov dx, 0xCFC
    in eax, dx
    mov esi, eax
"""
READ = """
    mov eax, 0x8000105C
    mov dx, 0xCF8
    out dx, eax
    mov dx, 0xCFE
    in ax, dx
    shl eax, 16
"""
EPILOGUE = """
    or al, 1
    mov ebx, eax
    mov dx, bp
    mov eax, 1
    out dx, eax
    add dx, 4
    mov eax, ebx
    out dx, eax
    popad
    retf
"""
DETOURS = {
    "stack": "push esi\npush eax\nxor eax, eax\npop eax\npop esi",
    "pusha": "pushad\nxor eax, eax\nxor esi, esi\npopad",
    "call": "call other\njmp on\nother:\npush ebp\nmov ebp, esp\nmov [bp-8], eax\nxor eax, eax\nmov eax, [bp-8]\n"
    "pop ebp\nret\non:",
    "interrupt": "push es\nxor cx, cx\nmov es, cx\nmov word [es:0x180], handler\nmov word [es:0x182], cs\npop es\n"
    "xchg eax, ecx\nxor eax, eax\nint 0x60\njmp on\nhandler:\nmov eax, ecx\nmov ecx, esi\niret\non:",
    "string moves": "push es\nxor cx, cx\nmov ds, cx\nmov es, cx\nmov edi, esi\nmov [0x600], eax\nmov [0x604], edi\n"
    "mov si, 0x600\nmov di, 0x620\nmov cx, 8\ncld\nrep movsb\nxor eax, eax\nmov eax, [0x620]\npop es",
    "lods and stos": "push es\nxor cx, cx\nmov ds, cx\nmov es, cx\nmov di, 0x640\ncld\nstosd\nxor eax, eax\n"
    "mov si, 0x640\nlodsd\npop es",
    "arithmetic": "mov ecx, eax\nadd ecx, 0x12340000\nneg ecx\nnot ecx\nsub ecx, 0x1233FFFF\nlea eax, [ecx+0]",
    "rotation": "rol eax, 7\nbswap eax\nxchg al, ah\nxchg al, ah\nbswap eax\nror eax, 7",
    "exclusive or": "mov ecx, 0x5A5A5A5A\nxor eax, ecx\nxor esi, ecx\nxor eax, ecx",
    "table": "mov ecx, eax\nshr ecx, 24\nmov bx, table\nmov al, cl\ncs xlatb\nmovzx eax, al\nshl eax, 24\n"
    "jmp on\ntable:\n%assign i 0\n%rep 256\ndb i\n%assign i i+1\n%endrep\non:",
    "cmos": "mov ecx, eax\nshr ecx, 16\nmov al, 0x50\nout 0x70, al\nmov al, cl\nout 0x71, al\nmov al, 0x51\n"
    "out 0x70, al\nmov ax, si\nout 0x71, al\nmov al, 0x52\nout 0x70, al\nmov al, ch\nout 0x71, al\nxor ecx, ecx\n"
    "mov al, 0x52\nout 0x70, al\nin al, 0x71\nmov ah, al\nmov al, 0x50\nout 0x70, al\nxchg ah, ch\nin al, 0x71\n"
    "mov ah, ch\nmovzx eax, ax\nshl eax, 16",
    "scratch register": "mov ecx, eax\nmov dx, bp\nmov eax, 0x4F100\nout dx, eax\nadd dx, 4\nmov eax, ecx\n"
    "out dx, eax\nxor ecx, ecx\nsub dx, 4\nmov eax, 0x4F104\nout dx, eax\nadd dx, 4\nmov eax, esi\nout dx, eax\n"
    "sub dx, 4\nmov eax, 0x4F100\nout dx, eax\nadd dx, 4\nin eax, dx",
    "branches": "mov ecx, eax\nxor eax, eax\nmov ebx, 0x80000000\nagain:\ntest ecx, ebx\njz skip\nor eax, ebx\nskip:\n"
    "shr ebx, 1\ncmp ebx, 0x80000\njne again",
    "carry": "mov ecx, eax\nxor eax, eax\nmov bx, 32\nagain:\nshl ecx, 1\nrcl eax, 1\ndec bx\njnz again",
    "self-modified code": "mov [cs:patch+2], eax\nmov [cs:other+2], esi\njmp patch\nother:\nmov esi, 0\npatch:\n"
    "mov eax, 0x11111111",
    "partial registers": "mov ecx, eax\nshr ecx, 16\nmov dl, cl\nmov dh, ch\nxor ecx, ecx\nmov cx, si\n"
    "movzx eax, dh\nshl eax, 8\nmov al, dl\nshl eax, 16",
    "protected mode": "cli\nlgdt [cs:gdtr]\nmov ecx, cr0\nor cl, 1\nmov cr0, ecx\njmp short $+2\nmov edi, eax\n"
    "and cl, 0xFE\nmov cr0, ecx\njmp short $+2\nxor eax, eax\nmov eax, edi\njmp on\ngdtr: dw 7\ndd 0\non:",
}


@pytest.fixture
def why(tmp_path, require_program):
    nasm = require_program("nasm", "nasm")

    def ask(detour: str, target: str = "gtt[0]", toml: str = ""):
        source, code, image = (tmp_path / name for name in ("a.asm", "a.bin", "a.rom"))
        source.write_text(PROLOGUE + READ + detour + EPILOGUE)
        subprocess.run([nasm, "-fbin", "-o", code, source], check=True)
        image.write_bytes(rom(code.read_bytes(), blocks=8))
        text = f'[host]\ncpu = "sandybridge"\n[rom]\nfile = "{image}"\n{toml}'
        return explain(RunDir.open(made(tmp_path / "run", text)), target)

    return ask


@pytest.mark.parametrize("path", DETOURS)
def test_followed(why, path):
    found = why(DETOURS[path])
    inputs = [node.text.partition(" read ")[0] for node in found.nodes if node.kind == "input"]
    assert inputs, found.lines()
    assert all(text.startswith(("config 00:02.0 @0x5E", "config 00:02.0 @0x5F")) for text in inputs), found.lines()
    assert found.nodes[-1].text.startswith("GTT[0x1] written")


def test_a_constant_has_no_source_but_the_rom(why):
    found = why("mov eax, 0x5A000000")
    assert [node for node in found.nodes if node.kind in ("input", "answer")] == []
    assert any("of the file" in node.text or "image on disk" in node.text for node in found.nodes)


def test_the_decoy_is_found_when_it_is_what_was_written(why):
    found = why("mov eax, esi\nand eax, 0xFFFF0000")
    inputs = [node.text for node in found.nodes if node.kind == "input"]
    assert len(inputs) == 1
    assert inputs[0].startswith("config 00:02.0 @0x0A")


def test_an_answer_of_the_bios(why):
    toml = '[rom.int15]\n"5f99" = { ax = 0x005f, cx = 0x1234 }\n'
    found = why("mov ax, 0x5F99\nxor cx, cx\nint 0x15\nmovzx eax, cx\nshl eax, 16", toml=toml)
    answers = [node.text for node in found.nodes if node.kind == "answer"]
    assert answers == ["INT 15h AX=5F99 answered 0x1234 (rom.int15 of the scenario)"]


def test_config_by_the_pci_bios(why):
    found = why("mov ax, 0xB109\nmov bx, 0x0010\nmov di, 0x5E\nint 0x1A\nmovzx eax, cx\nshl eax, 16")
    answers = [node.text for node in found.nodes if node.kind == "answer"]
    assert len(answers) == 1
    assert answers[0].startswith("config 00:02.0 @0x5E read")
    assert "INT 1Ah AX=B109" in answers[0].upper().replace("INT 1AH", "INT 1Ah")


def test_an_older_window(why, monkeypatch):
    """The source lies further back than the steps that are kept at a time."""
    monkeypatch.setattr("fwsim.analysis.again.WINDOW", 1 << 8)
    found = why("push eax\nmov ecx, 2000\nagain:\ndec ecx\njnz again\npop eax")
    assert [n.text.partition(" read ")[0] for n in found.nodes if n.kind == "input"] == ["config 00:02.0 @0x5E"]


def test_real_paths_are_absolute(why):
    assert Path(why("nop").run).is_absolute()
