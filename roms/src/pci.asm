; SPDX-License-Identifier: GPL-2.0-or-later
; Reaching the hardware: PCI configuration by CF8/CFC, and display registers by the I/O BAR's index and data ports.

; Configuration offsets are written (device << 11 | function << 8 | offset), all on bus 0.
VGA_DEVICE      equ 0x1002              ; 00:02.0
VGA_BAR2_HIGH   equ 0x101A              ; upper word of the aperture's address
VGA_IOBAR       equ 0x1020
HOST_GGC        equ 0x0050              ; 00:00.0, graphics control
LPC_DEVICE      equ 0xF802              ; 00:1f.0
LPC_PMBASE      equ 0xF840
PMC_PMBASE      equ 0xFA40              ; 00:1f.2, from Skylake's PCH on

; Read a configuration word. In: AX = device, function and offset. Out: AX. Keeps everything but EAX and EBX.
pci_read_word:
        movzx   ebx, ax
        jmp     pci_read_bus

; The same for any bus: EBX = bus << 16 | device << 11 | function << 8 | offset.
pci_read_bus:
        push    dx
        mov     eax, ebx
        and     al, 0xFC
        or      eax, 0x80000000
        mov     dx, 0xCF8
        out     dx, eax
        mov     dx, 0xCFC
        and     bl, 2
        add     dl, bl
        in      ax, dx
        pop     dx
        ret

; Read a display register. In: EBX = MMIO offset. Out: EAX. Index bit 0 clear selects registers, set selects the GTT.
mmio_read:
        push    dx
        mov     dx, [cs:v_iobar]
        mov     eax, ebx
        out     dx, eax
        add     dx, 4
        in      eax, dx
        pop     dx
        ret

; Write a display register. In: EBX = MMIO offset, EAX = value.
mmio_write:
        push    dx
        mov     dx, [cs:v_iobar]
        xchg    eax, ebx
        out     dx, eax
        xchg    eax, ebx
        add     dx, 4
        out     dx, eax
        pop     dx
        ret

; Wait until (register & ECX) == EDX. In: EBX = MMIO offset, ESI = longest wait in ticks.
; Out: EAX = last value, CF set when time ran out. Clobbers ESI.
mmio_wait:
        push    edi
        call    mmio_read
        push    eax
        and     eax, ecx
        cmp     eax, edx
        pop     eax
        je      .met
        call    timer_start
.again:
        call    timer_step
        pushf
        call    mmio_read
        push    eax
        and     eax, ecx
        cmp     eax, edx
        pop     eax
        je      .met_late
        popf
        jnc     .again
        pop     edi
        ret
.met_late:
        popf
.met:
        clc
        pop     edi
        ret
