; SPDX-License-Identifier: GPL-2.0-or-later
; A boot sector that takes vertical blank interrupts of pipe A, for the fwsim IGD vBIOS (roms/igd-vbios.rom).
;
;   nasm -f bin -DBY=PIC -o vblank-pic.img vblank-irq.asm
;
; BY: PIC     the pin, through the 8259A, IRQ 11
;     STORM   the same, but the handler never writes an EOI
;     ROUTE   the same, and half way the chipset's PIRQ registers send the pin to IRQ 10
;     IOAPIC  the pin, through the I/O APIC, level-triggered
;     MSI     a message to the local APIC
;
; It sets VBE mode 101h, enables the interrupt, waits for WANTED of them or for 36 timer ticks (2 s), disables it, writes
; a line to the debug port 402h and returns to the BIOS. At 0000:0600 it leaves three words: interrupts at vector 73h,
; at vector 72h, and 1 where the time ran out.

%define PIC 0
%define STORM 1
%define ROUTE 2
%define IOAPIC 3
%define MSI 4
%ifndef BY
%define BY PIC
%endif

WANTED          equ 8
COUNT           equ 0x600               ; by IRQ 11 (vector 73h), or by message
COUNT_MOVED     equ 0x602               ; by IRQ 10 (vector 72h)
LATE            equ 0x604
BASE            equ 0x608               ; BAR0
PENDING         equ 0x60C               ; offset of IIR
BLANK           equ 0x610               ; its bit of the vertical blank
TICKS           equ 0x46C               ; the BIOS's count
GENERATION      equ 0x210               ; of segment C000h: the vBIOS's variable
IGD             equ 0x80001000          ; 00:02.0, by configuration mechanism 1
LPC             equ 0x8000F800          ; 00:1f.0
PIIX            equ 0x80000800          ; 00:01.0
EOI             equ 0xFEE000B0

        bits 16
        org 0x7C00

start:  cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        cld
        mov di, COUNT
        mov cx, 10
        rep stosw
        mov ax, 0x4F02
        mov bx, 0x4101
        int 0x10
        cli
        lgdt [gdt]                      ; FS reaches all 4 GiB
        mov eax, cr0
        or al, 1
        mov cr0, eax
        mov bx, 8
        mov fs, bx
        and al, 0xFE
        mov cr0, eax

        mov eax, IGD + 0x10
        call read
        and eax, 0xFFFFFFF0
        mov [BASE], eax
        mov word [4 * 0x72], moved
        mov [4 * 0x72 + 2], ds
        mov word [4 * 0x73], taken
        mov [4 * 0x73 + 2], ds
%if BY != MSI
        mov eax, 0x0B0B0B0B
        call route
%endif

%if BY == MSI
        xor edi, edi
        mov eax, IGD + 0x04
        call read
        shr eax, 21                     ; status bit 4: there is a capability list
        jnc late
        mov si, 48                      ; no list is longer
        mov eax, IGD + 0x34
        call read
.next:  movzx ebx, al
        and bl, 0xFC
        jz late
        lea eax, [ebx + IGD]
        call read
        cmp al, 5
        je .msi
        xchg al, ah
        dec si
        jnz .next
        jmp late
.msi:
        lea eax, [ebx + IGD + 4]
        mov ecx, 0xFEE00000
        call write
        lea eax, [ebx + IGD + 8]
        mov ecx, 0x73
        call write
        lea eax, [ebx + IGD]
        call read
        or eax, 0x10000
        mov ecx, eax
        lea eax, [ebx + IGD]
        call write
%elif BY == IOAPIC
        mov si, pins                    ; of a pc, a host's and a q35's PIRQ
.pin:   lodsb
        test al, al
        jz .done
        movzx eax, al
        mov edi, 0xFEC00000
        mov [fs:edi], eax
        mov dword [fs:edi + 0x10], 0xA073   ; level, active low
        jmp .pin
.done:
%else
        in al, 0x21
        and al, 0xFB                    ; the cascade
        out 0x21, al
        mov dx, 0x4D1
        in al, dx
        or al, 0x0C                     ; IRQ 10 and 11 by level
        out dx, al
        in al, 0xA1
        and al, 0xF3
        out 0xA1, al
%endif

        mov edi, [BASE]                 ; the registers of this generation
        push ds
        mov ax, 0xC000
        mov ds, ax
        mov al, [GENERATION]
        pop ds
        mov esi, 0x44000
        mov ebx, 0x80
        cmp al, 6
        je .block
        mov bl, 1
        cmp al, 7
        je .block
        mov dword [fs:edi + 0x44200], 0x80000000
        mov si, 0x4400                  ; DE_PIPE_A
.block: lea eax, [esi + 8]
        mov [PENDING], eax
        mov [BLANK], ebx
        add edi, esi
        mov eax, ebx
        not eax
        mov [fs:edi + 4], eax           ; IMR
        mov [fs:edi + 8], ebx           ; IIR
        or ebx, 0x80000000
        mov [fs:edi + 12], ebx          ; IER

        mov si, [TICKS]
.wait:  sti
        hlt
        cli
        mov ax, [COUNT]
        add ax, [COUNT_MOVED]
%if BY == ROUTE
        cmp ax, WANTED / 2
        jne .same
        push eax
        mov eax, 0x0A0A0A0A
        call route
        pop eax
.same:
%endif
        cmp ax, WANTED
        jae enough
        mov ax, [TICKS]
        sub ax, si
        cmp ax, 36
        jb .wait
late:   inc word [LATE]
enough:
%if BY == MSI
        test edi, edi                   ; no capability, nothing enabled
        jz .quiet
%endif
        xor eax, eax
        mov [fs:edi + 12], eax          ; IER
.quiet:
        mov si, said
        mov dx, 0x402
.say:   lodsb
        out dx, al
        cmp al, 10
        jne .say
        sti
        retf

taken:  inc word [cs:COUNT]
        jmp served
moved:  inc word [cs:COUNT_MOVED]
served: push eax
        push edi
        mov edi, [cs:BASE]
        add edi, [cs:PENDING]
        mov eax, [cs:BLANK]
        mov [fs:edi], eax               ; write 1 to clear
%if BY == PIC || BY == ROUTE
        mov al, 0x20
        out 0xA0, al
        out 0x20, al
%elif BY != STORM
        mov edi, EOI
        mov dword [fs:edi], 0
%endif
        pop edi
        pop eax
        iret

; EAX in all four registers of PIRQ A to D, and where there are eight also E to H.
%if BY != MSI
route:  push ecx
        mov ecx, eax
        mov eax, PIIX
        call read
        cmp eax, 0x70008086             ; PIIX3
        mov eax, PIIX + 0x60
        je write.last
        mov eax, LPC + 0x60
        call write
        mov eax, LPC + 0x68
        jmp write.last
%endif

read:   mov dx, 0xCF8                   ; EAX = the dword at EAX
        out dx, eax
        mov dl, 0xFC
        in eax, dx
        ret

write:  push ecx                        ; ECX to the dword at EAX
.last:  mov dx, 0xCF8
        out dx, eax
        mov dl, 0xFC
        mov eax, ecx
        out dx, eax
        pop ecx
        ret

%if BY == IOAPIC
pins:   db 0x10 + 2 * 11, 0x10 + 2 * 16, 0x10 + 2 * 22, 0
%endif

said:   db "vblank: done", 10

        align 4
gdt:    dw 15                           ; its own first entry is not used
        dd gdt
        dw 0
        dq 0x00CF92000000FFFF

        times 510 - ($ - $$) db 0
        dw 0xAA55
