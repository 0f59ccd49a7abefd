; A firmware image that goes from the reset vector to long mode, takes the local APIC's timer, an INT and a #GP there,
; and says on the serial port that it boots.   nasm -f bin -o long-mode.fd long-mode.asm
; What it saw lies from 7000h on: MSR 1Bh, then what each handler found on its stack.
        bits 16
        org 0xFFFF0000
APIC    equ 0xFEE00000
SEEN    equ 0x7000
TICKS   equ 0x7100
image:
        times 0x28 db 0
        db "_FVH"
        times 0xFC00 - ($ - image) db 0
start:  cli
        o32 lgdt [cs:gdtr - image]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword 0x08:flat
gdtr:   dw 0x1F
        dd gdt
        align 8
gdt:    dq 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF, 0x00AF9A000000FFFF
idtr:   dw 16 * 0x42 - 1
        dq 0x5000
        bits 32
flat:   mov ax, 0x10
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, 0x8000
        mov ecx, 0x1B
        rdmsr
        mov [SEEN], eax
        mov [SEEN + 4], edx
        mov edi, 0x12000            ; four page directories: 4 GiB in pages of 2 MiB, mapped to themselves
        mov eax, 0x83
        mov ecx, 2048
.page:  mov [edi], eax
        and dword [edi + 4], 0
        add edi, 8
        add eax, 0x200000
        loop .page
        mov dword [0x10000], 0x11003
        mov dword [0x11000], 0x12003
        mov dword [0x11008], 0x13003
        mov dword [0x11010], 0x14003
        mov dword [0x11018], 0x15003
        mov eax, 0x20
        mov cr4, eax
        mov eax, 0x10000
        mov cr3, eax
        mov ecx, 0xC0000080
        rdmsr
        or eax, 0x100
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp 0x18:wide
        bits 64
%macro to 2
        mov rax, %2
        mov rdi, 0x5000 + 16 * %1
        call set_gate
%endmacro
wide:   to 0x0D, fault
        to 0x40, tick
        to 0x41, called
        mov eax, idtr
        lidt [rax]
        mov rsp, 0x8008             ; not aligned: the CPU aligns it
        mov rbx, 0x1122334455667788
        int 0x41
after:  mov ax, 0x1238              ; past the end of the GDT
bad:    mov ds, ax
        mov edi, APIC
        mov dword [rdi + 0x3E0], 0xB
        mov dword [rdi + 0x320], 0x20040
        mov dword [rdi + 0x380], 999999
        sti
.wait:  hlt
        cmp dword [abs TICKS], 5
        jb .wait
        cli
        mov rcx, 0x8877665544332211
        mov esi, says
        mov dx, 0x3F8
.char:  lodsb
        test al, al
        jz .done
        out dx, al
        jmp .char
.done:  mov ecx, 0x100000
.spin:  dec ecx
        jnz .spin
        jmp .done
set_gate:
        mov [rdi], ax
        mov word [rdi + 2], 0x18
        mov word [rdi + 4], 0x8E00
        shr rax, 16
        mov [rdi + 6], ax
        shr rax, 16
        mov [rdi + 8], rax
        ret
called: mov [abs SEEN + 0x10], rsp
        mov rax, [rsp]
        mov [abs SEEN + 0x18], rax
        mov rax, [rsp + 0x18]
        mov [abs SEEN + 0x20], rax
        mov [abs SEEN + 0x28], rbx
        pushf
        pop rax
        mov [abs SEEN + 0x30], rax
        iretq
fault:  pop rax
        mov [abs SEEN + 0x40], rax
        mov rax, [rsp]
        mov [abs SEEN + 0x48], rax
        add qword [rsp], 2
        iretq
tick:   push rax
        inc dword [abs TICKS]
        mov eax, APIC
        mov dword [rax + 0xB0], 0
        pop rax
        iretq
says:   db "BdsDxe: starting nothing", 13, 10, 0
        times 0xFFF0 - ($ - image) db 0xFF
reset:  jmp start
        times 0x10000 - ($ - image) db 0xFF
