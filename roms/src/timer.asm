; SPDX-License-Identifier: GPL-2.0-or-later
; Time-outs: the chipset's PM timer, or the refresh toggle of port 61h where there is none. Never counted instructions.

; Find the PM timer: I/O base in 00:1f.0 @40h (00:1f.2 on gen 9), timer 8 ports up. It must be seen to move.
timer_init:
        mov     word [cs:v_pm_timer], 0
        mov     ax, LPC_PMBASE
        cmp     byte [cs:v_path], PATH_SKL
        jne     .read
        mov     ax, PMC_PMBASE
.read:
        call    pci_read_word
        cmp     ax, 0xFFFF
        je      .none
        and     ax, 0xFF80
        jz      .none
        add     ax, 8
        mov     dx, ax
        in      eax, dx
        mov     ebx, eax
        mov     cx, 16
.watch:
        in      eax, dx
        cmp     eax, ebx
        jne     .moves
        loop    .watch
.none:
        ret
.moves:
        mov     [cs:v_pm_timer], dx
        ret

; Begin to measure. Out: EDI = state for timer_step. Keeps the rest.
timer_start:
        push    eax
        push    dx
        mov     dx, [cs:v_pm_timer]
        test    dx, dx
        jz      .done
        in      eax, dx
        mov     edi, eax
.done:
        pop     dx
        pop     eax
        ret

; Let a little time pass and take it from ESI. In, out: EDI = state, ESI = ticks left. CF set when none are left.
; The refresh toggle changes every 15.085 us = 54 ticks; a bound keeps a dead one from hanging us.
timer_step:
        push    eax
        push    cx
        push    dx
        mov     dx, [cs:v_pm_timer]
        test    dx, dx
        jz      .toggle
        in      eax, dx
        xchg    eax, edi                ; EDI = now, EAX = before
        neg     eax
        add     eax, edi
        and     eax, 0x00FFFFFF         ; the timer may have only 24 bits
        jmp     .take
.toggle:
        in      al, 0x61
        mov     ah, al
        mov     cx, 64
.edge:
        in      al, 0x61
        xor     al, ah
        test    al, 0x10
        jnz     .passed
        loop    .edge
.passed:
        mov     eax, 54
.take:
        sub     esi, eax
        pop     dx
        pop     cx
        pop     eax
        ret

; Wait. In: ESI = ticks. Clobbers ESI.
delay:
        push    edi
        call    timer_start
.again:
        call    timer_step
        jnc     .again
        pop     edi
        ret
