// SPDX-License-Identifier: GPL-2.0-or-later
// What the AArch64 guest programs share: types, accesses of one instruction each, the console, the device tree.
// The MMU is off: all memory is Device memory, and an access has to be aligned (Arm ARM DDI 0487, B2.7.2 and D8.2.10).
#ifndef ARM_H
#define ARM_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

// A register access is one load or store by a base register, so that its syndrome (ESR_ELx.ISV) describes it to a
// hypervisor; a compiler might pair or index it.
#define ACCESS(name, type, load, store)                                                                              \
    static inline type read##name(u64 at)                                                                            \
    {                                                                                                                \
        type value;                                                                                                  \
        __asm__ volatile(load ", [%1]" : "=r"(value) : "r"(at) : "memory");                                          \
        return value;                                                                                                \
    }                                                                                                                \
    static inline void write##name(u64 at, type value)                                                               \
    {                                                                                                                \
        __asm__ volatile(store ", [%1]" : : "r"(value), "r"(at) : "memory");                                         \
    }
ACCESS(8, u8, "ldrb %w0", "strb %w0")
ACCESS(16, u16, "ldrh %w0", "strh %w0")
ACCESS(32, u32, "ldr %w0", "str %w0")
ACCESS(64, u64, "ldr %x0", "str %x0")

enum { WINDOWS = 8, HOSTS = 4 };

struct window { // an entry of a host bridge's "ranges"
    u32 type;   // the first cell (IEEE 1275 PCI bus binding, 2.2.1.1): 01 I/O, 02 and 03 memory, bit 30 prefetchable
    u64 bus, cpu, size;
};

struct host { // a node pci-host-ecam-generic
    u64 ecam, size;
    u32 first, last; // bus-range
    u32 domain;      // linux,pci-domain
    u32 windows;
    struct window window[WINDOWS];
};

struct tree {
    u64 at;            // 0: none was found
    const char *model; // the root's first compatible
    const char *arguments; // bootargs of /chosen
    const char *method; // of PSCI: hvc or smc
    u64 uart, ram, ram_size;
    u32 generic; // the console is an SBSA generic UART
    u32 hosts;
    struct host host[HOSTS];
};

extern struct tree tree;
extern u64 aborts; // data aborts survived

void read_tree(u64 at);
void *memset(void *start, int value, u64 bytes);
int same(const char *text, const char *other);
void console(u64 uart, u32 generic);
void say(const char *form, ...);
int key(void);        // whether something was typed; it is taken
void power_off(void);
void begin(const char *name);
void run(void);       // the program
int survives(void);   // whether it goes on behind an access that was aborted

#endif
