// SPDX-License-Identifier: GPL-2.0-or-later
// The flattened device tree (Devicetree Specification 0.4, chapter 5) is read for host bridges, console, RAM and PSCI.
#include "arm.h"

enum { MAGIC = 0xD00DFEED, BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, DEPTH = 16 };

struct value { // a property's value
    const u32 *cells;
    u32 bytes;
};

struct node { // what is of use of a node's properties
    struct value compatible, type, reg, ranges, buses, domain, method, arguments;
    u32 address_cells, size_cells; // for its children
};

static u32 cell(const u32 *at)
{
    return __builtin_bswap32(*at);
}

static u64 number(const u32 *at, u32 cells) // of the last two cells
{
    u64 value = 0;
    while (cells--)
        value = value << 32 | cell(at++);
    return value;
}

int same(const char *text, const char *other)
{
    while (*text && *text == *other)
        text++, other++;
    return *text == *other;
}

static int lists(struct value strings, const char *wanted) // whether a list of strings has this one
{
    const char *text = (const char *)strings.cells, *end = text + strings.bytes;
    while (text < end) {
        if (same(text, wanted))
            return 1;
        while (*text++)
            ;
    }
    return 0;
}

static void add_host(const struct node *parent, const struct node *node)
{
    u32 outer = parent->address_cells, inner = node->address_cells, size = node->size_cells;
    u32 entry = inner + outer + size;
    const u32 *at = node->ranges.cells;
    if (tree.hosts == HOSTS)
        return;
    struct host *host = &tree.host[tree.hosts++];
    host->ecam = number(node->reg.cells, outer);
    host->size = number(node->reg.cells + outer, parent->size_cells);
    host->last = 255;
    if (node->buses.bytes == 8) {
        host->first = cell(node->buses.cells);
        host->last = cell(node->buses.cells + 1);
    }
    if (node->domain.bytes == 4)
        host->domain = cell(node->domain.cells);
    for (u32 left = node->ranges.bytes / 4; left >= entry && host->windows < WINDOWS; left -= entry, at += entry)
        host->window[host->windows++] = (struct window){cell(at), number(at + 1, inner - 1), number(at + inner, outer),
                                                        number(at + inner + outer, size)};
}

static void take(const struct node *parent, const struct node *node) // all properties of a node have been seen
{
    if (node->reg.bytes && lists(node->compatible, "pci-host-ecam-generic"))
        add_host(parent, node);
    u32 generic = lists(node->compatible, "arm,sbsa-uart");
    if (!tree.uart && node->reg.bytes && (generic || lists(node->compatible, "arm,pl011"))) {
        tree.uart = number(node->reg.cells, parent->address_cells);
        tree.generic = generic;
    }
    if (!tree.ram_size && node->reg.bytes && lists(node->type, "memory")) {
        tree.ram = number(node->reg.cells, parent->address_cells);
        tree.ram_size = number(node->reg.cells + parent->address_cells, parent->size_cells);
    }
    if (node->method.bytes)
        tree.method = (const char *)node->method.cells;
    if (node->arguments.bytes)
        tree.arguments = (const char *)node->arguments.cells;
}

static void keep(struct node *node, const char *name, struct value value)
{
    static const char *const names[] = {"compatible", "device_type", "reg", "ranges", "bus-range", "linux,pci-domain",
                                        "method", "bootargs"};
    struct value *const places[] = {&node->compatible, &node->type, &node->reg, &node->ranges, &node->buses,
                                    &node->domain, &node->method, &node->arguments};
    for (u32 n = 0; n < sizeof(names) / sizeof(*names); n++)
        if (same(name, names[n]))
            *places[n] = value;
    if (same(name, "#address-cells"))
        node->address_cells = cell(value.cells);
    if (same(name, "#size-cells"))
        node->size_cells = cell(value.cells);
}

void read_tree(u64 start)
{
    static struct node nodes[DEPTH]; // the path from the root, with one above it
    const u32 *header = (const u32 *)start;
    if (start & 7 || cell(header) != MAGIC)
        return;
    const u32 *at = (const u32 *)(start + cell(header + 2));
    const char *strings = (const char *)(start + cell(header + 3));
    u32 depth = 0, open = 0; // open: the properties of the node at this depth are being read
    tree.at = start;
    for (;;) {
        u32 token = cell(at++);
        if (token == PROPERTY) {
            struct value value = {at + 2, cell(at)};
            keep(&nodes[depth], strings + cell(at + 1), value);
            at += 2 + (value.bytes + 3) / 4;
            continue;
        }
        if (token == NOP)
            continue;
        if (open)
            take(&nodes[depth - 1], &nodes[depth]);
        open = token == BEGIN_NODE;
        if (token == END_NODE && depth == 1)
            break;
        if (token == END_NODE) {
            depth--;
        } else if (token == BEGIN_NODE && depth + 1 < DEPTH) {
            nodes[++depth] = (struct node){.address_cells = 2, .size_cells = 1};
            const char *end = (const char *)at;
            while (*end)
                end++;
            at = (const u32 *)((u64)(end + 4) & ~3UL);
        } else {
            break;
        }
    }
    tree.model = (const char *)nodes[1].compatible.cells;
}

void begin(const char *name) // says what the tree says
{
    say("%s\ntree at %8 model %s psci %s\n", name, tree.at, tree.model, tree.method ? tree.method : "none");
    say("ram %8 size %8\nuart %8\n", tree.ram, tree.ram_size, tree.uart);
    for (u32 n = 0; n < tree.hosts; n++) {
        const struct host *host = &tree.host[n];
        say("host %1 ecam %8 size %8 bus %2-%2\n", (u64)n, host->ecam, host->size, (u64)host->first, (u64)host->last);
        for (u32 w = 0; w < host->windows; w++) {
            const struct window *window = &host->window[w];
            say("  range %8 at %8 size %8 cpu %8\n", (u64)window->type, window->bus, window->size, window->cpu);
        }
    }
}
