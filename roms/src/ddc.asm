; SPDX-License-Identifier: GPL-2.0-or-later
; The monitor's EDID, read once in POST by GMBUS.

GMBUS0          equ 0xC5100             ; rate and pin pair
GMBUS1          equ 0xC5104             ; command
GMBUS2          equ 0xC5108             ; status: bit 11 ready, bit 10 no acknowledge, bit 9 active, bit 15 in use
GMBUS3          equ 0xC510C             ; data

GMBUS_GO        equ 0x40000000          ; software ready
GMBUS_STOP      equ 0x08000000
GMBUS_WAIT      equ 0x02000000
GMBUS_EDID      equ 0x50 << 1

; Pin pairs in the order they are tried, 0 = end: analog first where there is one.
ddc_pins:       db 2, 3, 5, 4, 6, 0
ddc_pins_skl:   db 5, 4, 6, 1, 2, 3, 0

; Fill v_edid from the first pin pair that answers with a sound block.
edid_init:
        mov     byte [cs:v_edid_valid], 0
        mov     si, ddc_pins
        cmp     byte [cs:v_path], PATH_SKL
        jne     .next
        mov     si, ddc_pins_skl
.next:
        movzx   eax, byte [cs:si]
        inc     si
        test    al, al
        jz      .done
        push    si
        mov     ebx, GMBUS0
        call    mmio_write              ; 100 kHz
        call    edid_read
        call    gmbus_release
        pop     si
        cmp     byte [cs:v_edid_valid], 0
        je      .next
.done:
        ret

; Read the 128 bytes at offset 0 of slave 50h on the pin pair in GMBUS0.
edid_read:
        wreg    GMBUS3, 0               ; the offset is what we send
        wreg    GMBUS1, GMBUS_GO | GMBUS_WAIT | (1 << 16) | GMBUS_EDID
        call    gmbus_ready
        jc      .fail
        wreg    GMBUS1, GMBUS_GO | GMBUS_WAIT | (128 << 16) | GMBUS_EDID | 1
        mov     di, v_edid
        mov     cx, 32
.dword:
        call    gmbus_ready
        jc      .fail
        mov     ebx, GMBUS3
        call    mmio_read
        mov     [cs:di], eax
        add     di, 4
        loop    .dword
        cmp     dword [cs:v_edid], 0xFFFFFF00
        jne     .fail
        cmp     dword [cs:v_edid + 4], 0x00FFFFFF
        jne     .fail
        xor     al, al
        mov     cx, 128
        mov     di, v_edid
.sum:
        add     al, [cs:di]
        inc     di
        loop    .sum
        test    al, al
        jnz     .fail
        mov     byte [cs:v_edid_valid], 1
.fail:
        ret

; Wait for ready or no-acknowledge. CF set when the slave did not acknowledge or nothing came in 2 ms. Keeps CX, DI.
gmbus_ready:
        mov     ebx, GMBUS2
        call    mmio_read
        test    ax, 3 << 10
        jnz     .answer
        push    edi
        mov     esi, US(2000)
        call    timer_start
.again:
        call    timer_step
        jc      .late
        call    mmio_read
        test    ax, 3 << 10
        jz      .again
.late:
        pop     edi
.answer:
        and     ax, 3 << 10
        cmp     ax, 1 << 11             ; equal: CF clear; nothing: below, CF set
        je      .out
        stc
.out:
        ret

; Stop, clear an error, let go of the pins.
gmbus_release:
        mov     ebx, GMBUS2
        call    mmio_read
        test    ax, 1 << 10
        jz      .stop
        wreg    GMBUS1, 0x80000000      ; clear the interrupt, and with it the missing acknowledge
        wreg    GMBUS1, 0
        jmp     .off
.stop:
        wreg    GMBUS1, GMBUS_GO | GMBUS_STOP
        mov     ebx, GMBUS2
        mov     ecx, 1 << 9
        xor     edx, edx
        mov     esi, US(2000)
        call    mmio_wait
.off:
        wreg    GMBUS2, 1 << 15         ; reading the status took the bus: give it back
        wreg    GMBUS0, 0
        ret
