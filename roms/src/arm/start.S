// SPDX-License-Identifier: GPL-2.0-or-later
// The entry (X0: device tree, or 0) and the vectors: every exception saves x0 to x30 and asks trap() in console.c.
        .section .text.start, "ax"
        .global _start
_start: adrp    x1, stack_top
        add     x1, x1, :lo12:stack_top
        mov     sp, x1
        adrp    x1, vectors
        add     x1, x1, :lo12:vectors
        msr     vbar_el1, x1
        isb
        mov     x29, xzr
        bl      enter
1:      wfi
        b       1b

        // 16 entries of 80h bytes (DDI 0487, D1.3.1.2); which one goes into x1
        .balign 2048
vectors:
        .set    entry, 0
        .rept   16
        .balign 128
        sub     sp, sp, #256
        stp     x0, x1, [sp]
        mov     x1, #entry
        b       saved
        .set    entry, entry + 1
        .endr
        .balign 128
saved:  stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x29, x30, [sp, #160]
        mov     x0, x1
        bl      trap
        ldp     x29, x30, [sp, #160]
        ldp     x18, x19, [sp, #144]
        ldp     x16, x17, [sp, #128]
        ldp     x14, x15, [sp, #112]
        ldp     x12, x13, [sp, #96]
        ldp     x10, x11, [sp, #80]
        ldp     x8, x9, [sp, #64]
        ldp     x6, x7, [sp, #48]
        ldp     x4, x5, [sp, #32]
        ldp     x2, x3, [sp, #16]
        ldp     x0, x1, [sp]
        add     sp, sp, #256
        eret

        .bss
        .balign 16
        .space  16384
stack_top:
