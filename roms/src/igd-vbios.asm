; SPDX-License-Identifier: GPL-2.0-or-later
; fwsim's own video BIOS for Intel graphics of generations 6 to 9: the main file, in the order of the image.
;
;       nasm -f bin -o ../igd-vbios.rom igd-vbios.asm           (in this directory; see also the Makefile)
;       nasm -f bin -dPAIR -o ../igd-vbios-pair.rom igd-vbios.asm       (the one that asks a hypervisor)
;
; Everything is 16-bit code in one segment (C000h once shadowed), offset 0 = first byte of the ROM. The shadow is
; writable during POST only: what must change later lives in the BIOS data area.

        bits    16
        cpu     386
        org     0

ROM_BLOCKS      equ 128                 ; length in 512-byte blocks: 64 KiB

%include "checksum.asm"                 ; the two bytes that make the sums come out right
%include "macros.asm"

%include "header.asm"                   ; 0000h 55AA, PCIR, device list
%include "vars.asm"                     ; 0200h what POST finds out
%include "vbt.asm"                      ; 0300h $VBT
%include "pci.asm"                      ; CF8/CFC and the I/O BAR pair
%ifdef PAIR
%include "pair.asm"                     ; what a hypervisor says by its register pair
%endif
%include "timer.asm"                    ; time-outs
%include "stolen.asm"                   ; base and size of stolen memory, the GTT
%include "ddc.asm"                      ; EDID by GMBUS
%include "display.asm"                  ; CRT detection, PLL, pipe, FDI, plane
%include "vga.asm"                      ; modes 3, 12h and 13h
%include "text.asm"                     ; characters, cursor, scrolling, pixels
%include "palette.asm"                  ; INT 10h AH=10h, 11h, 12h
%include "int10.asm"                    ; the dispatcher and the small functions
%include "vbe.asm"                      ; INT 10h AH=4Fh
%include "post.asm"                     ; the entry at offset 3
%include "font.asm"                     ; made by font.py

        times ROM_BLOCKS * 512 - ($ - $$) db 0xFF
