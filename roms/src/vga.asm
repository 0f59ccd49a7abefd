; SPDX-License-Identifier: GPL-2.0-or-later
; The three VGA modes: text 80x25 (3), 640x480 in 16 colours (12h), 320x200 in 256 (13h).
; Register values are those of the IBM VGA for these modes.

; One row: MISC; sequencer 1-4; CRTC 0-18h; attribute 0-14h; graphics 0-8; then what the BIOS data area says.
V_MISC          equ 0
V_SEQ           equ 1
V_CRTC          equ 5
V_ATTR          equ 30
V_GFX           equ 51
V_COLUMNS       equ 60
V_PAGE_SIZE     equ 61
V_HEIGHT        equ 63
V_ROWS          equ 64
V_TIMING        equ 65
V_FONT          equ 67
V_CLASS         equ 69

CLASS_TEXT      equ 0
CLASS_PLANAR    equ 1
CLASS_PACKED    equ 2
CLASS_NONE      equ 3                   ; VBE modes: nothing is drawn

mode_3:
        db      0x67
        db      0x00, 0x03, 0x00, 0x02
        db      0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0, 0, 0, 0
        db      0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF
        db      0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0x00, 0x0F, 0x08, 0x00
        db      0, 0, 0, 0, 0, 0x10, 0x0E, 0x0F, 0xFF
        db      80
        dw      0x1000
        db      16, 24
        dw      timing_720x400, font16
        db      CLASS_TEXT
mode_12:
        db      0xE3
        db      0x01, 0x0F, 0x00, 0x06
        db      0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0, 0, 0, 0, 0, 0
        db      0xEA, 0x8C, 0xDF, 0x28, 0x00, 0xE7, 0x04, 0xE3, 0xFF
        db      0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x01, 0x00, 0x0F, 0x00, 0x00
        db      0, 0, 0, 0, 0, 0x00, 0x05, 0x0F, 0xFF
        db      80
        dw      0xA000
        db      16, 29
        dw      timing_640x480, font16
        db      CLASS_PLANAR
mode_13:
        db      0x63
        db      0x01, 0x0F, 0x00, 0x0E
        db      0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0x00, 0x41, 0, 0, 0, 0, 0, 0
        db      0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF
        db      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x00, 0x0F, 0x00, 0x00
        db      0, 0, 0, 0, 0, 0x40, 0x05, 0x0F, 0xFF
        db      40
        dw      0xFA00
        db      8, 24
        dw      timing_720x400, font8
        db      CLASS_PACKED

; The row of the mode in AL (bits 6:0). Out: SI, CF set when the mode is not one of ours. Keeps the rest.
vga_find:
        push    ax
        and     al, 0x7F
        mov     si, mode_3
        cmp     al, 3
        je      .found
        cmp     al, 2                   ; the same without colour burst, which no monitor here has
        je      .found
        mov     si, mode_12
        cmp     al, 0x12
        je      .found
        mov     si, mode_13
        cmp     al, 0x13
        je      .found
        stc
.found:
        pop     ax
        ret

; What kind of mode the machine is in. Out: AL = CLASS_*. Keeps the rest. DS = 0.
mode_class:
        push    si
        cmp     word [BDA_VBE], 0
        jne     .none
        mov     al, [BDA_MODE]
        call    vga_find
        jc      .none
        mov     al, [cs:si + V_CLASS]
        pop     si
        ret
.none:
        mov     al, CLASS_NONE
        pop     si
        ret

; AH=00h: set the mode in AL; bit 7 keeps what is on the screen.
f00_set_mode:
        call    vga_find
        jc      set_vga_mode.out
        mov     byte [F_AL], 0x30       ; what IBM's BIOS leaves in AL for a text mode
        cmp     byte [cs:si + V_CLASS], CLASS_TEXT
        je      set_vga_mode
        mov     byte [F_AL], 0x20
; From POST too: AL = mode, SI = its row, DS = 0. Clobbers all but BP, DS.
set_vga_mode:
        push    ax
        push    si
        mov     di, [cs:si + V_TIMING]
        call    display_vga
        pop     si
        call    vga_registers
        pop     ax
        push    ax
        call    mode_data
        call    vga_palette
        pop     ax
        cmp     byte [cs:si + V_CLASS], CLASS_TEXT
        jne     .clear
        push    ax
        push    si
        mov     si, font16
        mov     bx, 0x1000
        xor     dx, dx
        mov     cx, 256
        call    font_load
        pop     si
        pop     ax
.clear:
        test    al, 0x80
        jnz     .out
        call    vga_clear
.out:
        ret

; All registers of the row at CS:SI.
vga_registers:
        push    si
        mov     dx, 0x3C2
        mov     al, [cs:si + V_MISC]
        out     dx, al
        vgareg  0x3CE, 0x10, 0x00       ; the A0000 window back to the VGA planes
        vgareg  0x3C4, 0, 0x01          ; hold the sequencer
        mov     bx, V_SEQ
        mov     cx, (4 << 8) | 1
        call    .bank
        vgareg  0x3C4, 0, 0x03
        vgareg  0x3D4, 0x11, 0x00       ; unlock CRTC 0-7
        mov     bx, V_CRTC
        mov     cx, (25 << 8) | 0
        call    .bank
        mov     dx, 0x3CE
        mov     bx, V_GFX
        mov     cx, (9 << 8) | 0
        call    .bank
        mov     dx, 0x3DA
        in      al, dx                  ; the next write to 3C0 is an index
        mov     dx, 0x3C0
        xor     cl, cl
        mov     bx, V_ATTR
.attribute:
        mov     al, cl
        out     dx, al
        mov     al, [cs:bx + si]
        out     dx, al
        inc     bx
        inc     cl
        cmp     cl, 21
        jb      .attribute
        mov     al, 0x20                ; screen on
        out     dx, al
        pop     si
        ret
; CH registers from index CL on at port DX, values at CS:SI + BX.
.bank:
        mov     al, cl
        mov     ah, [cs:bx + si]
        out     dx, ax
        inc     bx
        inc     cl
        dec     ch
        jnz     .bank
        ret

; The BIOS data area for mode AL, row CS:SI.
mode_data:
        push    ax
        mov     ah, al
        and     al, 0x7F
        mov     [BDA_MODE], al
        and     ah, 0x80
        or      ah, 0x60                ; 256 KiB, bit 7: memory not cleared
        mov     [BDA_CONTROL], ah
        xor     ax, ax
        mov     [BDA_VBE], ax
        mov     al, [cs:si + V_COLUMNS]
        mov     [BDA_COLUMNS], ax
        mov     ax, [cs:si + V_PAGE_SIZE]
        mov     [BDA_PAGE_SIZE], ax
        mov     al, [cs:si + V_ROWS]
        mov     [BDA_ROWS], al
        mov     al, [cs:si + V_HEIGHT]
        xor     ah, ah
        mov     [BDA_HEIGHT], ax
        mov     word [BDA_CRTC], 0x3D4
        mov     word [BDA_MSR], 0x3029
        mov     word [BDA_SWITCHES], 0x11F9
        mov     byte [BDA_DCC], 8
        mov     word [BDA_SHAPE], 0x0D0E
        xor     ax, ax
        mov     [BDA_PAGE_START], ax
        mov     [BDA_PAGE], al
        push    di
        push    es
        push    ds
        pop     es
        mov     di, BDA_CURSOR
        mov     cx, 8
        rep     stosw
        pop     es
        pop     di
        mov     ax, [cs:si + V_FONT]
        mov     [0x43 * 4], ax
        mov     [0x43 * 4 + 2], cs
        mov     word [0x1F * 4], font8 + 128 * 8
        mov     [0x1F * 4 + 2], cs
        pop     ax
        ret

; Clear the screen of the row at CS:SI.
vga_clear:
        push    es
        xor     di, di
        mov     ax, 0xA000
        cmp     byte [cs:si + V_CLASS], CLASS_TEXT
        jne     .graphics
        mov     ax, 0xB800
        mov     es, ax
        mov     eax, 0x07200720
        mov     cx, 0x2000
        jmp     .fill
.graphics:
        mov     es, ax
        xor     eax, eax
        mov     cx, 0x4000
.fill:
        rep     stosd
        pop     es
        ret

; --- palettes -----------------------------------------------------------------------------------------------------

; The DAC for the row at CS:SI.
vga_palette:
        push    si
        cmp     byte [cs:si + V_CLASS], CLASS_PACKED
        mov     ah, 0                   ; DAC only
        jne     .ega
        call    palette_256
        pop     si
        ret
.ega:
        call    dac_open
        xor     al, al
.colour:
        call    ega_colour
        call    dac_put
        inc     al
        cmp     al, 64
        jb      .colour
        pop     si
        ret

; 256 colours: 16 of the text modes, 16 greys, 216 hues, 8 black. AH = 1: into the pipe's palette as well.
; The hues go round blue-magenta-red-yellow-green-cyan in 24 steps, at three brightnesses of three saturations each:
; red follows the curve below, green eight steps later, blue eight earlier.
palette_256:
        call    dac_open
        xor     al, al
.text:
        push    ax
        xor     bh, bh
        mov     bl, al
        mov     al, [cs:mode_3 + V_ATTR + bx]
        call    ega_colour
        pop     ax
        call    dac_put
        inc     al
        cmp     al, 16
        jb      .text
.grey:
        xor     bh, bh
        mov     bl, al
        mov     cl, [cs:greys - 16 + bx]
        mov     dh, cl
        mov     dl, cl
        call    dac_put
        inc     al
        cmp     al, 32
        jb      .grey
        mov     si, ramps
.ramp:
        mov     di, 24                  ; counts down from 24 steps
.hue:
        push    ax
        mov     bx, 24
        sub     bx, di                  ; step 0..23
        call    .level
        mov     dh, al
        add     bx, 16
        call    .level                  ; eight later = sixteen earlier, modulo 24
        mov     dl, al
        add     bx, 16
        call    .level
        mov     cl, al
        pop     ax
        call    dac_put
        inc     al
        dec     di
        jnz     .hue
        add     si, 5
        cmp     si, ramps_end
        jb      .ramp
.black:
        xor     dx, dx
        xor     cl, cl
        call    dac_put
        inc     al
        jnz     .black
        ret
; AL = the level at step BX (taken modulo 24) of the ramp at CS:SI. Leaves BX reduced.
.level:
        cmp     bx, 24
        jb      .reduced
        sub     bx, 24
        jmp     .level
.reduced:
        push    bx
        mov     al, [cs:curve + bx]
        xor     ah, ah
        mov     bx, ax
        mov     al, [cs:si + bx]
        pop     bx
        ret

curve:          db 0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0
greys:          db 0, 5, 8, 11, 14, 17, 20, 24, 28, 32, 36, 40, 45, 50, 56, 63
ramps:          db 0, 16, 31, 47, 63,   31, 39, 47, 55, 63,   45, 49, 54, 58, 63
                db 0, 7, 14, 21, 28,    14, 17, 21, 24, 28,   20, 22, 24, 26, 28
                db 0, 4, 8, 12, 16,     8, 10, 12, 14, 16,    11, 12, 13, 15, 16
ramps_end:

; The 64 EGA colours: bits 2, 1, 0 are two thirds of red, green, blue; bits 5, 4, 3 one third.
; In: AL. Out: DH, DL, CL. Keeps the rest.
ega_colour:
        push    ax
        mov     ah, al
        xor     dx, dx
        xor     cl, cl
        test    ah, 0x04
        jz      .red
        mov     dh, 0x2A
.red:   test    ah, 0x20
        jz      .red1
        add     dh, 0x15
.red1:  test    ah, 0x02
        jz      .green
        mov     dl, 0x2A
.green: test    ah, 0x10
        jz      .green1
        add     dl, 0x15
.green1:
        test    ah, 0x01
        jz      .blue
        mov     cl, 0x2A
.blue:  test    ah, 0x08
        jz      .done
        add     cl, 0x15
.done:  pop     ax
        ret

; From DAC entry 0 on, all bits used. Clobbers DX.
dac_open:
        push    ax
        mov     dx, 0x3C6
        mov     al, 0xFF
        out     dx, al
        mov     dx, 0x3C8
        xor     al, al
        out     dx, al
        pop     ax
        ret

; The next DAC entry, which is entry AL: red DH, green DL, blue CL. AH = 1: the pipe's palette too. Clobbers EBX.
dac_put:
        push    ax
        push    dx
        mov     bx, dx
        mov     dx, 0x3C9
        mov     al, bh
        out     dx, al
        mov     al, bl
        out     dx, al
        mov     al, cl
        out     dx, al
        pop     dx
        pop     ax
        test    ah, ah
        jz      .done
        push    eax
        call    display_palette
        pop     eax
.done:
        ret

; Load characters into plane 2. In: CS:SI or ES:SI = first one (AL = 1: ES), BH = scan lines of each, BL = map 0..7,
; DX = first character, CX = how many. Clobbers all but BP, DS.
font_load:
        xor     al, al
font_load_from:
        push    ds
        push    es
        test    al, al
        jnz     .user
        push    cs
        pop     es
.user:
        push    es
        pop     ds
        push    dx
        vgareg  0x3C4, 2, 0x04
        vgareg  0x3C4, 4, 0x07
        vgareg  0x3CE, 4, 0x02
        vgareg  0x3CE, 5, 0x00
        vgareg  0x3CE, 6, 0x04
        pop     dx
        mov     ax, 0xA000
        mov     es, ax
        mov     di, dx
        shl     di, 5
        push    bx
        xor     bh, bh
        mov     bl, [cs:font_maps + bx]
        shl     bx, 8
        add     di, bx
        pop     bx
        mov     dx, cx
        jcxz    .loaded
.character:
        xor     ch, ch
        mov     cl, bh
        rep     movsb
        mov     cl, 32
        sub     cl, bh
        xor     al, al
        rep     stosb                   ; the rest of the 32 scan lines
        dec     dx
        jnz     .character
.loaded:
        vgareg  0x3C4, 2, 0x03
        vgareg  0x3C4, 4, 0x02
        vgareg  0x3CE, 4, 0x00
        vgareg  0x3CE, 5, 0x10
        vgareg  0x3CE, 6, 0x0E
        pop     es
        pop     ds
        ret
; Where the eight maps lie in plane 2, in units of 256 bytes.
font_maps:      db 0x00, 0x40, 0x80, 0xC0, 0x20, 0x60, 0xA0, 0xE0
