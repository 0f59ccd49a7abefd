; SPDX-License-Identifier: GPL-2.0-or-later
; Characters, cursor, scrolling and pixels, in text and in the two graphics modes. DS = 0 throughout.

; What scrolling must know of each class: segment, bytes a line, bytes a column, lines a row.
scroll_shapes:  dw 0xB800, 160, 2, 1
                dw 0xA000, 80, 1, 16
                dw 0xA000, 320, 8, 8

; AH=01h: cursor shape in CX. Shapes given for 8-line characters are stretched to 16, as IBM's BIOS does.
f01_cursor_shape:
        mov     [BDA_SHAPE], cl
        mov     [BDA_SHAPE + 1], ch
        cmp     byte [BDA_HEIGHT], 16
        jb      .write
        test    ch, 0x20
        jnz     .write
        cmp     cl, 8
        jae     .write
        cmp     ch, 8
        jae     .write
        shl     cl, 1
        cmp     cl, 14
        jae     .start
        inc     cl
.start:
        test    ch, ch
        jz      .write
        shl     ch, 1
        dec     ch
        cmp     ch, 11
        jb      .write
        add     ch, 2
.write:
        mov     dx, 0x3D4
        mov     al, 0x0A
        mov     ah, ch
        out     dx, ax
        inc     al
        mov     ah, cl
        out     dx, ax
        ret

; AH=02h: cursor of page BH to row DH, column DL.
f02_set_cursor:
        call    set_cursor
        ret

; Store the cursor DX of page BH; show it when that is the active page of a text mode. Keeps all.
set_cursor:
        pusha
        mov     al, bh
        and     bx, 0x0700
        shr     bx, 7
        mov     [BDA_CURSOR + bx], dx
        cmp     al, [BDA_PAGE]
        jne     .done
        call    mode_class
        cmp     al, CLASS_TEXT
        jne     .done
        mov     al, dh
        mul     byte [BDA_COLUMNS]
        xor     dh, dh
        add     ax, dx
        mov     cx, [BDA_PAGE_START]
        shr     cx, 1
        add     cx, ax
        mov     dx, 0x3D4
        mov     al, 0x0E
        mov     ah, ch
        out     dx, ax
        inc     al
        mov     ah, cl
        out     dx, ax
.done:
        popa
        ret

; The cursor of page BH in DX. Keeps the rest.
get_cursor:
        push    bx
        and     bx, 0x0700
        shr     bx, 7
        mov     dx, [BDA_CURSOR + bx]
        pop     bx
        ret

; AH=03h: cursor of page BH in DX, shape in CX.
f03_get_cursor:
        call    get_cursor
        mov     [F_DX], dx
        mov     ax, [BDA_SHAPE]
        mov     [F_CX], ax
        ret

; AH=05h: show page AL.
f05_active_page:
        call    mode_class_of_page
        jne     .done
        and     ax, 7
        mov     [BDA_PAGE], al
        mov     bx, ax
        mul     word [BDA_PAGE_SIZE]
        mov     [BDA_PAGE_START], ax
        shr     ax, 1
        mov     cx, ax
        mov     dx, 0x3D4
        mov     al, 0x0C
        mov     ah, ch
        out     dx, ax
        inc     al
        mov     ah, cl
        out     dx, ax
        mov     bh, bl
        call    get_cursor
        call    set_cursor
.done:
        ret
; ZF set in a text mode. Keeps all.
mode_class_of_page:
        push    ax
        call    mode_class
        cmp     al, CLASS_TEXT
        pop     ax
        ret

; AH=06h, 07h: scroll the window CX..DX of the active page up or down by AL rows (0: clear it); BH = attribute.
f06_scroll_up:
        xor     ah, ah
        jmp     scroll
f07_scroll_down:
        mov     ah, 1

; AH = 0 up, 1 down. Clobbers all but BP, DS.
scroll:
        push    ds
        push    es
        push    bp
        mov     bp, sp
        sub     sp, 12
%define S_LINE  bp - 2                  ; bytes from one line to the next, negative when going down
%define S_COUNT bp - 4                  ; lines to move
%define S_CLEAR bp - 6                  ; lines to clear
%define S_WIDTH bp - 8                  ; bytes of a line inside the window
%define S_FILL  bp - 10                 ; attribute
%define S_CLASS bp - 12
        mov     [S_FILL], bh
        push    ax
        call    mode_class
        mov     [S_CLASS], al
        mov     bl, al
        pop     ax
        cmp     bl, CLASS_NONE
        je      .out
        cmp     dl, [BDA_COLUMNS]
        jb      .rows
        mov     dl, [BDA_COLUMNS]
        dec     dl
.rows:
        cmp     dh, [BDA_ROWS]
        jbe     .order
        mov     dh, [BDA_ROWS]
.order:
        sub     dl, cl                  ; columns - 1
        jb      .out
        sub     dh, ch                  ; rows - 1
        jb      .out
        inc     dl
        inc     dh
        test    al, al
        jz      .whole
        cmp     al, dh
        jbe     .shape
.whole:
        mov     al, dh
.shape:
        xor     bh, bh
        shl     bx, 3
        add     bx, scroll_shapes
        push    word [cs:bx]
        pop     es
        mov     di, [cs:bx + 2]
        mov     [S_LINE], di
        ; from here AH = direction, AL = rows to scroll, CH/CL = first row, column, DH/DL = rows, columns
        push    ax
        movzx   ax, al
        mul     byte [cs:bx + 6]
        mov     [S_CLEAR], ax
        mov     al, dh
        mul     byte [cs:bx + 6]
        push    ax                      ; lines of the window
        sub     ax, [S_CLEAR]
        mov     [S_COUNT], ax
        mov     al, dl
        mul     byte [cs:bx + 4]
        mov     [S_WIDTH], ax
        ; DI = first byte: (first row * lines a row) * bytes a line + first column * bytes a column + page
        mov     al, ch
        mul     byte [cs:bx + 6]
        mul     word [S_LINE]
        mov     di, ax
        mov     al, cl
        mul     byte [cs:bx + 4]
        add     di, ax
        add     di, [BDA_PAGE_START]
        mov     ax, [S_CLEAR]
        mul     word [S_LINE]
        mov     si, ax                  ; distance from target to source
        pop     cx                      ; lines of the window
        pop     ax
        test    ah, ah
        jz      .up
        dec     cx                      ; down: start at the last line and go backwards
        mov     ax, [S_LINE]
        mul     cx
        add     di, ax
        neg     si
        neg     word [S_LINE]
.up:
        cmp     byte [S_CLASS], CLASS_PLANAR
        jne     .move
        vgareg  0x3CE, 5, 0x01          ; write mode 1: the four latches
.move:
        push    es
        pop     ds
        mov     dx, [S_COUNT]
        mov     bx, si
        test    dx, dx
        jz      .clear
.line:
        lea     si, [bx + di]
        push    di
        mov     cx, [S_WIDTH]
        rep     movsb
        pop     di
        add     di, [S_LINE]
        dec     dx
        jnz     .line
.clear:
        mov     al, ' '
        mov     ah, [S_FILL]
        cmp     byte [S_CLASS], CLASS_TEXT
        je      .blank
        mov     al, ah
        cmp     byte [S_CLASS], CLASS_PLANAR
        jne     .solid
        mov     bl, al
        vgareg  0x3CE, 5, 0x00
        vgareg  0x3CE, 1, 0x0F          ; all planes from set/reset
        mov     ah, bl
        xor     al, al
        out     dx, ax
        mov     al, bl
.solid:
        mov     ah, al
.blank:
        mov     dx, [S_CLEAR]
.blank_line:
        push    di
        mov     cx, [S_WIDTH]
        shr     cx, 1
        rep     stosw
        jnc     .even                   ; CF is the bit shifted out: an odd byte is left
        stosb
.even:
        pop     di
        add     di, [S_LINE]
        dec     dx
        jnz     .blank_line
        cmp     byte [S_CLASS], CLASS_PLANAR
        jne     .out
        vgareg  0x3CE, 1, 0x00
        vgareg  0x3CE, 0, 0x00
.out:
        mov     sp, bp
        pop     bp
        pop     es
        pop     ds
        ret

; DI = byte offset of cell DX of page BH in the text buffer. Keeps the rest.
cell_offset:
        push    ax
        push    dx
        mov     al, dh
        mul     byte [BDA_COLUMNS]
        xor     dh, dh
        add     ax, dx
        shl     ax, 1
        mov     di, ax
        mov     al, bh
        and     ax, 7
        mul     word [BDA_PAGE_SIZE]
        add     di, ax
        pop     dx
        pop     ax
        ret

; AH=08h: character and attribute at the cursor of page BH.
f08_read_cell:
        call    mode_class_of_page
        mov     word [F_AX], 0
        jne     .done
        call    get_cursor
        call    cell_offset
        mov     ax, 0xB800
        mov     es, ax
        mov     ax, [es:di]
        mov     [F_AX], ax
.done:
        ret

; AH=09h: character AL with attribute BL, CX times from the cursor of page BH on. AH=0Ah keeps the attribute.
f09_write_cell:
        mov     ah, 1
        jmp     write_cells
f0a_write_char:
        xor     ah, ah
write_cells:
        jcxz    .done
        call    get_cursor
.one:
        call    put_cell
        inc     dl
        cmp     dl, [BDA_COLUMNS]
        jb      .next
        xor     dl, dl
        inc     dh
        cmp     dh, [BDA_ROWS]
        ja      .done
.next:
        loop    .one
.done:
        ret

; Put character AL at DX of page BH: BL = attribute, used in text when AH = 1 and always in graphics. Keeps all.
put_cell:
        pusha
        push    es
        mov     si, ax
        call    mode_class
        cmp     al, CLASS_NONE
        je      .done
        cmp     al, CLASS_PLANAR
        je      .planar
        ja      .packed
        call    cell_offset
        mov     ax, 0xB800
        mov     es, ax
        mov     ax, si
        stosb
        test    ah, ah
        jz      .done
        mov     al, bl
        stosb
.done:
        pop     es
        popa
        ret
.planar:
        call    glyph
        mov     al, dh                  ; 16 lines of 80 bytes a row
        xor     ah, ah
        imul    ax, ax, 16 * 80
        xor     dh, dh
        add     ax, dx
        mov     di, ax
        mov     ax, 0xA000
        mov     es, ax
        vgareg  0x3CE, 5, 0x02          ; write mode 2: the colour is in the byte written
        test    bl, 0x80
        jz      .lines
        vgareg  0x3CE, 3, 0x18          ; exclusive or
.lines:
        mov     cx, 16
.line:
        mov     al, 0x08
        mov     ah, [fs:si]
        out     dx, ax
        mov     al, [es:di]             ; fill the latches
        mov     [es:di], bl
        test    bl, 0x80
        jnz     .drawn
        mov     al, 0x08
        not     ah
        out     dx, ax
        mov     al, [es:di]
        mov     byte [es:di], 0
.drawn:
        inc     si
        add     di, 80
        loop    .line
        vgareg  0x3CE, 8, 0xFF
        vgareg  0x3CE, 3, 0x00
        vgareg  0x3CE, 5, 0x00
        pop     fs
        jmp     .done
.packed:
        call    glyph
        mov     al, dh                  ; 8 lines of 320 bytes a row
        xor     ah, ah
        imul    ax, ax, 8 * 320
        xor     dh, dh
        shl     dx, 3
        add     ax, dx
        mov     di, ax
        mov     ax, 0xA000
        mov     es, ax
        mov     dl, 8
.row:
        mov     ah, [fs:si]
        inc     si
        mov     cx, 8
.pixel:
        xor     al, al
        shl     ah, 1
        jnc     .store
        mov     al, bl
.store:
        stosb
        loop    .pixel
        add     di, 320 - 8
        dec     dl
        jnz     .row
        pop     fs
        jmp     .done
; FS:SI = the glyph of the character in SI's low byte, by the vector INT 43h. FS is left on the stack for the caller.
glyph:
        pop     di
        push    fs
        push    di
        mov     ax, si
        xor     ah, ah
        mul     byte [BDA_HEIGHT]
        lfs     si, [0x43 * 4]
        add     si, ax
        ret

; AH=0Ch: pixel DX, CX of colour AL; bit 7 exclusive or (not with 256 colours). AH=0Dh: read it.
f0c_write_pixel:
        mov     bl, al
        call    mode_class
        cmp     al, CLASS_PACKED
        je      .packed
        cmp     al, CLASS_PLANAR
        jne     .done
        call    pixel_planar
        vgareg  0x3CE, 5, 0x02
        mov     al, 0x08
        mov     ah, cl
        out     dx, ax
        test    bl, 0x80
        jz      .write
        vgareg  0x3CE, 3, 0x18
.write:
        mov     al, [es:di]
        mov     [es:di], bl
        vgareg  0x3CE, 8, 0xFF
        vgareg  0x3CE, 3, 0x00
        vgareg  0x3CE, 5, 0x00
.done:
        ret
.packed:
        call    pixel_packed
        mov     [es:di], bl
        ret
f0d_read_pixel:
        call    mode_class
        cmp     al, CLASS_PACKED
        je      .packed
        cmp     al, CLASS_PLANAR
        jne     .done
        call    pixel_planar
        mov     dx, 0x3CE
        mov     ax, 0x0304              ; plane 3 first
        xor     bl, bl
.plane:
        out     dx, ax
        shl     bl, 1
        test    [es:di], cl
        jz      .clear
        inc     bx
.clear:
        dec     ah
        jns     .plane
        vgareg  0x3CE, 4, 0x00
        mov     [F_AL], bl
.done:
        ret
.packed:
        call    pixel_packed
        mov     al, [es:di]
        mov     [F_AL], al
        ret
; ES:DI = the byte of pixel CX, DX; CL = its bit.
pixel_planar:
        imul    di, dx, 80
        mov     ax, cx
        shr     ax, 3
        add     di, ax
        and     cl, 7
        mov     al, 0x80
        shr     al, cl
        mov     cl, al
        mov     ax, 0xA000
        mov     es, ax
        ret
pixel_packed:
        imul    di, dx, 320
        add     di, cx
        mov     ax, 0xA000
        mov     es, ax
        ret

; AH=0Eh: teletype of AL on the active page; BL = colour in graphics.
f0e_teletype:
        mov     bh, [BDA_PAGE]
        xor     ah, ah
; AL on page BH, AH and BL as for put_cell. Keeps all.
teletype:
        pusha
        call    get_cursor
        cmp     al, 7
        je      .done                   ; no speaker
        cmp     al, 8
        je      .back
        cmp     al, 10
        je      .feed
        cmp     al, 13
        je      .return
        call    put_cell
        inc     dl
        cmp     dl, [BDA_COLUMNS]
        jb      .move
        xor     dl, dl
.feed:
        inc     dh
        cmp     dh, [BDA_ROWS]
        jbe     .move
        mov     dh, [BDA_ROWS]
        call    set_cursor
        call    .up
        jmp     .done
.return:
        xor     dl, dl
        jmp     .move
.back:
        sub     dl, 1
        adc     dl, 0                   ; not below 0
.move:
        call    set_cursor
.done:
        popa
        ret
; One row up, the new one in the attribute of the cursor's cell (black in graphics).
.up:
        call    mode_class
        cmp     al, CLASS_TEXT
        mov     al, 0
        jne     .fill
        push    es
        call    cell_offset
        mov     ax, 0xB800
        mov     es, ax
        mov     al, [es:di + 1]
        pop     es
.fill:
        mov     bh, al
        xor     cx, cx
        mov     dh, [BDA_ROWS]
        mov     dl, [BDA_COLUMNS]
        dec     dl
        mov     ax, 0x0001
        jmp     scroll

; AH=13h: string of CX characters at ES:BP, from DX of page BH on. AL bit 0: the cursor follows; bit 1: each character
; is followed by its attribute; else BL is the attribute of all.
f13_string:
        mov     di, dx
        call    get_cursor
        push    dx                      ; where it was
        push    bx
        mov     dx, di
        call    set_cursor
        mov     si, [F_BP]
        mov     es, [F_ES]
        mov     di, ax                  ; flags
        jcxz    .done
.next:
        mov     al, [es:si]
        inc     si
        test    di, 2
        jz      .plain
        mov     bl, [es:si]
        inc     si
.plain:
        mov     ah, 1
        call    teletype
        loop    .next
.done:
        pop     bx
        pop     dx
        test    di, 1
        jnz     .out
        call    set_cursor
.out:
        ret
