; SPDX-License-Identifier: GPL-2.0-or-later
; A boot sector that does to the BARs of bus 0 what a guest's operating system does as it starts.
;
;   nasm -f bin -DBY=LINUX -o bars-linux.img bars.asm
;
; BY: LINUX       each register is sized by itself, the function's decoding off meanwhile: Linux to 6.14
;     LINUX615    all registers of a function at once, its decoding off once: Linux from 6.15 on
;     WINDOWS     each register by itself, decoding stays on
;     MOVE        as LINUX615; then the BAR that the OpRegion is in gets another address
;
; Sources, facts only. Linux drivers/pci/probe.c: __pci_read_base, pci_read_bases (six registers and the ROM's, two and
; the ROM's on a bridge; what is decoded goes off for each, from 6.15 on once), pci_scan_slot (functions 1 to 7 where
; bit 7 of the header type says so); quirks.c, quirk_mmio_always_on (a host bridge stays on); setup-res.c,
; pci_std_update_resource (a 32-bit BAR is moved by one write). Windows: Alex Williamson in 2016, qemu-devel and kvm
; ("Windows never seems to disable the device"); ACRN pull request 3208 (sizes with decoding on).
;
; After each write it looks at the OpRegion. For each function a line goes to the debug port 402h (from MOVE none): how
; often its decoding went off, and how often the OpRegion's signature was lost. The last line says whether it is there in
; the end. Functions behind bridges are left alone.

%define LINUX 0
%define LINUX615 1
%define WINDOWS 2
%define MOVE 3
%ifndef BY
%define BY LINUX
%endif
%if BY == LINUX615 || BY == MOVE
%define ONCE
%endif

OPREGION        equ 0x600               ; ASLS
LAST            equ 0x604               ; the function's last BAR register
ROM             equ 0x605               ; where its ROM's is
THERE           equ 0x606               ; 1: the OpRegion was there at the last look
END             equ 0x608               ; of the table
HELD            equ 0x60C               ; the BAR that the OpRegion is in: its register, its size
TABLE           equ 0x620               ; memory BARs: base, size
WINDOW_END      equ 0xFEC00000
IGD             equ 0x80001000          ; 00:02.0, by configuration mechanism 1

        bits 16
        org 0x7C00

start:  cli
        cld
        xor bx, bx
        mov ds, bx
        mov es, bx
%if BY == MOVE
        mov word [END], TABLE
        mov [HELD + 4], ebx
%else
        mov [THERE], bl
%endif
        lgdt [gdt]                      ; FS reaches all 4 GiB
        mov eax, cr0
        inc ax
        mov cr0, eax
        mov bl, 8
        mov fs, bx
        dec ax
        mov cr0, eax
        mov esi, IGD
        mov bl, 0xFC
        call read
        mov [OPREGION], eax
%if BY != MOVE
        call look
%endif
        and si, 0                       ; the first function of the bus
function:
        mov bl, 0x00
        call read
        inc ax
        jz .none
        mov word [LAST], 0x3024
        mov bl, 0x0C
        call read
        shr eax, 16                     ; AL: the header type
        push ax
        test al, 0x7F
        jz .plain
        mov word [LAST], 0x3814         ; a bridge
.plain:
%if BY == MOVE
        call size_all
%else
        mov al, "0"
        mov [off], al
        mov [lost], al
        call size_all
        mov di, said
        mov ax, si
        shr ax, 11
        aam 16                          ; the device's two digits
        cmp al, 10
        sbb al, 0x69
        das
        or ah, "0"
        xchg al, ah
        stosw
        inc di
        mov ax, si
        mov al, ah
        and al, 7
        or al, "0"
        stosb
        mov di, said
        call say
%endif
        pop ax
        test al, 0x80
        jnz .next
.none:  test si, 0x0700                 ; functions 1 to 7 of a device that has them
        jnz .next
        or si, 0x0700
.next:  add si, 0x0100
        jnc function

%if BY == MOVE
        mov ecx, [HELD + 4]             ; the highest place of its own size that is clear of every BAR
        jecxz done
        mov eax, WINDOW_END
        mov ebx, ecx
        neg ebx
        and eax, ebx
.lower: sub eax, ecx
        mov di, TABLE
.other: mov ebx, eax                    ; above the other's base by less than its size, or below by less than mine
        sub ebx, [di]
        cmp ebx, [di + 4]
        jb .lower
        neg ebx
        cmp ebx, ecx
        jb .lower
        add di, 8
        cmp di, [END]
        jb .other
        mov esi, [HELD]
        mov bx, si
        call write
done:
%endif
        call look
        mov di, whole
        je .whole
        mov di, gone
.whole: call say
        sti
        retf

say:    mov dx, 0x402
.next:  mov al, [di]
        inc di
        out dx, al
        cmp al, 10
        jne .next
        ret

; Every register of the function at ESI.
size_all:
        mov bl, 0x08
        call read
        shr eax, 16
        xor bp, bp                      ; BP: its command register; a host bridge stays as it is
        cmp ax, 0x0600
        je .known
        mov bl, 0x04
        call read
        xchg ax, bp
.known:
%ifdef ONCE
        call decode_off
%endif
        mov bl, 0x10
.next:  call size
        cmp bl, [LAST]
        lea bx, [bx + 4]
        jb .next
        mov bl, [ROM]
%ifdef ONCE
        call size
        jmp decode_on
%endif

; The register BL, and the next one too where it is the lower half of one of 64 bits.
size:
%if BY == LINUX
        call decode_off
%endif
        call ones
%if BY == MOVE
        cmp bl, [ROM]
        je .done
        test cl, 1
        jnz .done
        push cx
        and cl, 0xF0
        and eax, byte -16
        jz .none
        neg eax
        mov di, [END]
        xchg eax, ecx
        stosd
        xchg eax, ecx
        stosd
        mov [END], di
        sub ecx, [OPREGION]
        neg ecx
        cmp ecx, eax
        jae .none
        mov [HELD], esi
        mov [HELD], bl
        mov [HELD + 4], eax
.none:  pop cx
.done:
%endif
        and cl, 7
        cmp cl, 4
        jne .half
        add bl, 4
        call ones
.half:
%if BY == LINUX
        jmp decode_on
%else
        ret
%endif

; All ones to the register BL and back: ECX what it held, EAX what of it can be written.
ones:   call read
        push eax
        or eax, 0xFFFFF800
        cmp bl, [ROM]
        je .rom
        or eax, byte -1
.rom:   call write
        call read
        pop ecx
        push eax
        mov eax, ecx
        call write
        pop eax
        ret

%if BY != WINDOWS
decode_off:
        test bp, 3
        jz look.same
%if BY != MOVE
        inc byte [off]
%endif
        mov cx, bp
        and cl, ~3
        jmp command
decode_on:
        test bp, 3
        jz look.same
        mov cx, bp
command:
        push bx
        mov bl, 0x04
        call select
        pop bx
        xchg ax, cx
        out dx, ax
        jmp look
%endif

read:   call select                     ; EAX = the dword BL
        in eax, dx
        ret

select: mov eax, esi
        mov al, bl
        mov dx, 0xCF8
        out dx, eax
        mov dl, 0xFC
        ret

write:  push eax                        ; EAX to the dword BL
        call select
        pop eax
        out dx, eax

look:   mov edi, [OPREGION]             ; ZF: it is there
        cmp dword [fs:edi], "Inte"
%if BY != MOVE
        sete al
        cmp al, [THERE]
        mov [THERE], al
        jae .kept
        inc byte [lost]
.kept:  cmp al, 1
%endif
.same:  ret

%if BY != MOVE
said:   db "00.0 off "
off:    db "0 lost "
lost:   db "0", 10
%endif
whole:  db "OpRegion whole", 10
gone:   db "OpRegion gone", 10

        align 4
gdt:    dw 15                           ; its own first entry is not used
        dd gdt
        dw 0
        dq 0x00CF92000000FFFF

        times 510 - ($ - $$) db 0
        dw 0xAA55
