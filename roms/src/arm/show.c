// SPDX-License-Identifier: GPL-2.0-or-later
// A placed function is enabled, each memory BAR read through, MSI and MSI-X set as Linux does, and all of it told.
#include "pci.h"

enum { DOORBELL = 0x08020040 }; // GICv2m's SETSPI_NS on QEMU's virt
enum { ENABLE_MSI = 1, MSI_IS_64 = 0x80, MSI_VECTORS = 0x70 };
enum { ENABLE_MSIX = 0x8000, MASK_ALL = 0x4000 };

static const char *kind_name(u32 kind)
{
    if (kind & IO)
        return "io";
    if (kind & PREFETCH)
        return kind & WIDE ? "pref64" : "pref32";
    return kind & WIDE ? "mem64" : "mem32";
}

static const char *capability_name(u32 id)
{
    static const struct {
        u32 id;
        const char *name;
    } names[] = {{POWER, "pm"}, {3, "vpd"}, {MSI, "msi"}, {9, "vendor"}, {0x0D, "ssvid"}, {EXPRESS, "express"},
                 {MSIX, "msix"}, {0x12, "sata"}, {0x13, "af"}, {0x14, "ea"}};
    for (u32 n = 0; n < sizeof(names) / sizeof(*names); n++)
        if (names[n].id == id)
            return names[n].name;
    return 0;
}

static void show_capabilities(const struct function *function)
{
    u64 config = function->config;
    u32 at = read16(config + COMMAND + 2) & 0x10 ? read8(config + LIST) & ~3 : 0, header;
    for (u32 left = 48; at >= 0x40 && left; left--, at = header >> 8 & ~3) {
        header = read16(config + at);
        const char *name = capability_name(header & 0xFF);
        if (name)
            say("  cap %s at %2\n", name, (u64)at);
        else
            say("  cap %2 at %2\n", (u64)header & 0xFF, (u64)at);
    }
    at = 0x100;
    for (u32 left = 960; function->express && at >= 0x100 && left; left--, at = header >> 20 & ~3) {
        header = read32(config + at);
        if (!header || header == NOTHING)
            break;
        say("  ext %4 at %3\n", (u64)header & 0xFFFF, (u64)at);
    }
}

static u64 on_cpu(const struct function *function, const struct resource *resource) // the CPU's address of a resource
{
    const struct host *host = function->bus->host;
    for (u32 n = 0; n < host->windows; n++) {
        const struct window *window = &host->window[n];
        u32 io = (window->type >> 24 & 3) == 1;
        if (io == (resource->kind & IO) && resource->base - window->bus < window->size)
            return resource->base - window->bus + window->cpu;
    }
    return 0;
}

static void enable(struct function *function)
{
    u32 io = 0, memory = 0, lacks = 0, command = function->command;
    for (u32 n = 0; n < RESOURCES; n++) {
        const struct resource *each = &function->resource[n];
        if (each->placed && n != BAR_ROM)
            *(each->kind & IO ? &io : &memory) = 1;
        else if (each->kind && !(each->kind & (OPTIONAL | IO)) && n < BAR_ROM)
            lacks = 1;
        else if (each->kind & IO && n < BAR_ROM)
            io = 2;
    }
    if (memory && !lacks)
        command |= DECODE_MEMORY;
    if (io == 1)
        command |= DECODE_IO;
    if (function->type == 1)
        command |= MASTER;
    if (capability(function, MSI) || capability(function, MSIX))
        command |= INTX_OFF;
    write16(function->config + COMMAND, command);
}

static void show_bar(const struct function *function, u32 number)
{
    const struct resource *resource = &function->resource[number];
    u64 at = function->config + bar_register(function, number), back, cpu = on_cpu(function, resource);
    if (number == BAR_ROM)
        say("  rom size %8", resource->size);
    else
        say("  bar %1 %s size %8", (u64)number, kind_name(resource->kind), resource->size);
    if (!resource->placed) {
        say(" no room\n");
        return;
    }
    back = read32(at) & ~(number == BAR_ROM ? 0x7FFUL : resource->kind & IO ? 3UL : 15UL);
    if (resource->kind & WIDE)
        back |= (u64)read32(at + 4) << 32;
    say(" at %8 -> %8", resource->base, back);
    if (number != BAR_ROM && resource->kind & MEMORY && read16(function->config + COMMAND) & DECODE_MEMORY)
        say(" reads %8 %8", (u64)read32(cpu), (u64)read32(cpu + 4));
    say("\n");
}

static void show_windows(const struct function *bridge)
{
    u64 config = bridge->config, numbers = read32(config + BUSES), base, last;
    say("  bus %2-%2\n", numbers >> 8 & 0xFF, numbers >> 16 & 0xFF);
    for (u32 n = WINDOW_IO; n < RESOURCES; n++) {
        const struct resource *window = &bridge->resource[n];
        if (!window->kind || !window->size)
            continue;
        say("  window %s size %8", n == WINDOW_MEMORY ? "mem32" : kind_name(window->kind), window->size);
        if (!window->placed) {
            say(" no room\n");
            continue;
        }
        if (n == WINDOW_IO) {
            base = (read16(config + IO_WINDOW) & 0xF0) << 8 | (u64)read16(config + IO_UPPER) << 16;
            last = (read16(config + IO_WINDOW) & 0xF000) | 0xFFF | (u64)read16(config + IO_UPPER + 2) << 16;
        } else {
            u32 both = read32(config + (n == WINDOW_MEMORY ? MEMORY_WINDOW : PREFETCH_WINDOW));
            base = (both & 0xFFF0UL) << 16;
            last = (both & 0xFFF00000UL) | 0xFFFFF;
        }
        if (window->kind & WIDE) {
            base |= (u64)read32(config + PREFETCH_BASE_UPPER) << 32;
            last |= (u64)read32(config + PREFETCH_LIMIT_UPPER) << 32;
        }
        say(" at %8 -> %8-%8\n", window->base, base, last);
    }
}

static void set_msi(const struct function *function)
{
    u64 at = function->config + capability(function, MSI);
    u32 before = read16(at + 2), data = before & MSI_IS_64 ? 12 : 8;
    write16(at + 2, before & ~(ENABLE_MSI | MSI_VECTORS));
    write32(at + 4, DOORBELL);
    if (before & MSI_IS_64)
        write32(at + 8, 0);
    write16(at + data, 0x50);
    write16(at + 2, (before & ~MSI_VECTORS) | ENABLE_MSI);
    say("  msi control %4 -> %4 address %8 data %4\n", (u64)before, (u64)read16(at + 2), (u64)read32(at + 4),
        (u64)read16(at + data));
}

static void set_msix(const struct function *function)
{
    u64 at = function->config + capability(function, MSIX), table = read32(at + 4), entry;
    u32 before = read16(at + 2), number = table & 7;
    say("  msix %1 table bar %1 offset %8 control %4", (u64)(before & 0x7FF) + 1, (u64)number, table & ~7UL,
        (u64)before);
    if (number > 5 || !function->resource[number].placed || !(read16(function->config + COMMAND) & DECODE_MEMORY)) {
        say(" out of reach\n");
        return;
    }
    entry = on_cpu(function, &function->resource[number]) + (table & ~7UL);
    write16(at + 2, before | ENABLE_MSIX | MASK_ALL);
    write32(entry, DOORBELL);
    write32(entry + 4, 0);
    write32(entry + 8, 0x51);
    write32(entry + 12, 0);
    write16(at + 2, (before | ENABLE_MSIX) & ~MASK_ALL);
    say(" -> %4 entry %8 %8 %8 %8\n", (u64)read16(at + 2), (u64)read32(entry), (u64)read32(entry + 4),
        (u64)read32(entry + 8), (u64)read32(entry + 12));
}

void show(struct function *function)
{
    say("pci %2:%2.%1 %4:%4 class %6 type %1\n", (u64)function->bus->number, (u64)function->devfn >> 3,
        (u64)function->devfn & 7, (u64)function->id & 0xFFFF, (u64)function->id >> 16, (u64)function->class,
        (u64)function->type);
    function->known = 1;
    if (function->type > 1)
        return;
    enable(function);
    if (function->type == 1)
        show_windows(function);
    for (u32 number = 0; number <= BAR_ROM; number++)
        if (function->resource[number].kind)
            show_bar(function, number);
    show_capabilities(function);
    if (capability(function, MSI))
        set_msi(function);
    if (capability(function, MSIX))
        set_msix(function);
    if (function->id == 0x11E81234 && function->resource[0].placed)
        edu(function, on_cpu(function, &function->resource[0]));
    say("  command %4 -> %4\n", (u64)function->command, (u64)read16(function->config + COMMAND));
}
