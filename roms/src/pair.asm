; SPDX-License-Identifier: GPL-2.0-or-later
; The paravirtual register pair, in igd-vbios-pair.rom alone: what a hypervisor says of the machine, asked before any
; bridge, BDSM or GGC is. Its bit is zero on hardware; a fact of 0 is one that the hypervisor does not know.
; Three places, the first that has the bit: 00:02.0 @D8h and @DCh; ports 3DBh and 3DCh; registers from 78F00h on.

PAIR_CONFIG     equ 0x800010D8          ; address; the data are 4 further
PAIR_PORT       equ 0x03DB              ; 8xh: there, the low digit is the address; an open bus reads FFh
PAIR_REGISTERS  equ 0x78F00             ; bit 31; the facts follow, a dword each

FACT_PCH        equ 0                   ; 00:1f.0 @00h of the host
FACT_GGC        equ 2                   ; the guest's
FACT_BDSM       equ 3                   ; the guest's, lower half

; In: CL = which. Out: EAX = the fact; CF set where there is none. Keeps the rest.
pair_read:
        push    ebx
        push    dx
        mov     dx, 0xCF8
        mov     eax, PAIR_CONFIG
        out     dx, eax
        mov     dx, 0xCFC
        in      eax, dx
        cmp     eax, -1
        je      .ports
        test    eax, eax
        jns     .ports
        movzx   eax, cl
        out     dx, eax
        mov     dx, 0xCF8
        mov     eax, PAIR_CONFIG + 4
        out     dx, eax
        mov     dx, 0xCFC
        in      eax, dx
        jmp     .told
.ports:
        mov     dx, PAIR_PORT
        in      al, dx
        and     al, 0xF0
        cmp     al, 0x80
        jne     .registers
        mov     al, cl
        out     dx, al
        inc     dx
        in      eax, dx
        jmp     .told
.registers:
        cmp     word [cs:v_iobar], 0
        je      .none
        mov     ebx, PAIR_REGISTERS
        call    mmio_read
        cmp     eax, -1
        je      .none
        test    eax, eax
        jns     .none
        movzx   ebx, cl
        shl     ebx, 2
        add     ebx, PAIR_REGISTERS + 4
        call    mmio_read
.told:
        test    eax, eax
        jnz     .done                   ; CF is clear
.none:
        stc
.done:
        pop     dx
        pop     ebx
        ret

; Base of stolen memory, by the pair, whatever the variable at 200h has kept. Out: EAX. Keeps the rest.
pair_stolen_base:
        push    cx
        mov     cl, FACT_BDSM
        call    pair_read
        pop     cx
        jc      stolen_base
        mov     [cs:v_stolen_base], eax
        ret
