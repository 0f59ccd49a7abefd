; SPDX-License-Identifier: GPL-2.0-or-later
; A boot sector that reads and writes each function of bus 0 by CF8 and CFC and by the memory-mapped window.
;
;   nasm -f bin -DDO=STAY -o config-stay.img config-space.asm
;
; DO: STAY    looks, once
;     MOVE    looks, moves the window 1 GiB down, looks again, and reads each function where the window was
;     OFF     looks, switches the window off, and reads each function where it was
;     RAM     looks, moves the window to 256 MiB, where there is RAM, looks again
;     BAR     looks, moves the window to the first BAR of 00:02.0 that is 16 MiB or larger, looks again
;     TWICE   looks, moves the window 1 GiB down, then 256 MiB more, looks after each
;
; A look: dword 0 and, where there is one, the dword at 100h of each function by the window; the byte 3Ch (interrupt
; line) written by each way and read by the other; the dword at 108h written by the window and read back.
; Facts: PCI Local Bus 3.0, 3.2.2.3.2 and 6.2.4; PCI Express Base 5.0, 7.2.2; Intel 3 Series datasheet, PCIEXBAR.

%define STAY 0
%define MOVE 1
%define OFF 2
%define RAM 3
%define BAR 4
%define TWICE 5
%ifndef DO
%define DO STAY
%endif

FOUND           equ 0x600               ; devfn of each function that is there
BRIDGE          equ 0x80000000          ; 00:00.0, by configuration mechanism 1
PCIEXBAR        equ 0x60
IGD             equ 0x80001000
BASE_BITS       equ 0xFC000000
DOWN            equ 0x40000000
MORE            equ 0x10000000
LARGE           equ 0x01000000

        cpu 386
        bits 16
        org 0x7C00

start:  cli
        cld
        xor bx, bx
        mov ds, bx
        mov es, bx
        lgdt [gdt]                      ; FS reaches all 4 GiB
        mov eax, cr0
        inc ax
        mov cr0, eax
        mov bl, 8
        mov fs, bx
        dec ax
        mov cr0, eax

        mov di, FOUND                   ; who is there
        mov esi, BRIDGE
.next:  mov bl, 0
        call read
        inc ax
        jz .none
        mov ax, si
        mov al, ah
        stosb
.none:  add si, 0x100
        jnc .next
        mov [end], di

        call look
%if DO == MOVE || DO == TWICE
        mov eax, [base]
        mov [left], eax
        sub eax, DOWN
        call move
        call look
%endif
%if DO == TWICE
        mov eax, [left]
        sub eax, DOWN + MORE
        call move
        call look
%endif
%if DO == RAM
        mov eax, MORE                   ; 256 MiB
        call move
        call look
%endif
%if DO == BAR
        mov esi, IGD
        mov bl, 0x10
.bar:   call read
        mov edi, eax
        or eax, byte -1
        call write
        call read
        xchg eax, edi
        call write
        and di, byte -16
        neg edi
        cmp edi, LARGE
        jae .large
        add bl, 4
        cmp bl, 0x28
        jb .bar
.large: and eax, BASE_BITS
        call move
        call look
%endif
%if DO == OFF
        mov eax, [base]
        mov [left], eax
        call switch_off
%endif
%if DO == OFF || DO == MOVE
        mov eax, [left]                 ; where it was
        mov [base], eax
        mov bp, FOUND
.old:   call place
        mov eax, [fs:edi]
        inc bp
        cmp bp, [end]
        jb .old
%endif
        sti
        retf

%if DO != STAY
; PCIEXBAR: off, then EAX with the length as it was, on.
move:   push eax
        call switch_off
        pop ecx
        and al, 6
        or eax, ecx
        or al, 1
        jmp write
switch_off:
        mov esi, BRIDGE
        mov bl, PCIEXBAR
        call read
        and al, ~1
        push eax
        call write
        pop eax
        and eax, 0xFF
        ret
%endif

; Each function that is there, by the window where PCIEXBAR says that it is.
look:   mov esi, BRIDGE
        mov bl, PCIEXBAR
        call read
        test al, 1
        jz .off
        and eax, BASE_BITS
        mov [base], eax
        mov bp, FOUND
.next:  call place
        mov eax, [fs:edi]
        mov eax, [fs:edi + 0x100]
        mov ax, 0x5A
        mov bl, 0x3C
        call select
        out dx, al
        mov al, [fs:edi + 0x3C]
        mov byte [fs:edi + 0x3C], 0xA5
        call select
        in al, dx
        mov dword [fs:edi + 0x108], 0x600DF00D
        mov eax, [fs:edi + 0x108]
        inc bp
        cmp bp, [end]
        jb .next
.off:   ret

place:  movzx esi, byte [bp]            ; EDI: its place in the window, ESI: for CF8
        mov edi, esi
        shl edi, 12
        add edi, [base]
        shl esi, 8
        or esi, BRIDGE
        ret

read:   call select                     ; EAX = the dword BL
        in eax, dx
        ret

select: push eax
        mov eax, esi
        mov al, bl
        mov dx, 0xCF8
        out dx, eax
        mov dl, 0xFC
        pop eax
        ret

write:  call select                     ; EAX to the dword BL
        out dx, eax
        ret

base:   dd 0
left:   dd 0
end:    dw 0

        align 4
gdt:    dw 15                           ; its own first entry is not used
        dd gdt
        dw 0
        dq 0x00CF92000000FFFF

        times 510 - ($ - $$) db 0
        dw 0xAA55
