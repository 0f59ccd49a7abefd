// SPDX-License-Identifier: GPL-2.0-or-later
// Functions are found and sized as Linux does it (drivers/pci/probe.c): bus by bus, a bridge's bus numbers are kept
// where it has some, else given; BARs are sized with the function's decoding off.
#include "pci.h"

enum { DOWNSTREAM_PORTS = 1 << 4 | 1 << 6 | 1 << 8 }; // root port, downstream port, PCI to PCIe (PCIe 5.0, 7.5.3.2)

enum { SLOT_CONTROL = 0x18, SLOT_STATUS = 0x1A, PRESENT = 1 << 6, POWER_OFF = 1 << 10 };

static struct function functions[FUNCTIONS];
static struct bus buses[BUSES_AT_MOST];
static u32 function_count, bus_count;

u32 capability(const struct function *function, u32 id)
{
    if (!(read16(function->config + COMMAND + 2) & 0x10))
        return 0;
    u32 at = read8(function->config + LIST) & ~3;
    for (u32 left = 48; at >= 0x40 && left; left--) {
        u32 header = read16(function->config + at);
        if ((header & 0xFF) == id)
            return at;
        at = header >> 8 & ~3;
    }
    return 0;
}

u32 bar_register(const struct function *function, u32 number)
{
    if (number == BAR_ROM)
        return function->type == 1 ? BRIDGE_ROM : ROM;
    return BARS + 4 * number;
}

static u64 implemented(u64 ones) // the size that a register of this mask has: its lowest bit that can be written
{
    return ones & -ones;
}

// One BAR; whether it takes two registers.
static int size_bar(struct function *function, u32 number)
{
    u64 at = function->config + bar_register(function, number);
    struct resource *resource = &function->resource[number];
    u32 keep = number == BAR_ROM ? 0x7FF : 0; // bits that are not address: the enable bit stays as it is
    u32 old = read32(at), ones, wide;
    write32(at, old | ~keep);
    ones = read32(at);
    write32(at, old);
    if (ones == NOTHING && number == BAR_ROM)
        return 0;
    if (number == BAR_ROM) {
        resource->size = implemented(ones & ~keep);
        resource->kind = MEMORY | PREFETCH | OPTIONAL;
        resource->align = resource->size;
        if (!resource->size)
            resource->kind = 0;
        return 0;
    }
    if (!ones || ones == NOTHING)
        return 0;
    wide = (ones & 7) == 4;
    if (ones & 1) {
        resource->kind = IO;
        resource->size = implemented(ones & 0xFFFC);
    } else {
        u64 mask = ones & ~15U;
        resource->kind = MEMORY | (ones & 8 ? PREFETCH : 0) | (wide ? WIDE : 0);
        if (wide) {
            old = read32(at + 4);
            write32(at + 4, NOTHING);
            mask |= (u64)read32(at + 4) << 32;
            write32(at + 4, old);
        }
        resource->size = implemented(mask);
    }
    resource->align = resource->size;
    if (!resource->size)
        resource->kind = 0;
    return wide;
}

// Which windows a bridge has: what can be written is there (pci_read_bridge_windows).
static void size_windows(struct function *bridge)
{
    u64 config = bridge->config;
    u32 old = read16(config + IO_WINDOW);
    if (!old) {
        write16(config + IO_WINDOW, 0xE0F0);
        old = read16(config + IO_WINDOW);
        write16(config + IO_WINDOW, 0);
    }
    if (old)
        bridge->resource[WINDOW_IO].kind = IO;
    bridge->resource[WINDOW_MEMORY].kind = MEMORY;
    old = read32(config + PREFETCH_WINDOW);
    if (!old) {
        write32(config + PREFETCH_WINDOW, 0xFFE0FFF0);
        old = read32(config + PREFETCH_WINDOW);
        write32(config + PREFETCH_WINDOW, 0);
    }
    if (old)
        bridge->resource[WINDOW_PREFETCH].kind = MEMORY | PREFETCH | (old & 1 ? WIDE : 0);
}

static void size(struct function *function)
{
    u32 bars = function->type == 1 ? 2 : function->type == 0 ? 6 : 0;
    u32 off = function->class >> 8 != 0x0600; // Linux leaves the decoding of a host bridge on (quirk_mmio_always_on)
    function->command = read16(function->config + COMMAND);
    if (off && function->command & (DECODE_IO | DECODE_MEMORY))
        write16(function->config + COMMAND, function->command & ~(DECODE_IO | DECODE_MEMORY));
    for (u32 number = 0; number < bars; number++)
        number += size_bar(function, number);
    if (bars)
        size_bar(function, BAR_ROM);
    if (off && function->command & (DECODE_IO | DECODE_MEMORY))
        write16(function->config + COMMAND, function->command);
    if (function->type == 1)
        size_windows(function);
}

static struct function *at(const struct bus *bus, u32 devfn)
{
    for (struct function *each = bus->first; each; each = each->next)
        if (each->devfn == devfn)
            return each;
    return 0;
}

static struct function *look(struct bus *bus, u32 devfn) // the function there, found now or before; 0: none
{
    struct function *found = at(bus, devfn), **end = &bus->first;
    u64 config = bus->host->ecam + ((u64)(bus->number - bus->host->first) << 20 | devfn << 12);
    if (found)
        return found;
    u32 id = read32(config);
    if (id == NOTHING || !id || id == 0xFFFF || id == 0xFFFF0000 || function_count == FUNCTIONS)
        return 0;
    found = &functions[function_count++];
    found->bus = bus;
    found->config = config;
    found->devfn = devfn;
    found->id = id;
    found->class = read32(config + 8) >> 8;
    found->type = read8(config + HEADER) & 0x7F;
    found->express = capability(found, EXPRESS);
    size(found);
    while (*end)
        end = &(*end)->next;
    return *end = found;
}

// A slot with something in it that has no power gets it, as pciehp does (PCIe 5.0, 7.5.3.10 and 11).
static void power_slot(const struct bus *bus)
{
    if (!bus->bridge || !bus->bridge->express)
        return;
    u64 express = bus->bridge->config + bus->bridge->express;
    u32 control = read16(express + SLOT_CONTROL);
    if (read16(express + 2) & SLOT && read16(express + SLOT_STATUS) & PRESENT && control & POWER_OFF)
        write16(express + SLOT_CONTROL, control & ~POWER_OFF);
}

static int one_device(const struct bus *bus) // a link has one device at its end
{
    const struct function *bridge = bus->bridge;
    if (!bridge || !bridge->express)
        return 0;
    return DOWNSTREAM_PORTS >> (read16(bridge->config + bridge->express + 2) >> 4 & 15) & 1;
}

// The bus behind a bridge; its highest number.
static u32 behind(struct function *bridge, u32 number, u32 last)
{
    struct bus *bus = bridge->behind;
    if (!bus) {
        if (bus_count == BUSES_AT_MOST)
            return number - 1;
        bus = bridge->behind = &buses[bus_count++];
        bus->number = number;
        bus->host = bridge->bus->host;
        bus->bridge = bridge;
    }
    bus->last = last;
    return scan(bus);
}

static u32 scan_bridge(struct function *bridge, u32 highest, u32 give)
{
    u64 config = bridge->config;
    u32 numbers = read32(config + BUSES), own = bridge->bus->number, last;
    u32 second = numbers >> 8 & 0xFF, sub = numbers >> 16 & 0xFF;
    u32 has = (numbers & 0xFF) == own && second > own && sub >= second && sub <= bridge->bus->last;
    if (!give && (bridge->behind || has)) {
        behind(bridge, second, bridge->behind ? bridge->behind->last : sub);
        return bridge->behind && bridge->behind->last > highest ? bridge->behind->last : highest;
    }
    if (!give || bridge->behind)
        return highest;
    if (highest + 1 > bridge->bus->last) {
        say("no bus number for %2:%2.%1\n", (u64)own, (u64)bridge->devfn >> 3, (u64)bridge->devfn & 7);
        return highest;
    }
    numbers = (numbers & 0xFF000000) | own | (highest + 1) << 8;
    write32(config + BUSES, numbers | bridge->bus->last << 16);
    last = behind(bridge, highest + 1, bridge->bus->last);
    write32(config + BUSES, numbers | last << 16);
    if (bridge->behind)
        bridge->behind->last = last;
    return last;
}

// All functions of a bus and of what is behind it, those found before kept; the highest bus number.
u32 scan(struct bus *bus)
{
    u32 highest = bus->number;
    power_slot(bus);
    for (u32 device = 0; device < (one_device(bus) ? 1 : 32); device++) {
        struct function *first = look(bus, device << 3);
        u32 more = first && read8(first->config + HEADER) & 0x80;
        for (u32 n = 1; n < 8 && more; n++)
            look(bus, device << 3 | n);
    }
    for (u32 give = 0; give < 2; give++)
        for (struct function *each = bus->first; each; each = each->next)
            if (each->type == 1)
                highest = scan_bridge(each, highest, give);
    return highest;
}
