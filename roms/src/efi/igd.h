/* SPDX-License-Identifier: GPL-2.0-or-later
 * How both drivers know an IGD. */
#ifndef IGD_H
#define IGD_H

#include "efi.h"
#include "ids.h"

enum { ID = 0x00, CLASS = 0x08, BDSM = 0x5C, BDSM64 = 0xC0, ASLS = 0xFC };

static inline u32 config(struct pci_io *pci, u32 offset) {
    u32 value = ~0u;
    pci->read(pci, WIDTH_32, offset, 1, &value);
    return value;
}

/* The generation of the function's display; 0 for what is no IGD that is known here. */
static inline u32 generation(struct pci_io *pci) {
    u32 id = config(pci, ID), kind = config(pci, CLASS) >> 16;
    if ((id & 0xFFFF) != 0x8086 || (kind != 0x0300 && kind != 0x0380))
        return 0;
    for (u32 n = 0; n < sizeof IDS / sizeof *IDS; n++)
        if (IDS[n][0] == id >> 16)
            return IDS[n][1];
    return 0;
}

#endif
