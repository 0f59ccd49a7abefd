; SPDX-License-Identifier: GPL-2.0-or-later
; INT 10h: entry, dispatch by AH, and the functions that only report.

; Functions find the caller's AX, BX, CX, DX, DI and ES in the registers, DS = 0, BP at the saved registers (F_* in
; macros.asm), and may change anything but BP and DS. SI is not the caller's.
int10_entry:
        sti
        cld
        pushad
        push    ds
        push    es
        push    word 0
        pop     ds
        mov     bp, sp
        cmp     ah, 0x4F
        je      .vbe
        cmp     ah, (int10_table_end - int10_table) / 2
        jae     .other
        movzx   si, ah
        shl     si, 1
        call    [cs:int10_table + si]
        jmp     .return
.vbe:
        call    vbe
.return:
        pop     es
        pop     ds
        popad
        iret
; Not ours: the handler that was there before, if there was one.
.other:
        cmp     dword [cs:v_old_int10], 0
        pop     es
        pop     ds
        popad
        je      .nothing
        jmp     far [cs:v_old_int10]
.nothing:
        iret

int10_table:
        dw      f00_set_mode, f01_cursor_shape, f02_set_cursor, f03_get_cursor
        dw      ignored, f05_active_page, f06_scroll_up, f07_scroll_down
        dw      f08_read_cell, f09_write_cell, f0a_write_char, ignored
        dw      f0c_write_pixel, f0d_read_pixel, f0e_teletype, f0f_get_mode
        dw      f10_palette, f11_characters, f12_configuration, f13_string
        dw      ignored, ignored, ignored, ignored, ignored, ignored, f1a_display
int10_table_end:

ignored:
        ret

; AH=0Fh: columns, mode, active page.
f0f_get_mode:
        mov     al, [BDA_CONTROL]
        and     al, 0x80
        or      al, [BDA_MODE]
        mov     ah, [BDA_COLUMNS]
        mov     [F_AX], ax
        mov     al, [BDA_PAGE]
        mov     [F_BH], al
        ret

; AH=1Ah: AL=0 which display is active (colour VGA, no other), AL=1 set it.
f1a_display:
        cmp     al, 1
        ja      .done
        mov     byte [F_AL], 0x1A
        je      .set
        mov     al, [BDA_DCC]
        xor     ah, ah
        mov     [F_BX], ax
        ret
.set:
        mov     [BDA_DCC], bl
.done:
        ret
