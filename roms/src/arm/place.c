// SPDX-License-Identifier: GPL-2.0-or-later
// Resources are placed as Linux does it (drivers/pci/setup-bus.c, bus.c): a bridge's windows are sized from what is
// behind it, then each bus's resources go, the largest alignment first, into the lowest place of a window that fits.
#include "pci.h"

enum { MEGABYTE = 1 << 20, HOTPLUG = 2 << 20 }; // alignment of a bridge's window; what is kept free (pci=hpmmiosize)
enum { ORDERS = 24 }; // alignments from 1 MiB to 8 TiB
enum { HOTPLUG_CAPABLE = 1 << 6, SLOT_CAPABILITIES = 0x14 };

void add_windows(struct bus *bus, const struct host *host)
{
    for (u32 n = 0; n < host->windows; n++) {
        const struct window *window = &host->window[n];
        u32 space = window->type >> 24 & 3;
        struct range *range = &bus->range[bus->ranges++];
        range->kind = space == 1 ? IO : MEMORY | (window->type >> 30 & 1 ? PREFETCH : 0) | (space == 3 ? WIDE : 0);
        range->next = space == 1 && !window->bus ? 0x1000 : window->bus; // PCIBIOS_MIN_IO of arm64
        range->end = window->bus + window->size;
    }
}

static int try_above(struct resource *resource, struct bus *bus, u32 compared, u64 least)
{
    for (u32 n = 0; n < bus->ranges; n++) {
        struct range *range = &bus->range[n];
        u32 apart = range->kind ^ resource->kind;
        u64 start = range->next < least ? least : range->next;
        u64 base = (start + resource->align - 1) & -resource->align, end = base + resource->size;
        if (apart & (compared | IO | MEMORY) || (range->kind & PREFETCH && !(resource->kind & PREFETCH)))
            continue;
        if (end > range->end || end < base || (!(resource->kind & WIDE) && end > 1UL << 32))
            continue;
        resource->base = base;
        resource->placed = 1;
        range->next = end;
        return 1;
    }
    return 0;
}

static int try(struct resource *resource, struct bus *bus, u32 compared) // 64 bits: above 4 GiB first
{
    return (resource->kind & WIDE && try_above(resource, bus, compared, 1UL << 32)) ||
           try_above(resource, bus, compared, 0);
}

// First a window of the same kind; then, for 64 bits prefetchable, one of 32; then any that is not prefetchable.
static void find_place(struct resource *resource, struct bus *bus)
{
    if (try(resource, bus, PREFETCH | WIDE))
        return;
    if ((resource->kind & PREFETCH) && (resource->kind & WIDE) && try(resource, bus, PREFETCH))
        return;
    if (resource->kind & (PREFETCH | WIDE))
        try(resource, bus, 0);
}

// The next resource of a bus that is not yet placed: by alignment from below this one, then by its order from after.
static struct resource *largest(struct bus *bus, u64 below, u32 after, u32 *order)
{
    struct resource *found = 0;
    u32 n = 0;
    for (struct function *each = bus->first; each; each = each->next)
        for (u32 number = 0; number < RESOURCES; number++, n++) {
            struct resource *one = &each->resource[number];
            if (!one->kind || one->placed || !one->size || each->known)
                continue;
            if (one->align > below || (one->align == below && n < after) || (found && one->align <= found->align))
                continue;
            found = one;
            *order = n + 1;
        }
    return found;
}

static u32 window_for(const struct function *bridge, u32 kind) // which window of a bridge takes a resource
{
    u32 prefetch = bridge->resource[WINDOW_PREFETCH].kind;
    if (kind & IO)
        return WINDOW_IO;
    if (kind & PREFETCH && prefetch && (kind & WIDE || !(prefetch & WIDE)))
        return WINDOW_PREFETCH;
    return WINDOW_MEMORY;
}

static int takes_hotplug(const struct function *bridge)
{
    u64 express = bridge->config + bridge->express;
    return bridge->express && read16(express + 2) & SLOT && read32(express + SLOT_CAPABILITIES) & HOTPLUG_CAPABLE;
}

// The alignment of a window for all that is in it, at most of this order (calculate_mem_align): half of the largest may
// do, since the largest then fills an end of the window.
static u64 window_align(const u64 *aligns, u32 largest)
{
    u64 sum = 0, least = MEGABYTE;
    for (u32 order = 0; order <= largest; order++) {
        u64 one = (u64)MEGABYTE << order;
        if (!sum)
            least = one;
        else if (((sum + least + least - 1) & -least) < one)
            least = one >> 1;
        sum += aligns[order];
    }
    return least;
}

static void size_window(struct function *bridge, u32 number)
{
    u32 highest = 0;
    u64 aligns[ORDERS], size = 0, unit = number == WINDOW_IO ? 0x1000 : MEGABYTE;
    struct resource *window = &bridge->resource[number];
    memset(aligns, 0, sizeof(aligns));
    window->align = unit;
    for (struct function *one = bridge->behind->first; one; one = one->next)
        for (u32 n = 0; n < RESOURCES; n++) {
            const struct resource *each = &one->resource[n];
            u32 order = 0;
            if (!each->kind || !each->size || window_for(bridge, each->kind) != number)
                continue;
            while ((u64)MEGABYTE << order < each->align && order < ORDERS - 1)
                order++;
            if (order > highest)
                highest = order;
            size += each->size > each->align ? each->size : each->align;
            if (each->size <= each->align)
                aligns[order] += each->align;
            if (number == WINDOW_IO && each->align > window->align)
                window->align = each->align;
        }
    if (number != WINDOW_IO)
        window->align = window_align(aligns, highest);
    if (takes_hotplug(bridge) && !size)
        size = unit;
    if (takes_hotplug(bridge) && number != WINDOW_IO && size < HOTPLUG)
        size = HOTPLUG;
    window->size = (size + window->align - 1) & -window->align;
}

static void size_bridge(struct function *bridge) // from what is behind it, deepest first
{
    for (struct function *one = bridge->behind->first; one; one = one->next)
        if (one->behind && !one->known)
            size_bridge(one);
    for (u32 number = WINDOW_IO; number < RESOURCES; number++)
        if (bridge->resource[number].kind)
            size_window(bridge, number);
}

static void program_bridge(struct function *bridge) // pci_setup_bridge; a window that is not used ends below its base
{
    u64 config = bridge->config;
    for (u32 n = WINDOW_IO; n < RESOURCES; n++) {
        struct resource *window = &bridge->resource[n];
        struct range *range = &bridge->behind->range[bridge->behind->ranges];
        u64 base = window->base, last = base + window->size - 1;
        if (n == WINDOW_IO && window->kind) {
            write16(config + IO_WINDOW, window->placed ? (last >> 8 & 0xF0) << 8 | (base >> 8 & 0xF0) : 0x00F0);
            write32(config + IO_UPPER, window->placed ? last >> 16 << 16 | base >> 16 : 0xFFFF);
        } else if (n == WINDOW_MEMORY) {
            write32(config + MEMORY_WINDOW, window->placed ? (last & 0xFFF00000) | base >> 16 : 0xFFF0);
        } else if (window->kind) {
            write32(config + PREFETCH_LIMIT_UPPER, 0); // the window is closed while its halves change
            write32(config + PREFETCH_WINDOW, window->placed ? (last & 0xFFF00000) | (base >> 16 & 0xFFF0) : 0xFFF0);
            write32(config + PREFETCH_BASE_UPPER, window->placed ? base >> 32 : 0);
            write32(config + PREFETCH_LIMIT_UPPER, window->placed ? last >> 32 : 0);
        }
        if (!window->placed)
            continue;
        *range = (struct range){window->kind, base, base + window->size};
        bridge->behind->ranges++;
    }
}

static void write_bar(struct function *function, u32 number)
{
    const struct resource *resource = &function->resource[number];
    u64 at = function->config + bar_register(function, number);
    u32 kind = resource->kind;
    if (number == BAR_ROM) {
        write32(at, resource->base | (read32(at) & 0x7FF));
        return;
    }
    write32(at, resource->base | (kind & IO ? 1 : (kind & PREFETCH ? 8 : 0) | (kind & WIDE ? 4 : 0)));
    if (kind & WIDE)
        write32(at + 4, resource->base >> 32);
}

static void place_bus(struct bus *bus)
{
    u64 below = -1UL;
    u32 order = 0;
    struct resource *each;
    while ((each = largest(bus, below, order, &order))) {
        below = each->align;
        find_place(each, bus);
    }
    for (struct function *one = bus->first; one; one = one->next) {
        for (u32 number = 0; number <= BAR_ROM && !one->known; number++)
            if (one->resource[number].placed)
                write_bar(one, number);
        if (one->behind && !one->known)
            program_bridge(one);
        if (one->behind)
            place_bus(one->behind);
    }
}

static void size_bridges(struct bus *bus) // those that are new, wherever they are
{
    for (struct function *one = bus->first; one; one = one->next)
        if (one->behind && one->known)
            size_bridges(one->behind);
        else if (one->behind)
            size_bridge(one);
}

// Places what is new on a bus and behind it; bridges that were there keep their windows.
void place(struct bus *bus)
{
    size_bridges(bus);
    place_bus(bus);
}
