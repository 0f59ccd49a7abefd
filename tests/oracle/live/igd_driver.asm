; A UEFI driver in an option ROM that asks OVMF's page allocator for what VfioIgdPkg asks: the OpRegion's pages as ACPI
; NVS, then stolen memory as Reserved, 1 MiB aligned, both below 4 GiB; and writes ASLS and BDSM of 00:02.0.
;
; nasm -f bin -DDEVICE=0x0126 -DOPREGION=2 -DSTOLEN=0x2000 -DBDSM=0x5C -o driver.rom igd_driver.asm
;   OPREGION, STOLEN: pages; STOLEN 0 for none.   BDSM: the register, 0x5C or 0xC0.
; Sources: PCI Firmware Specification 3.0, 5.1 (ROM header, PCIR); UEFI Specification 2.10, 14.4.2 (EFI image in a ROM),
; 7.2 (AllocatePages, FreePages), 4.4 (boot services table); PE/COFF specification 3 and 4.
bits 64
org 0
PAGE     equ 0x1000
ALIGN_   equ 0x100                 ; pages in 1 MiB
ROM      equ 0x8000                ; OVMF does not look at ROMs of 2 KiB
SIZE     equ 0x7000                ; of the image in memory, as VfioIgdPkg's: it moves what lies below it

    db 0x55, 0xAA
    dw ROM / 512
    dd 0x0EF1                      ; EFI image
    dw 11, 0x8664, 0               ; boot service driver, x64, not compressed
    times 0x16 - ($ - $$) db 0
    dw image
    dw pcir
    align 4, db 0
pcir:
    db "PCIR"
    dw 0x8086, DEVICE, 0, 24
    db 3, 0, 0, 3                  ; revision 3; class 030000
    dw ROM / 512, 0
    db 3, 0x80                     ; EFI, the last image
    dw 0, 0, 0
    align 64, db 0

image:
    db "MZ"
    times 0x3C - ($ - image) db 0
    dd pe - image
pe:
    db "PE", 0, 0
    dw 0x8664, 1                   ; x64, one section
    dd 0, 0, 0
    dw optional_end - optional, 0x0022  ; executable, large addresses; may be moved
optional:
    dw 0x20B, 0
    dd text_end - text, 0, 0
    dd text - image, text - image
    dq 0                           ; base
    dd 0x20, 0x20                  ; alignment in memory and file
    dd 0, 0, 0, 0
    dd SIZE, text - image, 0       ; size of the image and of its headers
    dw 11, 0
    dq 0, 0, 0, 0
    dd 0, 6
    times 6 dq 0
optional_end:
    db ".text", 0, 0, 0
    dd SIZE - (text - image), text - image, text_end - text, text - image
    dd 0, 0, 0, 0xE0000020         ; code; execute, read, write
    align 0x20, db 0

text:                              ; RCX image handle, RDX system table
    push rbx
    push rsi
    sub rsp, 0x38
    mov rbx, [rdx + 0x60]          ; boot services
    mov edx, 10                    ; EfiACPIMemoryNVS
    mov r8d, OPREGION
    call below_4g
    jnz .done
    mov ecx, 0xFC
    mov edx, [rsp + 0x30]
    call config
%if STOLEN
    xor edx, edx                   ; EfiReservedMemoryType
    mov r8d, STOLEN + ALIGN_ - 1
    call below_4g
    jnz .done
    mov rsi, [rsp + 0x30]
    lea rdx, [rsi + ALIGN_ * PAGE - 1]
    and rdx, -(ALIGN_ * PAGE)
    mov [rsp + 0x28], rdx          ; the aligned base: what lies before and behind goes back
    mov rcx, rsi
    sub rdx, rsi
    shr rdx, 12
    mov rsi, rdx
    jz .head
    call [rbx + 0x30]              ; FreePages
.head:
    mov edx, ALIGN_ - 1
    sub rdx, rsi
    jz .tail
    mov rcx, [rsp + 0x28]
    add rcx, STOLEN * PAGE
    call [rbx + 0x30]
.tail:
    mov ecx, BDSM
    mov edx, [rsp + 0x28]
    call config
%endif
.done:
    lea rsi, [rel said]
    mov dx, 0x402                  ; the debug console: the boot has come this far
.next:
    lodsb
    out dx, al
    test al, al
    jnz .next
    xor eax, eax
    add rsp, 0x38
    pop rsi
    pop rbx
    ret

; AllocatePages(AllocateMaxAddress, EDX type, R8 pages): the address in the caller's [rsp + 0x30]; ZF set where it went well
below_4g:
    mov eax, 0xFFFFFFFF
    mov [rsp + 0x38], rax
    lea r9, [rsp + 0x38]
    mov ecx, 1
    sub rsp, 0x28
    call [rbx + 0x28]
    add rsp, 0x28
    test rax, rax
    ret

; write EDX to the dword at ECX of 00:02.0's configuration space
config:
    push rdx
    mov eax, 0x80001000            ; enable, bus 0, device 2, function 0
    or eax, ecx
    mov dx, 0xCF8
    out dx, eax
    pop rax
    mov dx, 0xCFC
    out dx, eax
    ret
said:
    db "IGD driver done", 10, 0
    align 0x20, db 0
text_end:
    times ROM - ($ - $$) db 0
