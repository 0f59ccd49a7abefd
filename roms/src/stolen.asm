; SPDX-License-Identifier: GPL-2.0-or-later
; Where is stolen memory, how much of it is there, and the GTT entries that map it.

; Base of stolen memory. Out: EAX. Keeps the rest.
;
; Only the upper word of BDSM is read (00:02.0 @5Eh), and only when the variable is still zero; what was read is kept in
; the shadow and used from then on. A shadow that is POSTed again, on this machine or another, never looks at BDSM.
;
; Real images of these generations have this routine in one form, and hypervisors look for it: a compare of the saved
; dword with zero, a jump over the load of it, the load, a jump to the end, and the load of the configuration address
; 105Eh, 19 bytes in all, whose two references to the saved dword must agree. Found exactly once, the dword is cleared and
; byte 6 of the image adjusted. So the encodings are written out where an assembler has a choice: operand-size prefix
; first, then the segment prefix.
stolen_base:
        push    ebx
        db      0x66                    ; cmp dword [cs:v_stolen_base], 0
        cs cmp  word [v_stolen_base], byte 0
        je      short .read
        db      0x66                    ; mov eax, [cs:v_stolen_base]
        cs mov  ax, [v_stolen_base]
        jmp     short .done
.read:
        mov     ax, 0x105E
        call    pci_read_word
        shl     eax, 16
        db      0x66                    ; mov [cs:v_stolen_base], eax
        cs mov  [v_stolen_base], ax
.done:
        pop     ebx
        ret

; How many 4 KiB pages there are. Out: EAX. GGC is read at the host bridge, as real images do: on a machine whose
; bridge has no such register it reads 0, and 1 MiB is assumed.
;   gens 6, 7: bits 7:3 x 32 MiB     gens 8, 9: bits 15:8 x 32 MiB; on gen 9 F0h..FEh are 4, 8 .. 60 MiB
stolen_pages:
        push    ebx
%ifdef PAIR
        push    cx
        mov     cl, FACT_GGC
        call    pair_read
        pop     cx
        jnc     .ggc
%endif
        mov     ax, HOST_GGC
        call    pci_read_word
.ggc:
        movzx   eax, ax
        cmp     byte [cs:v_gen], 8
        jae     .gen8
        shr     eax, 3
        and     eax, 0x1F
        jmp     .times_32m
.gen8:
        shr     eax, 8
        cmp     byte [cs:v_gen], 9
        jb      .times_32m
        cmp     al, 0xF0
        jb      .times_32m
        sub     al, 0xEF
        shl     eax, 10                 ; x 4 MiB
        jmp     .known
.times_32m:
        shl     eax, 13
.known:
        test    eax, eax
        jnz     .done
        mov     eax, 256                ; 1 MiB
.done:
        pop     ebx
        ret

; Map stolen memory from graphics address 0 on, all but its last page. Clobbers EAX..EDI.
; The index port takes byte offset | 1 for the GTT. gens 6, 7: one dword an entry; gen 8 on: two, the upper one 0.
gtt_init:
        call    stolen_pages
        dec     eax
        mov     [cs:v_entries], eax
        mov     ecx, eax
%ifdef PAIR
        call    pair_stolen_base
%else
        call    stolen_base
%endif
        and     eax, 0xFFFFF000
        or      al, 1                   ; valid
        mov     edi, eax
        mov     esi, 1
        mov     dx, [cs:v_iobar]
        cmp     byte [cs:v_gen], 8
        jae     .wide
.narrow:
        mov     eax, esi
        out     dx, eax
        add     dx, 4
        mov     eax, edi
        out     dx, eax
        sub     dx, 4
        add     esi, 4
        add     edi, 0x1000
        dec     ecx
        jnz     .narrow
        ret
.wide:
        mov     eax, esi
        out     dx, eax
        add     dx, 4
        mov     eax, edi
        out     dx, eax
        sub     dx, 4
        lea     eax, [esi + 4]
        out     dx, eax
        add     dx, 4
        xor     eax, eax
        out     dx, eax
        sub     dx, 4
        add     esi, 8
        add     edi, 0x1000
        dec     ecx
        jnz     .wide
        ret
