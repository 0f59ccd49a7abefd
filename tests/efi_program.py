"""A small UEFI driver, assembled by nasm into a PE32+ image: it binds to the display device, and Start runs some code.

In that code RBX is the device's PciIo, R15 the boot services; ``value`` is a dword in memory, ``decoy`` another.
"""

import subprocess
from pathlib import Path

_HEADERS = """
bits 64
default rel
org 0
    db 'MZ'
    times 0x3C-($-$$) db 0
    dd pe
pe: db 'PE', 0, 0
    dw 0x8664, 1
    dd 0, 0, 0
    dw optional_end-optional, 0x22
optional:
    dw 0x20B
    db 0, 0
    dd image_end-code, 0, 0, entry, code
    dq 0                         ; base
    dd 0x200, 0x200
    dw 0, 0, 0, 0, 0, 0
    dd 0, image_end, 0x200, 0
    dw 11, 0                     ; boot service driver
    dq 0, 0, 0, 0
    dd 0, 16
    times 16 dq 0
optional_end:
    db '.text', 0, 0, 0
    dd image_end-code, code, image_end-code, code, 0, 0
    dw 0, 0
    dd 0xE0000020
    times 0x200-($-$$) db 0
"""
_DRIVER = """
code:
entry:                           ; (image, system table): install a DriverBinding on the image's handle
    sub rsp, 0x28
    mov [image], rcx
    mov [binding+24+8], rcx
    mov [binding+24+16], rcx
    mov rax, [rdx+0x60]
    mov [services], rax
    lea rcx, [supported]
    mov [binding], rcx
    lea rcx, [start]
    mov [binding+8], rcx
    lea rcx, [image]
    lea rdx, [binding_guid]
    xor r8, r8
    lea r9, [binding]
    call [rax+0x80]              ; InstallProtocolInterface
    add rsp, 0x28
    ret
supported:
    xor eax, eax
    ret
start:                           ; (binding, controller, path)
    push rbx
    push rsi
    push rdi
    push r12
    push r13
    push r14
    push r15
    sub rsp, 0x60
    mov r15, [services]
    mov rcx, rdx
    mov [rsp+0x20], rdx
    mov qword [rsp+0x28], 0x10   ; BY_DRIVER
    lea rdx, [pci_guid]
    lea r8, [pci]
    mov r9, [image]
    call [r15+0x118]             ; OpenProtocol
    mov rbx, [pci]
    config 0x5C, value
    config 0x08, decoy
    config 0x10, bar
    and dword [bar], 0xFFFFFFF0
    bits 64
%include "detour.inc"
    add rsp, 0x60
    pop r15
    pop r14
    pop r13
    pop r12
    pop rdi
    pop rsi
    pop rbx
    xor eax, eax
    ret
align 8
binding: dq 0, 0, 0, 0x10, 0, 0
binding_guid: dd 0x18a031ab
    dw 0xb443, 0x4d1a
    db 0xa5, 0xc0, 0x0c, 0x09, 0x26, 0x1e, 0x9f, 0x71
pci_guid: dd 0x4cf5b200
    dw 0x68b8, 0x4ca5
    db 0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a
image: dq 0
services: dq 0
pci: dq 0
value: dq 0
decoy: dq 0
bar: dq 0
copy: times 16 dq 0
    times 0x800-($-$$) db 0
image_end:
"""
_MACROS = """
%macro config 2                  ; PciIo.Pci.Read of a dword at %1 to %2
    mov rcx, rbx
    mov edx, 2
    mov r8d, %1
    mov r9d, 1
    lea rax, [%2]
    mov [rsp+0x20], rax
    call [rbx+0x30]
%endmacro
%macro store 3                   ; PciIo.Mem.Write, width %1: to offset %2 of BAR 0, %3 times what lies at [copy]
    mov rcx, rbx
    mov edx, %1
    xor r8d, r8d
    mov r9d, %2
    mov qword [rsp+0x20], %3
    lea rax, [copy]
    mov [rsp+0x28], rax
    call [rbx+0x18]
%endmacro
"""


def efi_program(nasm: str, folder: Path, code: str) -> Path:
    """The image of a driver whose Start runs ``code`` (``_MACROS`` may be used there)."""
    source, image = folder / "program.asm", folder / "program.efi"
    (folder / "detour.inc").write_text(code)
    source.write_text(_MACROS + _HEADERS + _DRIVER)
    subprocess.run([nasm, "-fbin", f"-I{folder}/", "-o", image, source], check=True)
    return image
