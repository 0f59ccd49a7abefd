; SPDX-License-Identifier: GPL-2.0-or-later
; VESA BIOS extensions: INT 10h AH=4Fh, functions 00h-05h and 15h.

VBE_OK          equ 0x004F
VBE_FAILED      equ 0x014F
VBE_NOT_NOW     equ 0x034F              ; not in this mode
VBE_LINEAR      equ 0x4000
VBE_KEEP        equ 0x8000

; Mode number, width, height, bits a pixel, timing. The 32-bit ones have the numbers VESA gave to 24 bits, as on Intel's.
vbe_modes:
        dw      0x101, 640, 480, 8, timing_640x480
        dw      0x103, 800, 600, 8, timing_800x600
        dw      0x105, 1024, 768, 8, timing_1024x768
        dw      0x111, 640, 480, 16, timing_640x480
        dw      0x114, 800, 600, 16, timing_800x600
        dw      0x117, 1024, 768, 16, timing_1024x768
        dw      0x112, 640, 480, 32, timing_640x480
        dw      0x115, 800, 600, 32, timing_800x600
        dw      0x118, 1024, 768, 32, timing_1024x768
vbe_modes_end:
M_NUMBER        equ 0
M_WIDTH         equ 2
M_HEIGHT        equ 4
M_DEPTH         equ 6
M_TIMING        equ 8
M_SIZE          equ 10

; By AL. The answer is AX; a function not here fails.
vbe:
        mov     word [F_AX], VBE_FAILED
        cmp     al, 0x15
        je      vbe_edid
        cmp     al, 5
        ja      .done
        movzx   si, al
        shl     si, 1
        jmp     [cs:vbe_table + si]
.done:
        ret
vbe_table:      dw vbe_info, vbe_mode_info, vbe_set_mode, vbe_get_mode, vbe_state, vbe_window

; Bytes a line of the mode at CS:SI: a multiple of 64, which is what the plane's stride register counts in. Out: EAX.
vbe_pitch:
        movzx   eax, word [cs:si + M_DEPTH]
        shr     ax, 3
        push    dx
        mul     word [cs:si + M_WIDTH]
        pop     dx
        add     ax, 63
        and     ax, 0xFFC0
        ret

; CF set when the mode at CS:SI needs more than is mapped. Out: EAX = bytes it needs. Keeps the rest.
vbe_fits:
        push    ecx
        call    vbe_pitch
        movzx   ecx, word [cs:si + M_HEIGHT]
        imul    eax, ecx
        mov     ecx, [cs:v_entries]
        shl     ecx, 12
        cmp     ecx, eax
        pop     ecx
        ret

; The mode with number AX. Out: SI; CF set when unknown or too large. Keeps the rest.
vbe_find:
        push    eax
        mov     si, vbe_modes
.next:
        cmp     ax, [cs:si + M_NUMBER]
        je      .found
        add     si, M_SIZE
        cmp     si, vbe_modes_end
        jb      .next
        stc
        pop     eax
        ret
.found:
        call    vbe_fits
        pop     eax
        ret

; 4F00: what there is, to ES:DI: 256 bytes, 512 if the caller wrote VBE2 there.
vbe_info:
        cmp     dword [es:di], 'VBE2'
        mov     cx, 128
        mov     bx, 0
        jne     .clear
        mov     cx, 256
        inc     bx
.clear:
        push    di
        xor     ax, ax
        rep     stosw
        pop     di
        mov     dword [es:di], 'VESA'
        mov     word [es:di + 4], 0x0300
        mov     word [es:di + 6], vbe_oem
        mov     [es:di + 8], cs
        lea     ax, [di + 0x22]         ; the list is in the caller's own block
        mov     [es:di + 14], ax
        mov     [es:di + 16], es
        mov     eax, [cs:v_entries]
        shr     eax, 4                  ; whole 64 KiB blocks
        mov     [es:di + 18], ax
        test    bx, bx
        jz      .modes
        mov     word [es:di + 20], 0x0100
        mov     word [es:di + 22], vbe_vendor
        mov     [es:di + 24], cs
        mov     word [es:di + 26], vbe_product
        mov     [es:di + 28], cs
        mov     word [es:di + 30], vbe_revision
        mov     [es:di + 32], cs
.modes:
        add     di, 0x22
        mov     si, vbe_modes
.next:
        call    vbe_fits
        jc      .skip
        mov     ax, [cs:si]
        stosw
.skip:
        add     si, M_SIZE
        cmp     si, vbe_modes_end
        jb      .next
        mov     ax, 0xFFFF
        stosw
        mov     word [F_AX], VBE_OK
        ret

vbe_oem:        db "fwsim IGD vBIOS", 0
vbe_vendor:     db "fwsim", 0
vbe_product:    db "IGD, generations 6 to 9", 0
vbe_revision:   db "1.0", 0

; 4F01: mode CX, to ES:DI, 256 bytes.
vbe_mode_info:
        mov     ax, cx
        and     ax, 0x3FFF
        call    vbe_find
        jc      .done
        push    di
        mov     cx, 128
        xor     ax, ax
        rep     stosw
        pop     di
        mov     word [es:di], 0x009B    ; supported, colour, graphics, linear
        mov     byte [es:di + 2], 7     ; window A: there, readable, writable
        mov     word [es:di + 4], 64    ; granularity and size in KiB
        mov     word [es:di + 6], 64
        mov     word [es:di + 8], 0xA000
        mov     word [es:di + 12], vbe_window_far
        mov     [es:di + 14], cs
        call    vbe_pitch
        mov     [es:di + 16], ax
        mov     [es:di + 50], ax        ; linear: the same
        mov     ax, [cs:si + M_WIDTH]
        mov     [es:di + 18], ax
        mov     ax, [cs:si + M_HEIGHT]
        mov     [es:di + 20], ax
        mov     word [es:di + 22], 0x1008       ; character cell 8x16
        mov     byte [es:di + 24], 1    ; planes
        mov     ax, [cs:si + M_DEPTH]
        mov     [es:di + 25], al
        mov     byte [es:di + 26], 1    ; banks
        mov     byte [es:di + 30], 1    ; reserved, must be 1
        mov     byte [es:di + 27], 4    ; packed pixels
        cmp     al, 8
        je      .address
        mov     byte [es:di + 27], 6    ; direct colour
        push    si
        push    di
        mov     si, vbe_masks_16
        cmp     al, 16
        je      .masks
        mov     si, vbe_masks_32
        mov     byte [es:di + 39], 2    ; the reserved bits are the caller's
.masks:
        mov     eax, [cs:si]
        mov     [es:di + 31], eax
        mov     [es:di + 54], eax
        mov     eax, [cs:si + 4]
        mov     [es:di + 35], eax
        mov     [es:di + 58], eax
        pop     di
        pop     si
.address:
        mov     bx, [cs:si + M_TIMING]
        mov     eax, [cs:bx + T_CLOCK]
        imul    eax, eax, 1000
        mov     [es:di + 62], eax       ; highest pixel clock in Hz
        mov     ax, VGA_BAR2_HIGH
        call    pci_read_word
        shl     eax, 16
        mov     [es:di + 40], eax
        mov     word [F_AX], VBE_OK
.done:
        ret

; Size and position of red, green, blue and reserved.
vbe_masks_16:   db 5, 11, 6, 5, 5, 0, 0, 0
vbe_masks_32:   db 8, 16, 8, 8, 8, 0, 8, 24

; 4F02: mode BX; bit 14 linear, bit 15 keep the memory. Numbers below 100h are VGA modes.
vbe_set_mode:
        mov     ax, bx
        and     ax, 0x3FFF
        cmp     ax, 0x100
        jb      .vga
        call    vbe_find
        jc      .done
        push    bx
        mov     di, [cs:si + M_TIMING]
        mov     dl, [cs:si + M_DEPTH]
        call    vbe_pitch
        mov     cx, ax
        push    si
        call    display_linear
        vgareg  0x3C4, 4, 0x0E          ; the A0000 window: chained, 64 KiB, all planes
        vgareg  0x3C4, 2, 0x0F
        vgareg  0x3CE, 5, 0x40
        vgareg  0x3CE, 6, 0x05
        pop     si
        push    si
        cmp     byte [cs:si + M_DEPTH], 8
        jne     .colours
        mov     ah, 1
        call    palette_256
.colours:
        pop     si
        pop     bx
        call    vbe_data
        vgareg  0x3CE, 0x10, 0x01       ; page it over stolen memory
        test    bx, VBE_KEEP
        jnz     .kept
        call    vbe_clear
.kept:
        xor     al, al
        call    window_page
        test    bx, VBE_LINEAR
        jz      .banked
        vgareg  0x3CE, 0x10, 0x00
.banked:
        mov     word [F_AX], VBE_OK
.done:
        ret
.vga:
        mov     al, bl
        and     al, 0x7F
        call    vga_find
        jc      .done
        test    bx, VBE_KEEP
        jz      .set
        or      al, 0x80
.set:
        call    set_vga_mode
        mov     word [F_AX], VBE_OK
        ret

; The BIOS data area for the VBE mode at CS:SI, mode word BX.
vbe_data:
        mov     [BDA_VBE], bx
        mov     byte [BDA_MODE], 0x7F   ; no VGA number
        mov     ax, [cs:si + M_WIDTH]
        shr     ax, 3
        mov     [BDA_COLUMNS], ax
        mov     ax, [cs:si + M_HEIGHT]
        shr     ax, 4
        dec     ax
        mov     [BDA_ROWS], al
        mov     word [BDA_HEIGHT], 16
        mov     word [BDA_PAGE_START], 0
        mov     byte [BDA_PAGE], 0
        mov     word [BDA_CURSOR], 0
        ret

; Clear the frame of the mode at CS:SI through the window, 64 KiB at a time. Keeps BX.
vbe_clear:
        call    vbe_fits                ; EAX = bytes
        mov     edx, eax
        push    word 0xA000
        pop     es
        xor     ah, ah                  ; page
.page:
        mov     al, ah
        push    dx
        call    window_page
        pop     dx
        mov     ecx, edx
        cmp     edx, 0x10000
        jb      .last
        mov     ecx, 0x10000
.last:
        sub     edx, ecx
        shr     ecx, 2
        xor     di, di
        push    ax
        xor     eax, eax
        rep     stosd
        pop     ax
        inc     ah
        test    edx, edx
        jnz     .page
        ret

; Turn the window to page AL. Keeps all but DX.
window_page:
        push    ax
        mov     ah, al
        mov     al, 0x11
        mov     dx, 0x3CE
        out     dx, ax
        pop     ax
        ret

; 4F03: the current mode in BX.
vbe_get_mode:
        mov     bx, [BDA_VBE]
        test    bx, bx
        jnz     .answer
        mov     bl, [BDA_MODE]
        mov     bh, [BDA_CONTROL]
        and     bh, 0x80
.answer:
        mov     [F_BX], bx
        mov     word [F_AX], VBE_OK
        ret

; 4F04: DL = 0 how many 64-byte blocks, 1 save to ES:BX, 2 restore. Kept are the mode and the BIOS data area (CX bits 0
; and 1); the palette is set anew with the mode. One block: mode word, then 449h-466h and 484h-48Ah.
STATE_LOW       equ BDA_MODE
STATE_LOW_SIZE  equ 0x467 - 0x449
STATE_HIGH      equ BDA_ROWS
STATE_HIGH_SIZE equ 0x48B - 0x484
vbe_state:
        mov     di, bx
        cmp     dl, 1
        jb      .size
        je      .save
        cmp     dl, 2
        je      .restore
        ret
.size:
        mov     word [F_BX], 1
        mov     word [F_AX], VBE_OK
        ret
.save:
        push    word [F_BX]
        call    vbe_get_mode
        mov     ax, [F_BX]
        pop     word [F_BX]
        stosw
        mov     si, STATE_LOW
        mov     cx, STATE_LOW_SIZE
        rep     movsb
        mov     si, STATE_HIGH
        mov     cx, STATE_HIGH_SIZE
        rep     movsb
        mov     word [F_AX], VBE_OK
        ret
.restore:
        push    es
        push    di
        mov     bx, [es:di]
        or      bx, VBE_KEEP
        call    vbe_set_mode
        pop     si
        pop     ds
        push    word 0
        pop     es
        add     si, 2
        mov     di, STATE_LOW
        mov     cx, STATE_LOW_SIZE
        rep     movsb
        mov     di, STATE_HIGH
        mov     cx, STATE_HIGH_SIZE
        rep     movsb
        push    es
        pop     ds
        mov     bh, [BDA_PAGE]
        call    get_cursor
        jmp     set_cursor

; 4F05: BH = 0 turn window BL to page DX, 1 which page is it. In a linear mode there is no window.
vbe_window:
        test    bl, bl
        jnz     .done
        cmp     word [BDA_VBE], 0
        je      .not_now
        test    word [BDA_VBE], VBE_LINEAR
        jnz     .not_now
        cmp     bh, 1
        ja      .done
        je      .get
        mov     ax, [cs:v_entries]      ; whole pages that are mapped
        mov     cx, [cs:v_entries + 2]
        shrd    ax, cx, 4
        cmp     dx, ax
        jae     .done
        mov     al, dl
        call    window_page
        jmp     .ok
.get:
        mov     dx, 0x3CE
        mov     al, 0x11
        out     dx, al
        inc     dx
        in      al, dx
        xor     ah, ah
        mov     [F_DX], ax
.ok:
        mov     word [F_AX], VBE_OK
.done:
        ret
.not_now:
        mov     word [F_AX], VBE_NOT_NOW
        ret

; The window function for a far call: as 4F05 without AX.
vbe_window_far:
        push    ax
        mov     ax, 0x4F05
        pushf
        push    cs
        call    int10_entry
        pop     ax
        retf

; 4F15: BL = 0 what the monitor link can do, 1 block DX of the EDID to ES:DI.
vbe_edid:
        cmp     bl, 1
        ja      .done
        cmp     byte [cs:v_edid_valid], 0
        je      .done
        cmp     bl, 1
        je      .read
        mov     word [F_BX], 0x0102     ; a second for a block; DDC2
        mov     word [F_AX], VBE_OK
        ret
.read:
        test    dx, dx
        jnz     .done
        push    ds
        push    cs
        pop     ds
        mov     si, v_edid
        mov     cx, 64
        rep     movsw
        pop     ds
        mov     word [F_AX], VBE_OK
.done:
        ret
