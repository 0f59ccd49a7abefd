// SPDX-License-Identifier: GPL-2.0-or-later
// The console is a PL011 (Arm DDI 0183), or the part of it that is SBSA's generic UART (DEN0029, appendix B), as Xen
// gives its guests: text goes out by its data register, an exception is told there.
#include "arm.h"

enum { DATA = 0x00, FLAGS = 0x18, LINE = 0x2C, CONTROL = 0x30 };
enum { TRANSMIT_FULL = 1 << 5, RECEIVE_EMPTY = 1 << 4, WORDS_OF_8_FIFO = 0x70, ON_BOTH_WAYS = 0x301 };

struct tree tree;
u64 aborts;
static u64 uart;

void *memset(void *start, int value, u64 bytes) // the compiler asks for it
{
    for (u8 *at = start; bytes--; at++)
        write8((u64)at, value);
    return start;
}

void console(u64 at, u32 generic)
{
    uart = at;
    if (generic) // has no line and control registers, and is on
        return;
    write32(uart + LINE, WORDS_OF_8_FIFO);
    write32(uart + CONTROL, ON_BOTH_WAYS);
}

static void put(char letter)
{
    for (u32 wait = 0; wait < 1 << 16 && read32(uart + FLAGS) & TRANSMIT_FULL; wait++)
        ;
    write32(uart + DATA, letter);
}

int key(void)
{
    if (read32(uart + FLAGS) & RECEIVE_EMPTY)
        return 0;
    read32(uart + DATA);
    return 1;
}

static void hex(u64 value, u32 digits)
{
    while (digits < 16 && value >> 4 * digits)
        digits++;
    while (digits--)
        put("0123456789abcdef"[value >> 4 * digits & 15]);
}

// %s a string, %1 to %8 a number of so many hexadecimal digits, or more where it needs them; an argument has 64 bits.
void say(const char *form, ...)
{
    __builtin_va_list arguments;
    if (!uart)
        return;
    __builtin_va_start(arguments, form);
    for (; *form; form++) {
        if (*form == '\n')
            put('\r');
        if (*form != '%') {
            put(*form);
        } else if (*++form == 's') {
            for (const char *text = __builtin_va_arg(arguments, const char *); *text; text++)
                put(*text);
        } else {
            hex(__builtin_va_arg(arguments, u64), *form - '0');
        }
    }
    __builtin_va_end(arguments);
}

// PSCI's SYSTEM_OFF (DEN0022, 5.11) by the conduit that the tree names.
void power_off(void)
{
    say("off\n");
    register u64 function __asm__("x0") = 0x84000008;
    if (tree.method && same(tree.method, "smc"))
        __asm__ volatile("smc #0" : "+r"(function) : : "memory");
    else
        __asm__ volatile("hvc #0" : "+r"(function) : : "memory");
}

// An exception: a synchronous one of a data abort (EC 25h, DDI 0487 D24.2.40) is survived where the program wants that,
// behind the instruction; everything else ends the run.
void trap(u64 vector)
{
    u64 pc, far, esr;
    __asm__ volatile("mrs %0, elr_el1\n\tmrs %1, far_el1\n\tmrs %2, esr_el1" : "=r"(pc), "=r"(far), "=r"(esr));
    if ((vector & 3) == 0 && esr >> 26 == 0x25 && survives()) {
        say("  abort at %8 far %8 esr %8\n", pc, far, esr);
        aborts++;
        __asm__ volatile("msr elr_el1, %0" : : "r"(pc + 4));
        return;
    }
    say("exception %1 at %8 far %8 esr %8\n", vector, pc, far, esr);
    power_off();
    for (;;)
        __asm__ volatile("wfi");
}

// The tree is where X0 says, or at the start of RAM, where QEMU's virt leaves it for an ELF kernel (its
// docs/system/arm/virt.rst, "Hardware configuration information for bare-metal programming").
void enter(u64 at)
{
    read_tree(at ? at : 0x40000000);
    if (tree.uart)
        console(tree.uart, tree.generic);
    run();
    power_off();
}
