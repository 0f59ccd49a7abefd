; SPDX-License-Identifier: GPL-2.0-or-later
; Short forms used everywhere.

; Microseconds as ticks of the 3.579545 MHz PM timer, the unit of every time-out here.
%define US(n) (((n) * 3580) / 1000 + 1)

; Write a constant to a display register (MMIO offset) through the I/O BAR. Clobbers EAX, EBX.
%macro  wreg 2
        mov     ebx, %1
        mov     eax, %2
        call    mmio_write
%endmacro

; Set one register of an indexed VGA bank: port, index, value. Clobbers AX, DX.
%macro  vgareg 3
        mov     dx, %1
        mov     ax, ((%3) << 8) | (%2)
        out     dx, ax
%endmacro

; The caller's registers in INT 10h, relative to BP (see int10.asm).
%define F_ES    bp + 0
%define F_DI    bp + 4
%define F_BP    bp + 12
%define F_BX    bp + 20
%define F_BL    bp + 20
%define F_BH    bp + 21
%define F_DX    bp + 24
%define F_DL    bp + 24
%define F_DH    bp + 25
%define F_CX    bp + 28
%define F_CL    bp + 28
%define F_CH    bp + 29
%define F_AX    bp + 32
%define F_AL    bp + 32
%define F_AH    bp + 33

; BIOS data area, with DS = 0.
BDA_MODE        equ 0x449               ; current mode
BDA_COLUMNS     equ 0x44A
BDA_PAGE_SIZE   equ 0x44C
BDA_PAGE_START  equ 0x44E
BDA_CURSOR      equ 0x450               ; 8 words: column, row of each page
BDA_SHAPE       equ 0x460
BDA_PAGE        equ 0x462
BDA_CRTC        equ 0x463
BDA_MSR         equ 0x465
BDA_ROWS        equ 0x484               ; rows less one
BDA_HEIGHT      equ 0x485               ; scan lines of a character
BDA_CONTROL     equ 0x487
BDA_SWITCHES    equ 0x488
BDA_FLAGS       equ 0x489
BDA_DCC         equ 0x48A
BDA_VBE         equ 0x4BA               ; ours: the mode word of the last 4F02, 0 in a VGA mode
