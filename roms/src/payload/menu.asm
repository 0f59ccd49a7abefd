; SPDX-License-Identifier: GPL-2.0-or-later
; A boot menu as a live system has one: text, then a picture in a VBE mode, then text again.
;
;   nasm -f bin -o menu.img menu.asm
;
; Its first sector reads the others with INT 13h. It prints a menu in mode 3, looks for a direct colour mode with a linear frame
; buffer (1024x768, else 800x600, else 640x480; 32 bits a pixel, else 24, 16 or 15), sets it, draws through the frame
; buffer at PhysBasePtr with ES reaching all 4 GiB, fills a bar at each of 16 timer ticks, sets mode 3, prints
; "booting" and returns to the BIOS. What it prints goes to the debug port 402h too.

TICKS           equ 0x46C               ; the BIOS's count
INFO            equ 0x9000              ; VbeInfoBlock, 512 bytes
MODE            equ 0x9200              ; ModeInfoBlock, 256 bytes
CHOSEN          equ 0x9300              ; that of the mode chosen
STEPS           equ 16

        cpu 386
        bits 16
        org 0x7C00

start:  xor ax, ax
        mov ds, ax
        mov es, ax
        cld
        sti
        mov [drive], dl
        mov si, 3                       ; tries
.read:  mov ax, 0x0200 + (image_end - second) / 512
        mov bx, second
        mov cx, 2
        mov dx, [drive]                 ; head 0
        int 0x13
        jnc menu
        xor ax, ax
        mov dl, [drive]
        int 0x13
        dec si
        jnz .read
        mov si, unread
        call say
        retf

; --- text ------------------------------------------------------------------------------------------------------------
say:    lodsb                           ; the string at SI, to its zero
        test al, al
        jz .end
        call put
        jmp say
.end:   ret

put:    pusha                           ; the character in AL
        cmp al, 13
        je .screen
        mov dx, 0x402
        out dx, al
.screen:
        mov ah, 0x0E
        mov bx, 7
        int 0x10
        popa
        ret

decimal:                                ; AX
        xor dx, dx
        mov bx, 10
        div bx
        push dx
        test ax, ax
        jz .last
        call decimal
.last:  pop ax
        add al, '0'
        jmp put

hex:    rol eax, 4                      ; CX digits of EAX, from its highest
        push eax
        and al, 15
        cmp al, 10
        sbb al, 0x69
        das
        call put
        pop eax
        loop hex
        ret

drive:  dw 0
unread: db "menu: the diskette cannot be read", 13, 10, 0

        times 510 - ($ - $$) db 0
        dw 0xAA55

; --- the menu --------------------------------------------------------------------------------------------------------
second:
menu:   mov ah, 0x0F
        int 0x10
        cmp al, 3
        je .text
        mov ax, 0x0003
        int 0x10
.text:  mov si, title
        call say
        call find
        jc .none
        mov si, using
        call say
        mov ax, [CHOSEN + 0x12]
        call decimal
        mov al, 'x'
        call put
        mov ax, [CHOSEN + 0x14]
        call decimal
        mov al, 'x'
        call put
        movzx ax, byte [CHOSEN + 0x19]
        call decimal
        mov si, mode_is
        call say
        mov eax, [number]
        shl eax, 16
        mov cx, 4
        call hex
        mov si, base_is
        call say
        mov eax, [CHOSEN + 0x28]
        mov cx, 8
        call hex
        mov si, line
        call say

        mov ax, 0x2401                  ; A20
        int 0x15
        mov ax, 0x1130                  ; the font of 8 by 16 dots
        mov bh, 6
        int 0x10
        mov [font], bp
        mov [font + 2], es
        mov ax, 0x4F02
        mov bx, [number]
        or bx, 0x4000
        int 0x10
        cmp ax, 0x004F
        jne .refused
        call picture
        call progress
        mov ax, 0x0003
        int 0x10
        mov si, booting
        jmp .end
.none:  mov si, no_mode
        jmp .end
.refused:
        mov si, not_set
.end:   call say
        retf

; --- VBE: the best mode of the list; CF where there is none ----------------------------------------------------------
find:   mov di, INFO
        mov dword [di], 'VBE2'
        mov ax, 0x4F00
        int 0x10
        cmp ax, 0x004F
        jne .no
        mov byte [rank], 0xFF
        lfs si, [INFO + 0x0E]
.next:  mov cx, [fs:si]
        cmp cx, 0xFFFF
        je .done
        add si, 2
        push si
        push fs
        mov [tried], cx
        mov di, MODE
        mov ax, 0x4F01
        int 0x10
        cmp ax, 0x004F
        jne .skip
        mov al, [MODE]                  ; supported, colour, graphics, linear
        and al, 0x99
        cmp al, 0x99
        jne .skip
        cmp byte [MODE + 0x1B], 6       ; direct colour
        jne .skip
        call judge
        cmp al, [rank]
        jae .skip
        mov [rank], al
        mov ax, [tried]
        mov [number], ax
        mov si, MODE
        mov di, CHOSEN
        mov cx, 128
        rep movsw
.skip:  pop fs
        pop si
        jmp .next
.done:  cmp byte [rank], 0xFF
        je .no
        mov ax, [CHOSEN + 0x10]         ; BytesPerScanLine; by VBE 3 LinBytesPerScanLine
        cmp word [INFO + 4], 0x0300
        jb .pitch
        cmp word [CHOSEN + 0x32], 0
        je .pitch
        mov ax, [CHOSEN + 0x32]
.pitch: mov [pitch], ax
        movzx ax, byte [CHOSEN + 0x19]
        add ax, 7
        shr ax, 3
        mov [bytes], ax
        clc
        ret
.no:    stc
        ret

judge:  mov bx, sizes                   ; AL: how good the mode at MODE is, 0 the best, 0FFh no use
        xor al, al
.size:  mov dx, [bx]
        test dx, dx
        jz .bad
        cmp dx, [MODE + 0x12]
        jne .other
        mov dx, [bx + 2]
        cmp dx, [MODE + 0x14]
        je .depth
.other: add bx, 4
        add al, 4
        jmp .size
.depth: mov bx, depths
.one:   mov ah, [bx]
        test ah, ah
        jz .bad
        cmp ah, [MODE + 0x19]
        je .end
        inc bx
        inc ax
        jmp .one
.bad:   mov al, 0xFF
.end:   ret

; --- the picture -----------------------------------------------------------------------------------------------------
big:    cli                             ; ES reaches all 4 GiB, until it is loaded again
        lgdt [gdt]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        mov bx, 8
        mov es, bx
        and al, 0xFE
        mov cr0, eax
        ret

small:  push ax
        xor ax, ax
        mov es, ax
        pop ax
        sti
        ret

picture:
        call big
        mov ax, [CHOSEN + 0x14]         ; eight bars in the upper half
        shr ax, 1
        mov [rect_y], word 0
        mov [rect_h], ax
        mov ax, [CHOSEN + 0x12]
        shr ax, 3
        mov [rect_w], ax
        mov [rect_x], word 0
        mov si, bars
.bar:   lodsd
        call fill
        mov ax, [rect_w]
        add [rect_x], ax
        cmp si, bars_end
        jb .bar

        mov ax, [rect_h]                ; 32 greys below, an eighth of the height
        mov [rect_y], ax
        shr ax, 2
        mov [rect_h], ax
        mov ax, [CHOSEN + 0x12]
        shr ax, 5
        mov [rect_w], ax
        mov [rect_x], word 0
        xor esi, esi
.grey:  mov eax, esi
        call fill
        mov ax, [rect_w]
        add [rect_x], ax
        add esi, 0x080808
        cmp esi, 0x1000000
        jb .grey

        mov [rect_x], word 0            ; the ground
        mov ax, [CHOSEN + 0x12]
        mov [rect_w], ax
        mov ax, [rect_h]
        add [rect_y], ax
        mov ax, [CHOSEN + 0x14]
        sub ax, [rect_y]
        mov [rect_h], ax
        mov eax, GROUND
        call fill

        mov ax, [CHOSEN + 0x12]         ; the name, in the middle: dots of a 256th of the width
        shr ax, 8
        mov [rect_w], ax
        mov [rect_h], ax
        shl ax, 2
        mov cx, name_end - name
        mul cx
        mov cx, [CHOSEN + 0x12]
        shr cx, 1
        sub cx, ax
        mov [rect_x], cx
        mov ax, [CHOSEN + 0x14]
        mov cx, ax
        shr ax, 1
        shr cx, 2
        add ax, cx
        mov cx, [rect_w]
        shl cx, 3
        sub ax, cx
        mov [top], ax
        mov si, name
.letter:
        lodsb
        push si
        call letter
        pop si
        cmp si, name_end
        jb .letter
        jmp small

letter: lfs bx, [font]                  ; AL at RECT_X and TOP; RECT_X moves on
        movzx si, al
        shl si, 4
        add si, bx
        mov cx, [top]
        mov [rect_y], cx
        mov ch, 16
.row:   mov dl, [fs:si]
        inc si
        mov cl, 8
        push word [rect_x]
.dot:   shl dl, 1
        jnc .dark
        mov eax, WHITE
        call fill
.dark:  mov ax, [rect_w]
        add [rect_x], ax
        dec cl
        jnz .dot
        pop word [rect_x]
        mov ax, [rect_h]
        add [rect_y], ax
        dec ch
        jnz .row
        mov ax, [rect_w]
        shl ax, 3
        add [rect_x], ax
        ret

; A bar a 32nd of the height, at 7/8 of it: a 32nd of the width more at each tick, from a quarter of it on.
progress:
        mov ax, [CHOSEN + 0x14]
        mov cx, ax
        shr cx, 5
        mov [rect_h], cx
        shl cx, 2
        sub ax, cx
        mov [rect_y], ax
        mov ax, [CHOSEN + 0x12]
        shr ax, 5
        mov [rect_w], ax
        shl ax, 3
        mov [rect_x], ax
        mov cx, STEPS
.tick:  mov ax, [TICKS]
.wait:  hlt
        cmp ax, [TICKS]
        je .wait
        call big
        mov eax, WHITE
        call fill
        call small
        mov ax, [rect_w]
        add [rect_x], ax
        loop .tick
        ret

; The rectangle RECT_X, RECT_Y, RECT_W, RECT_H in the colour EAX (00RRGGBB), where ES reaches.
fill:   pushad
        xor edx, edx                    ; the pixel: red, green, blue, each the upper bits of eight
        mov ebx, eax
        mov si, CHOSEN + 0x1F
.part:  mov eax, ebx
        shl ebx, 8
        shr eax, 16
        and eax, 0xFF
        mov cl, 8
        sub cl, [si]
        shr eax, cl
        mov cl, [si + 1]
        shl eax, cl
        or edx, eax
        add si, 2
        cmp si, CHOSEN + 0x1F + 6
        jb .part
        movzx eax, word [rect_y]
        movzx ecx, word [pitch]
        push edx
        mul ecx
        mov edi, eax
        movzx eax, word [rect_x]
        movzx ecx, word [bytes]
        mul ecx
        add edi, eax
        add edi, [CHOSEN + 0x28]
        pop eax
        mov bp, [rect_h]
.line:  push edi
        movzx ecx, word [rect_w]
        cmp word [bytes], 3
        ja .four
        je .three
        a32 rep stosw
        jmp .done
.four:  a32 rep stosd
        jmp .done
.three: mov edx, eax
        shr edx, 16
.pixel: mov [es:edi], ax
        mov [es:edi + 2], dl
        add edi, 3
        dec ecx
        jnz .pixel
.done:  pop edi
        movzx ecx, word [pitch]
        add edi, ecx
        dec bp
        jnz .line
        popad
        ret

; --- data ------------------------------------------------------------------------------------------------------------
WHITE           equ 0xFFFFFF
GROUND          equ 0x102040

sizes:  dw 1024, 768, 800, 600, 640, 480, 0
depths: db 32, 24, 16, 15, 0

title:  db 13, 10, "fwsim boot menu", 13, 10, 13, 10
        db "  1  Live system", 13, 10
        db "  2  Live system, safe graphics", 13, 10
        db "  3  Memory test", 13, 10, 13, 10, 0
using:  db "Starting 1 with ", 0
mode_is:
        db ", mode ", 0
base_is:
        db ", frame buffer at ", 0
line:   db 13, 10, 0
no_mode:
        db "menu: no VBE mode with a linear frame buffer", 13, 10, 0
not_set:
        db "menu: the mode cannot be set", 13, 10, 0
booting:
        db "booting", 13, 10, 0
name:   db "fwsim boot menu"
name_end:

        align 4
bars:   dd 0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0x0000FF, 0x000000
bars_end:
gdt:    dw 15                           ; its own first entry is not used
        dd gdt
        dw 0
        dq 0x00CF92000000FFFF

number: dd 0                            ; the mode
font:   dd 0
pitch:  dw 0
bytes:  dw 0
tried:  dw 0
top:    dw 0
rect_x: dw 0
rect_y: dw 0
rect_w: dw 0
rect_h: dw 0
rank:   db 0

        times (512 - ($ - $$) % 512) % 512 db 0
image_end:
