; SPDX-License-Identifier: GPL-2.0-or-later
; POST: what happens when the firmware calls offset 3.

; ids at 00:1f.0 a gen 9 image goes on with; any other is a dead end, as in real images. Earlier ones take any.
lpc_ids:        dw 0xA145, 0x9D48, 0xA2C5, 0x9D4E, 0xA305, 0x9D84, 0

; Device ids by their upper byte: id, generation, path.
generations:    db 0x01, 6, PATH_FDI
                db 0x04, 7, PATH_LPT
                db 0x0A, 7, PATH_LPT
                db 0x0D, 7, PATH_LPT
                db 0x16, 8, PATH_LPT
                db 0x19, 9, PATH_SKL
                db 0x59, 9, PATH_SKL
                db 0x3E, 9, PATH_SKL
                db 0

banner:         db "fwsim IGD vBIOS, stolen memory at ", 0

; In: AX = bus, device, function of the display device; 0 (as on resume) means 00:02.0. Far return, all registers kept.
post_entry:
        pushad
        push    ds
        push    es
        cld
        push    word 0
        pop     ds
        call    identify
        jc      .no_device
        call    timer_init
        call    gtt_init
        call    display_init
        call    edid_init
        call    hook_int10
        mov     al, 3
        call    vga_find
        call    set_vga_mode
        call    say_hello
.no_device:
        pop     es
        pop     ds
        popad
        retf

; Who are we on? Sets v_vga_id, v_gen, v_path, v_lpc_id, v_iobar. CF set when the I/O BAR is not there.
identify:
        test    ax, ax
        jnz     .given
        mov     ax, 0x0010
.given:
        movzx   ebx, ax
        shl     ebx, 8
        mov     bl, 0x02
        call    pci_read_bus
        mov     [cs:v_vga_id], ax
        cmp     ax, [cs:pcir_device]    ; a hypervisor may have put the device's own id there
        je      .known
        mov     si, device_list
.device:
        cmp     word [cs:si], 0
        je      dead_end
        cmp     ax, [cs:si]
        lea     si, [si + 2]
        jne     .device
.known:
        mov     si, generations
.generation:
        cmp     byte [cs:si], 0
        je      dead_end
        cmp     ah, [cs:si]
        lea     si, [si + 3]
        jne     .generation
        mov     dx, [cs:si - 2]         ; generation, path
        cmp     ah, 0x01
        jne     .store
        cmp     al, 0x50                ; 015x, 016x: Ivy Bridge
        jb      .store
        inc     dl
.store:
        mov     [cs:v_gen], dl
        mov     [cs:v_path], dh
%ifdef PAIR
        mov     ax, VGA_IOBAR           ; the pair may be behind it
        call    pci_read_word
        and     ax, 0xFFFC
        mov     [cs:v_iobar], ax
        mov     cl, FACT_PCH
        call    pair_read
        jc      .ask_bridge
        shr     eax, 16
        jmp     .have_lpc
.ask_bridge:
%endif
        mov     ax, LPC_DEVICE
        call    pci_read_word
.have_lpc:
        mov     [cs:v_lpc_id], ax
        cmp     dl, 9
        jb      .bar
        mov     si, lpc_ids
.lpc:
        cmp     word [cs:si], 0
        je      dead_end
        cmp     ax, [cs:si]
        lea     si, [si + 2]
        jne     .lpc
.bar:
        mov     ax, VGA_IOBAR
        call    pci_read_word
        and     ax, 0xFFFC
        mov     [cs:v_iobar], ax
        cmp     ax, 1                   ; CF when 0
        ret

; Not a machine we know: real images stop here for ever.
dead_end:
        jmp     dead_end

; Take INT 10h; a handler in the system BIOS moves to INT 42h.
hook_int10:
        mov     ax, cs
        cmp     ax, [0x10 * 4 + 2]
        je      .ours                   ; POSTed before: it is ours already
        mov     eax, [0x10 * 4]
        mov     [cs:v_old_int10], eax
        cmp     word [0x10 * 4 + 2], 0xF000
        jne     .ours
        mov     [0x42 * 4], eax
.ours:
        mov     word [0x10 * 4], int10_entry
        mov     [0x10 * 4 + 2], cs
        ret

; The banner, on the text screen.
say_hello:
        mov     si, banner
.next:
        mov     al, [cs:si]
        inc     si
        test    al, al
        jz      .address
        call    f0e_teletype
        jmp     .next
.address:
        mov     edi, [cs:v_stolen_base]
        mov     cx, 8
.digit:
        rol     edi, 4
        mov     ax, di
        and     al, 0x0F
        add     al, '0'
        cmp     al, '9'
        jbe     .put
        add     al, 'a' - '0' - 10
.put:
        call    f0e_teletype
        loop    .digit
        mov     al, 13
        call    f0e_teletype
        mov     al, 10
        jmp     f0e_teletype
