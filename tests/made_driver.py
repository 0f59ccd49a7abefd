"""A UEFI driver of a page is assembled: its Start reads what a test names and returns a status by it.

Layout: PE32+ of UEFI 2.10, 2.1.1, and a driver binding (11.1) for a device whose vendor is Intel.
"""

import subprocess
from pathlib import Path

SOURCE = """
bits 64
org 0
    db "MZ"
    times 0x3c - ($ - $$) db 0
    dd pe
pe: db "PE", 0, 0
    dw 0x8664, 1
    dd 0, 0, 0
    dw optional_end - optional, 0x22
optional:
    dw 0x20b, 0
    dd 0x800, 0, 0, entry, 0x200
    dq 0
    dd 0x20, 0x20
    dw 0, 0, 0, 0, 0, 0
    dd 0, 0x1000, 0x200, 0
    dw 11, 0
    dq 0, 0, 0, 0
    dd 0, 6
    times 12 dd 0
optional_end:
    db ".text", 0, 0, 0
    dd 0xe00, 0x200, 0xe00, 0x200, 0, 0
    dw 0, 0
    dd 0xe0000060
    times 0x200 - ($ - $$) db 0
entry:
    push rbx
    sub rsp, 0x20
    mov rax, [rdx + 0x60]
    mov [rel boot], rax
    mov rbx, rcx
    lea rcx, [rel handle]
    lea rdx, [rel binding]
    mov [rdx + 32], rbx
    lea r8, [rel supported]
    mov [rdx], r8
    lea r8, [rel start]
    mov [rdx + 8], r8
    mov r9, rdx
    lea rdx, [rel guid]
    xor r8d, r8d
    call [rax + 0x80]
    mov rax, ENTRY
    add rsp, 0x20
    pop rbx
    ret
supported:
    mov ecx, 0x80001000
    call config
    mov ecx, eax
    movzx eax, ax
    cmp eax, 0x8086
    mov rax, 0x8000000000000003
    jne .out
    shr ecx, 16
    and ecx, 0xff00
    cmp ecx, IDS
    jne .out
    xor eax, eax
.out:
    ret
start:
    push rbx
    push rsi
    sub rsp, 0x28
    START
.good:
    xor eax, eax
    jmp .out
.bad:
    mov rax, STATUS
.out:
    add rsp, 0x28
    pop rsi
    pop rbx
    ret
config:
    mov eax, ecx
    mov dx, 0xcf8
    out dx, eax
    mov dx, 0xcfc
    in eax, dx
    ret
align 8
guid: db 0xab, 0x31, 0xa0, 0x18, 0x43, 0xb4, 0x1a, 0x4d, 0xa5, 0xc0, 0x0c, 0x09, 0x26, 0x1e, 0x9f, 0x71
boot: dq 0
handle: dq 0
binding: dq 0, 0, 0
    dd 0x10, 0
    dq 0, 0
    times 0x1000 - ($ - $$) db 0
"""
"""Offsets: the system table's boot services at 60h, InstallProtocolInterface at 80h of them (UEFI 2.10, 4.3, 4.4)."""

PCH = """
    mov ecx, 0x8000f800
    call config
    shr eax, 16
    cmp eax, 0x9d4e
    jne .bad
"""
"""Start gives up where 00:1f.0 is no 9d4e."""

POLL = """
    mov ecx, 0x80001010
    call config
    and eax, 0xfffffff0
    mov rsi, rax
    mov ebx, 10
.again:
    test dword [rsi + 0x45008], 1 << 30
    jnz .ready
    mov ecx, 100
    mov rax, [rel boot]
    call [rax + 0xf8]
    dec ebx
    jnz .again
    jmp .bad
.ready:
    mov eax, [rsi + 0x42000]
"""
"""Start asks DBUF_CTL's bit 30 ten times, a stall of 100 us between, and reads FUSE_STATUS once it is set."""


def make(
    nasm: str, folder: Path, start: str = "", *, entry: int = 0, status: int = 1 << 63 | 7, ids: int = 0x5900
) -> Path:
    """The driver's file: ``start`` is Start's code, which may jump to .bad, and then ``status`` is returned.

    ``entry``: what the entry point returns; ``ids``: the upper byte of the device ids that Supported takes.
    """
    source, out = folder / "driver.asm", folder / "driver.efi"
    text = SOURCE.replace("    START\n", start)
    for name, value in (("ENTRY", entry), ("STATUS", status), ("IDS", ids)):
        text = text.replace(name, f"{value:#x}")
    source.write_text(text)
    subprocess.run([nasm, "-Werror", "-f", "bin", "-o", str(out), str(source)], check=True)
    return out
