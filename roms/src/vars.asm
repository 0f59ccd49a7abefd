; SPDX-License-Identifier: GPL-2.0-or-later
; What POST finds out and keeps in its own shadow. These offsets are documented in roms/README.md.
; The stolen base is the one that matters: it is zero in the file and stays in a shadow that has been POSTed, so a copy of
; the shadow carries the host's base with it. The stored values also make the 8-bit sum of the shadow wrong, and nothing
; corrects it: many real shadows are like that.

v_stolen_base   dd 0                    ; 0200h  base of stolen memory; 0 = not read yet
v_entries       dd 0                    ; 0204h  GTT entries written
v_vga_id        dw 0                    ; 0208h  device id of the display device
v_lpc_id        dw 0                    ; 020Ah  device id at 00:1f.0
v_iobar         dw 0                    ; 020Ch  first port of the I/O BAR
v_pm_timer      dw 0                    ; 020Eh  port of the PM timer; 0 = use the refresh toggle
v_gen           db 0                    ; 0210h  6, 7, 8 or 9
v_path          db 0                    ; 0211h  one of PATH_*
v_crt           db 0                    ; 0212h  1 = a monitor answers on the analog output
v_edid_valid    db 0                    ; 0213h  1 = v_edid holds a sound block
v_old_int10     dd 0                    ; 0214h  the vector found at POST
                dd 0, 0
v_edid          times 128 db 0          ; 0220h  block 0 of the monitor

PATH_FDI        equ 0                   ; Sandy and Ivy Bridge: FDI to the PCH, PLL in the PCH
PATH_LPT        equ 1                   ; Haswell and Broadwell: DDI E to the PCH, fixed PLL
PATH_SKL        equ 2                   ; gen 9: universal planes, nothing analog

        times 0x300 - ($ - rom_start) db 0
