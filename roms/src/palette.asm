; SPDX-License-Identifier: GPL-2.0-or-later
; INT 10h AH=10h (palette), 11h (characters), 12h (configuration).

; AH=10h, by AL. What is not here is ignored.
f10_palette:
        cmp     al, 0x00
        je      .one
        cmp     al, 0x01
        je      .border
        cmp     al, 0x02
        je      .all
        cmp     al, 0x03
        je      .blink
        cmp     al, 0x07
        je      .read_one
        cmp     al, 0x10
        je      .dac_one
        cmp     al, 0x12
        je      .dac_block
        cmp     al, 0x15
        je      .dac_read_one
        cmp     al, 0x17
        je      .dac_read_block
        ret
.border:                                ; BH = border colour
        mov     bl, 0x11
.one:                                   ; attribute register BL = BH
        call    attribute_open
        mov     al, bl
        and     al, 0x1F
        out     dx, al
        mov     al, bh
        out     dx, al
        jmp     attribute_close
.all:                                   ; ES:DX = 16 registers and the border
        mov     si, dx
        call    attribute_open
        xor     cl, cl
.each:
        mov     al, cl
        cmp     al, 16
        jb      .index
        inc     al                      ; the border is register 11h
.index:
        out     dx, al
        mov     al, [es:si]
        out     dx, al
        inc     si
        inc     cl
        cmp     cl, 17
        jb      .each
        jmp     attribute_close
.blink:                                 ; BL = 1 blink, 0 sixteen backgrounds
        call    attribute_open
        mov     al, 0x10
        out     dx, al
        inc     dx
        in      al, dx
        dec     dx
        and     al, 0xF7
        and     bl, 1
        shl     bl, 3
        or      al, bl
        out     dx, al
        jmp     attribute_close
.read_one:                              ; BH = attribute register BL
        call    attribute_open
        mov     al, bl
        and     al, 0x1F
        out     dx, al
        inc     dx
        in      al, dx
        mov     [F_BH], al
        jmp     attribute_close
.dac_one:                               ; entry BX = DH, CH, CL
        mov     ah, dh
        mov     dx, 0x3C8
        mov     al, bl
        out     dx, al
        inc     dx
        mov     al, ah
        out     dx, al
        mov     al, ch
        out     dx, al
        mov     al, cl
        out     dx, al
        ret
.dac_block:                             ; CX entries from BX on, at ES:DX
        mov     si, dx
        mov     dx, 0x3C8
        mov     al, bl
        out     dx, al
        inc     dx
        jcxz    .done
.write:
        mov     al, [es:si]
        out     dx, al
        mov     al, [es:si + 1]
        out     dx, al
        mov     al, [es:si + 2]
        out     dx, al
        add     si, 3
        loop    .write
.done:
        ret
.dac_read_one:                          ; entry BL in DH, CH, CL
        mov     dx, 0x3C7
        mov     al, bl
        out     dx, al
        mov     dx, 0x3C9
        in      al, dx
        mov     [F_DH], al
        in      al, dx
        mov     [F_CH], al
        in      al, dx
        mov     [F_CL], al
        ret
.dac_read_block:                        ; CX entries from BX on, to ES:DX
        mov     di, dx
        mov     dx, 0x3C7
        mov     al, bl
        out     dx, al
        mov     dx, 0x3C9
        jcxz    .done
.read:
        in      al, dx
        stosb
        in      al, dx
        stosb
        in      al, dx
        stosb
        loop    .read
        ret

; The attribute controller: next write to 3C0 is an index. Out: DX = 3C0h. Clobbers AL.
attribute_open:
        mov     dx, 0x3DA
        in      al, dx
        mov     dx, 0x3C0
        ret
; Screen on again.
attribute_close:
        mov     dx, 0x3DA
        in      al, dx
        mov     dx, 0x3C0
        mov     al, 0x20
        out     dx, al
        ret

; AH=11h, by AL: 00h/10h load characters at ES:BP, 02h/12h our 8x8, 04h/14h our 8x16, 30h where a font is.
f11_characters:
        cmp     al, 0x30
        je      .where
        call    mode_class_of_page
        jne     .done                   ; graphics modes use INT 43h
        mov     ah, al
        and     ah, 0xEF                ; 1xh: the rows are set anew, as is the cursor; we do it always
        cmp     ah, 0x00
        je      .user
        mov     si, font8
        mov     bh, 8
        cmp     ah, 0x02
        je      .ours
        mov     si, font16
        mov     bh, 16
        cmp     ah, 0x04
        jne     .done
.ours:
        and     bl, 7
        mov     cx, 256
        xor     dx, dx
        push    bx
        call    font_load
        pop     bx
        jmp     .rows
.user:
        mov     si, [F_BP]
        push    ax
        push    bx
        and     bl, 7
        mov     al, 1
        call    font_load_from
        pop     bx
        pop     ax
        test    al, 0x10
        jz      .done
.rows:
        test    bh, bh
        jz      .done
        mov     [BDA_HEIGHT], bh
        mov     ax, 400
        div     bh
        dec     al
        mov     [BDA_ROWS], al
        mov     dx, 0x3D4
        mov     al, 0x09
        mov     ah, bh
        dec     ah
        or      ah, 0x40
        out     dx, ax
        mov     al, 0x0A                ; cursor in the last two lines
        mov     ah, bh
        sub     ah, 2
        out     dx, ax
        inc     al
        inc     ah
        out     dx, ax
.done:
        ret
; BH = 0 INT 1Fh, 1 INT 43h, 2 and 5 nothing of ours but 8x16, 3 8x8, 4 upper half of 8x8, 6 and 7 8x16.
.where:
        mov     al, [BDA_HEIGHT]
        xor     ah, ah
        mov     [F_CX], ax
        mov     al, [BDA_ROWS]
        mov     [F_DL], al
        mov     ax, [0x1F * 4]
        mov     dx, [0x1F * 4 + 2]
        cmp     bh, 1
        jb      .answer
        mov     ax, [0x43 * 4]
        mov     dx, [0x43 * 4 + 2]
        je      .answer
        mov     dx, cs
        mov     ax, font8
        cmp     bh, 3
        je      .answer
        mov     ax, font8 + 128 * 8
        cmp     bh, 4
        je      .answer
        mov     ax, font16
.answer:
        mov     [F_BP], ax
        mov     [F_ES], dx
        ret

; AH=12h, by BL: 10h what is fitted, 30h..34h accepted, 36h screen off and on.
f12_configuration:
        cmp     bl, 0x10
        je      .fitted
        cmp     bl, 0x36
        je      .screen
        cmp     bl, 0x30
        jb      .done
        cmp     bl, 0x34
        ja      .done
.accepted:
        mov     byte [F_AL], 0x12
.done:
        ret
.fitted:
        mov     word [F_BX], 0x0003     ; colour, 256 KiB
        mov     al, [BDA_SWITCHES]
        and     ax, 0x000F
        mov     [F_CX], ax
        ret
.screen:
        mov     bl, al
        mov     dx, 0x3C4
        mov     al, 1
        out     dx, al
        inc     dx
        in      al, dx
        and     al, 0xDF
        and     bl, 1
        shl     bl, 5
        or      al, bl
        out     dx, al
        jmp     .accepted
