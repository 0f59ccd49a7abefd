; SPDX-License-Identifier: GPL-2.0-or-later
; The display engine: CRT detection, PLL, pipe A, the FDI link to the PCH, the VGA plane and the primary plane.

HTOTAL_A        equ 0x60000             ; six timing registers, then PIPESRC at 1Ch
PIPE_DATA_M1    equ 0x60030
PIPE_DATA_N1    equ 0x60034
PIPE_LINK_M1    equ 0x60040
PIPE_LINK_N1    equ 0x60044
PIPESRC_A       equ 0x6001C
FDI_TX_CTL_A    equ 0x60100
TRANS_DDI_A     equ 0x60400
PIPECONF_A      equ 0x70008             ; bit 31 enable, bit 30 state
DSPCNTR_A       equ 0x70180             ; gen 9: PLANE_CTL
DSPLINOFF_A     equ 0x70184
DSPSTRIDE_A     equ 0x70188
PLANE_SIZE_A    equ 0x70190
DSPOFFSET_A     equ 0x701A4
DSPSURF_A       equ 0x7019C             ; a write takes the other plane registers into use
VGACNTRL        equ 0x41000             ; bit 31: VGA plane off
PWR_WELL_BIOS   equ 0x45400
SPLL_CTL        equ 0x46020
PORT_CLK_DDI_E  equ 0x46110
PALETTE_A       equ 0x4A000
DDI_BUF_CTL_E   equ 0x64400
DP_TP_CTL_E     equ 0x64440
DP_TP_STATUS_E  equ 0x64444             ; bit 12: trained
PCH_DPLL_A      equ 0xC6014
PCH_FPA0        equ 0xC6040
PCH_FPA1        equ 0xC6044
PCH_DPLL_SEL    equ 0xC7000
PCH_PP_STATUS   equ 0xC7200             ; bit 31: panel powered
PCH_PP_CONTROL  equ 0xC7204
PCH_HTOTAL_A    equ 0xE0000
PCH_ADPA        equ 0xE1100
PCH_LVDS        equ 0xE1180             ; bit 1: panel strapped present
TRANSCONF_A     equ 0xF0008             ; bit 31 enable, bit 30 state
FDI_RX_CTL_A    equ 0xF000C
FDI_RX_IIR_A    equ 0xF0014             ; bit 8 bit lock, bit 9 symbol lock; write 1 to clear

; One row for each timing: pixel clock in kHz, PLL dividers N << 16 | M1 << 8 | M2 (register values, 120 MHz reference),
; P1 as a bit, then the six timing registers and PIPESRC. (VESA DMT; 720x400 is VGA text at 70 Hz.)
%macro  timing 14
        dd      %1, %2, 1 << (%3 - 1)
        dd      ((%6 - 1) << 16) | (%4 - 1)             ; HTOTAL
        dd      ((%6 - 1) << 16) | (%4 - 1)             ; HBLANK
        dd      ((%8 - 1) << 16) | (%7 - 1)             ; HSYNC
        dd      ((%11 - 1) << 16) | (%5 - 1)            ; VTOTAL
        dd      ((%11 - 1) << 16) | (%5 - 1)            ; VBLANK
        dd      ((%10 - 1) << 16) | (%9 - 1)            ; VSYNC
        dd      ((%4 - 1) << 16) | (%5 - 1)             ; PIPESRC
        dd      %12 | %13 | %14                         ; ADPA sync polarity
%endmacro
HPOS            equ 1 << 3
VPOS            equ 1 << 4
T_CLOCK         equ 0
T_FP            equ 4
T_P1            equ 8
T_HTOTAL        equ 12
T_PIPESRC       equ 36
T_SYNC          equ 40
;                   clock     N M1 M2 P1  width height htotal hsync      vsync    vtotal
timing_720x400: timing 28322, 0x041007, 7, 720, 400, 900, 738, 846, 412, 414, 449, 0, VPOS, 0
timing_640x480: timing 25175, 0x030D07, 8, 640, 480, 800, 656, 752, 490, 492, 525, 0, 0, 0
timing_800x600: timing 40000, 0x010C08, 8, 800, 600, 1056, 840, 968, 601, 605, 628, HPOS, VPOS, 0
timing_1024x768: timing 65000, 0x051307, 3, 1024, 768, 1344, 1048, 1184, 771, 777, 806, 0, 0, 0

; --- scripts: pairs of dwords, register and value; the register's low bits say what to do --------------------------
DO_WRITE        equ 0
DO_SET          equ 1                   ; wait until all bits of the value are 1
DO_CLEAR        equ 2                   ; wait until all bits of the value are 0
DO_DELAY        equ 3                   ; wait: the value is in ticks
%define END_OF_SCRIPT 0xFFFFFFFF

; Run the script at CS:SI. A wait that runs out of time is passed over. Clobbers EAX..EDX, SI.
script:
        mov     ebx, [cs:si]
        mov     eax, [cs:si + 4]
        cmp     ebx, END_OF_SCRIPT
        je      .end
        add     si, 8
        push    si
        mov     cl, bl
        and     bl, 0xFC
        and     cl, 3
        jz      .write
        cmp     cl, DO_DELAY
        je      .delay
        mov     edx, eax
        cmp     cl, DO_SET
        je      .wait
        xor     edx, edx
.wait:
        mov     ecx, eax
        mov     esi, US(1000)
        call    mmio_wait
        jmp     .next
.delay:
        mov     esi, eax
        call    delay
        jmp     .next
.write:
        call    mmio_write
.next:
        pop     si
        jmp     script
.end:
        ret

script_off:
        dd      DSPCNTR_A, 0
        dd      DSPSURF_A, 0
        dd      PIPECONF_A, 0
        dd      PIPECONF_A | DO_CLEAR, 1 << 30
        dd      END_OF_SCRIPT
script_off_fdi:
        dd      FDI_TX_CTL_A, 0
        dd      FDI_RX_CTL_A, 0
        dd      TRANSCONF_A, 0
        dd      TRANSCONF_A | DO_CLEAR, 1 << 30
        dd      PCH_DPLL_SEL, 0
        dd      PCH_DPLL_A, 0
        dd      END_OF_SCRIPT
script_off_lpt:
        dd      FDI_RX_CTL_A, 0
        dd      TRANSCONF_A, 0
        dd      TRANSCONF_A | DO_CLEAR, 1 << 30
        dd      DDI_BUF_CTL_E, 0
        dd      DP_TP_CTL_E, 0
        dd      END_OF_SCRIPT

; FDI training: two lanes, pattern 1 until bit lock, pattern 2 until symbol lock, then pixels. The transmitter's pattern
; field is at bit 28 on Sandy Bridge, at bit 8 on Ivy Bridge.
%macro  fdi_training 1
        dd      FDI_RX_CTL_A, 0x00082000        ; receiver PLL
        dd      0 | DO_DELAY, US(20)
        dd      FDI_RX_CTL_A, 0x00082010        ; clocked by the PCH
        dd      FDI_TX_CTL_A, 0x000C4000        ; transmitter PLL
        dd      0 | DO_DELAY, US(20)
        dd      FDI_TX_CTL_A, 0x800C4000 | (0 << %1)
        dd      FDI_RX_CTL_A, 0x80082010
        dd      FDI_RX_IIR_A | DO_SET, 1 << 8
        dd      FDI_RX_IIR_A, 1 << 8
        dd      FDI_TX_CTL_A, 0x800C4000 | (1 << %1)
        dd      FDI_RX_CTL_A, 0x80082110
        dd      FDI_RX_IIR_A | DO_SET, 1 << 9
        dd      FDI_RX_IIR_A, 1 << 9
        dd      FDI_TX_CTL_A, 0x800C4000 | (3 << %1)
        dd      FDI_RX_CTL_A, 0x80082310
        dd      PCH_DPLL_SEL, 0x8               ; transcoder A from PLL A
        dd      END_OF_SCRIPT
%endmacro
script_fdi_snb: fdi_training 28
script_fdi_ivb: fdi_training 8
; Haswell and Broadwell: the link is DDI E in FDI mode, its clock a fixed one.
script_lpt:
        dd      SPLL_CTL, 0x94000000            ; on, spread, 1350 MHz
        dd      0 | DO_DELAY, US(20)
        dd      PORT_CLK_DDI_E, 0x60000000      ; from SPLL
        dd      FDI_RX_CTL_A, 0x00082010
        dd      DP_TP_CTL_E, 0x80048000         ; trains by itself
        dd      DDI_BUF_CTL_E, 0x80000002
        dd      FDI_RX_CTL_A, 0x80082410
        dd      DP_TP_STATUS_E | DO_SET, 1 << 12
        dd      DP_TP_CTL_E, 0x80048300         ; pixels
        dd      END_OF_SCRIPT
script_pipe:
        dd      PIPECONF_A, 1 << 31
        dd      PIPECONF_A | DO_SET, 1 << 30
        dd      END_OF_SCRIPT
script_transcoder:
        dd      TRANSCONF_A, 1 << 31
        dd      TRANSCONF_A | DO_SET, 1 << 30
        dd      END_OF_SCRIPT
script_wells_lpt:
        dd      PWR_WELL_BIOS, 0x80000000
        dd      PWR_WELL_BIOS | DO_SET, 0x40000000
        dd      END_OF_SCRIPT
script_wells_skl:
        dd      PWR_WELL_BIOS, 0xA0000000       ; wells 1 and 2: requests in the odd bits, state in the even ones
        dd      PWR_WELL_BIOS | DO_SET, 0x50000000
        dd      END_OF_SCRIPT
script_panel:
        dd      PCH_PP_CONTROL, 0xABCD0001
        dd      PCH_PP_STATUS | DO_SET, 1 << 31
        dd      END_OF_SCRIPT

; POST: power, then whether a monitor loads the analog output.
display_init:
        mov     byte [cs:v_crt], 0
        mov     si, script_wells_skl
        cmp     byte [cs:v_path], PATH_SKL
        je      script
        cmp     byte [cs:v_path], PATH_LPT
        jne     .detect
        mov     si, script_wells_lpt
        call    script
; PCH_ADPA bit 16 forces a detection cycle and clears when it is done; bits 25:24 are then not zero if something is there.
.detect:
        wreg    PCH_ADPA, 1 << 16
        mov     ecx, 1 << 16
        xor     edx, edx
        mov     esi, US(20000)
        call    mmio_wait
        jc      .panel
        test    eax, 3 << 24
        jz      .panel
        mov     byte [cs:v_crt], 1
.panel:
        cmp     byte [cs:v_path], PATH_FDI
        jne     .done
        mov     ebx, PCH_LVDS
        call    mmio_read
        test    al, 2
        jz      .done
        mov     si, script_panel
        jmp     script
.done:
        ret

; Everything off: plane, pipe, link, transcoder, PLL.
display_off:
        mov     si, script_off
        call    script
        mov     si, script_off_fdi
        cmp     byte [cs:v_path], PATH_FDI
        je      script
        mov     si, script_off_lpt
        cmp     byte [cs:v_path], PATH_LPT
        je      script
        ret

; Pipe A on with the timing at CS:DI. Keeps DI.
display_on:
        cmp     byte [cs:v_path], PATH_FDI
        jne     .timings
        mov     ebx, PCH_FPA0
        mov     eax, [cs:di + T_FP]
        call    mmio_write
        mov     ebx, PCH_FPA1
        call    mmio_write
        mov     eax, [cs:di + T_P1]
        mov     ecx, eax
        shl     ecx, 16
        or      eax, ecx
        or      eax, 0x84000000         ; on, DAC mode, divide by 10, 120 MHz reference
        mov     ebx, PCH_DPLL_A
        call    mmio_write
        call    mmio_read               ; posts the write; there is no lock bit here, only a settling time
        mov     esi, US(40)
        call    delay
.timings:
        mov     ebx, HTOTAL_A
        call    .six
        mov     eax, [cs:di + T_PIPESRC]
        mov     ebx, PIPESRC_A
        call    mmio_write
        cmp     byte [cs:v_path], PATH_SKL
        je      .skl
        call    .ratios
        cmp     byte [cs:v_path], PATH_FDI
        jne     .ddi
        mov     si, script_fdi_snb
        cmp     byte [cs:v_gen], 7
        jb      .link
        mov     si, script_fdi_ivb
        jmp     .link
.ddi:
        wreg    TRANS_DDI_A, 0xC4000002 ; DDI E, FDI mode, 8 bits a colour, two lanes
        mov     si, script_lpt
.link:
        call    script
        mov     si, script_pipe
        call    script
        mov     ebx, PCH_HTOTAL_A
        call    .six
        mov     si, script_transcoder
        call    script
        mov     eax, [cs:di + T_SYNC]
        cmp     byte [cs:v_crt], 0
        je      .dac
        or      eax, 1 << 31
.dac:
        mov     ebx, PCH_ADPA
        jmp     mmio_write
.skl:
        mov     si, script_pipe
        jmp     script

; The six timing registers from EBX on.
.six:
        xor     si, si
.one:
        push    bx
        mov     bx, di
        mov     eax, [cs:bx + si + T_HTOTAL]
        pop     bx
        call    mmio_write
        add     ebx, 4
        add     si, 4
        cmp     si, 24
        jb      .one
        ret

; M/N: payload is 24 bits a pixel over two lanes of 8 bits at 270 MHz; the link ratio is pixel clock to link clock.
.ratios:
        mov     eax, [cs:di + T_CLOCK]
        lea     eax, [eax * 2 + eax]
        or      eax, 63 << 25           ; transfer unit 64
        mov     ebx, PIPE_DATA_M1
        call    mmio_write
        wreg    PIPE_DATA_N1, 270000 * 2
        mov     eax, [cs:di + T_CLOCK]
        mov     ebx, PIPE_LINK_M1
        call    mmio_write
        wreg    PIPE_LINK_N1, 270000
        ret

; Show the VGA plane with the timing at CS:DI: for modes 3, 12h, 13h.
display_vga:
        call    display_off
        call    display_on
        wreg    VGACNTRL, 0
        ret

; Show a frame buffer at graphics address 0. In: CS:DI = timing, DL = bits a pixel, CX = bytes a line.
display_linear:
        push    cx
        push    dx
        call    display_off
        mov     dx, 0x3C4               ; screen off in the sequencer before the VGA plane is disabled
        mov     al, 1
        out     dx, al
        inc     dx
        in      al, dx
        or      al, 0x20
        out     dx, al
        wreg    VGACNTRL, 1 << 31
        call    display_on
        pop     dx
        pop     cx
        movzx   ecx, cx
        cmp     byte [cs:v_path], PATH_SKL
        je      .skl
        mov     eax, 0x80000000 | (2 << 26)     ; 8 bits, indexed
        cmp     dl, 16
        jb      .plane
        mov     eax, 0x80000000 | (5 << 26)     ; 5:6:5
        je      .plane
        mov     eax, 0x80000000 | (6 << 26)     ; x8:8:8:8
.plane:
        mov     ebx, DSPCNTR_A
        call    mmio_write
        mov     ebx, DSPLINOFF_A
        cmp     byte [cs:v_path], PATH_FDI
        je      .offset
        mov     ebx, DSPOFFSET_A        ; Haswell and Broadwell: row and column instead
.offset:
        xor     eax, eax
        call    mmio_write
        jmp     .arm
.skl:
        shr     ecx, 6                  ; stride in units of 64 bytes
        mov     ebx, PLANE_SIZE_A
        mov     eax, [cs:di + T_PIPESRC]
        rol     eax, 16                 ; height in the upper half here
        call    mmio_write
        mov     eax, 0x80000000 | (0xC << 24)
        cmp     dl, 16
        jb      .control
        mov     eax, 0x80000000 | (0xE << 24)
        je      .control
        mov     eax, 0x80000000 | (0x4 << 24)
.control:
        mov     ebx, DSPCNTR_A
        call    mmio_write
.arm:
        mov     ebx, DSPSTRIDE_A
        mov     eax, ecx
        call    mmio_write
        wreg    DSPSURF_A, 0
        ret

; The pipe's own palette for indexed frame buffers: entry AL = red DH, green DL, blue CL, 6 bits each.
; Keeps all but EAX, EBX.
display_palette:
        movzx   ebx, al
        shl     bx, 2
        add     ebx, PALETTE_A
        movzx   eax, dx
        shl     eax, 8
        mov     al, cl
        shl     eax, 2                  ; 6 bits to 8, all three at once
        jmp     mmio_write
