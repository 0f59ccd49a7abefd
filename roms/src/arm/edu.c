// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's edu device (docs/specs/edu.rst) shows what DMA reaches: RAM, and an address where nothing is.
#include "pci.h"

enum { ID = 0x00, LIVE = 0x04, SOURCE = 0x80, TARGET = 0x88, COUNT = 0x90, START = 0x98 };
enum { RUN = 1, TO_RAM = 2, BUFFER = 0x40000, PATTERN = 0x600DF00D };

static u32 transfer(u64 bar, u64 memory, u32 way) // four bytes; whether they came to an end
{
    write32(bar + SOURCE, way & TO_RAM ? BUFFER : memory);
    write32(bar + TARGET, way & TO_RAM ? memory : BUFFER);
    write32(bar + COUNT, 4);
    write32(bar + START, RUN | way);
    for (u32 wait = 0; wait < 1 << 24; wait++)
        if (!(read32(bar + START) & RUN))
            return 1;
    say("  edu dma does not end\n");
    return 0;
}

void edu(const struct function *function, u64 bar)
{
    static u32 words[4] __attribute__((aligned(16)));
    u64 nowhere = tree.ram + tree.ram_size;
    write16(function->config + COMMAND, read16(function->config + COMMAND) | MASTER);
    write32(bar + LIVE, 0x12345678);
    say("  edu id %8 live 12345678 -> %8\n", (u64)read32(bar + ID), (u64)read32(bar + LIVE));
    write32((u64)&words[0], PATTERN);
    if (!transfer(bar, (u64)&words[0], 0) || !transfer(bar, (u64)&words[1], TO_RAM))
        return;
    say("  edu dma ram %8 sent %8 back %8\n", (u64)&words[0], (u64)PATTERN, (u64)read32((u64)&words[1]));
    if (!transfer(bar, nowhere, 0) || !transfer(bar, (u64)&words[2], TO_RAM))
        return;
    say("  edu dma nowhere %8 back %8\n", nowhere, (u64)read32((u64)&words[2]));
    transfer(bar, nowhere, TO_RAM);
}
