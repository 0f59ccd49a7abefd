// SPDX-License-Identifier: GPL-2.0-or-later
// PCI as arm-linux sees it: functions, their resources, and buses with the windows that they are placed in.
#ifndef PCI_H
#define PCI_H
#include "arm.h"

enum { // configuration space (PCI Local Bus 3.0, 6.1; PCI-to-PCI Bridge 1.2, 3.2)
    COMMAND = 0x04, HEADER = 0x0E, BARS = 0x10, BUSES = 0x18, IO_WINDOW = 0x1C, MEMORY_WINDOW = 0x20,
    PREFETCH_WINDOW = 0x24, PREFETCH_BASE_UPPER = 0x28, PREFETCH_LIMIT_UPPER = 0x2C, IO_UPPER = 0x30, LIST = 0x34,
    ROM = 0x30, BRIDGE_ROM = 0x38,
};
enum { DECODE_IO = 1, DECODE_MEMORY = 2, MASTER = 4, INTX_OFF = 0x400 };
enum { POWER = 1, MSI = 5, EXPRESS = 0x10, MSIX = 0x11 };                    // capabilities
enum { IO = 1, MEMORY = 2, PREFETCH = 4, WIDE = 8, OPTIONAL = 16 };          // what a resource is, or a window takes
enum { BAR_ROM = 6, WINDOW_IO, WINDOW_MEMORY, WINDOW_PREFETCH, RESOURCES };  // numbers of a function's resources
enum { FUNCTIONS = 128, BUSES_AT_MOST = 64 };
enum { NOTHING = 0xFFFFFFFF, SLOT = 1 << 8 }; // SLOT: of an express capability's flags, the port has one

struct resource {
    u32 kind; // 0: there is none
    u32 placed;
    u64 size, align, base; // base: on the bus
};

struct range { // a window that a bus's resources are placed in
    u32 kind;
    u64 next, end; // the first byte that is free, and the one behind the last
};

struct bus {
    u32 number, last; // last: the highest number behind it
    const struct host *host;
    struct function *bridge; // 0: the host's
    u32 ranges;
    struct range range[WINDOWS];
    struct function *first;
};

struct function {
    struct bus *bus, *behind;
    struct function *next;
    u64 config; // the CPU's address of its configuration space
    u32 devfn, id, class, type, command;
    u32 express; // offset of the capability, 0: none
    u32 known;   // it was placed and told
    struct resource resource[RESOURCES];
};

// pci.c
u32 scan(struct bus *bus);
u32 capability(const struct function *function, u32 id);
u32 bar_register(const struct function *function, u32 number);
// place.c
void add_windows(struct bus *bus, const struct host *host);
void place(struct bus *bus);
// show.c
void show(struct function *function);
// edu.c
void edu(const struct function *function, u64 bar);

#endif
