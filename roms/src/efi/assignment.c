/* SPDX-License-Identifier: GPL-2.0-or-later
 * What firmware has to do for an IGD that a hypervisor assigns: OpRegion and stolen memory, sized by fw_cfg.
 * Sources: QEMU docs/igd-assign.txt, docs/specs/fw_cfg.rst. */
#include "igd.h"

enum { SELECTOR = 0x510, DATA = 0x511, DMA_HIGH = 0x514, DMA_LOW = 0x518 };
enum { KEY_FEATURES = 1, KEY_DIRECTORY = 0x19, HAS_DMA = 2 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SELECT = 8 };
enum { PAGE = 0x1000, MIB = 0x100000 };

struct request { u32 control, length; u64 address; };
struct entry { u32 size; u16 key, reserved; char name[56]; };

static struct system_table *sys;

static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }

/* Read by DMA: from the start of an item, or on from where the last read ended (key 0). */
static u32 fetch(u16 key, void *to, u32 size) {
    volatile struct request request = {
        __builtin_bswap32(key ? (u32)key << 16 | DMA_SELECT | DMA_READ : DMA_READ),
        __builtin_bswap32(size), __builtin_bswap64((u64)to),
    };
    u64 at = (u64)&request;
    out32(DMA_HIGH, __builtin_bswap32((u32)(at >> 32)));
    out32(DMA_LOW, __builtin_bswap32((u32)at));
    __asm__ volatile("" : : : "memory");
    while (__builtin_bswap32(request.control) & ~DMA_ERROR)
        ;
    return !request.control;
}

static u32 has_dma(void) {
    out16(SELECTOR, 0);
    for (const char *sign = "QEMU"; *sign; sign++)
        if (in8(DATA) != *sign)
            return 0;
    out16(SELECTOR, KEY_FEATURES);
    return in8(DATA) & HAS_DMA;
}

static u32 same(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The key of a file, 0 without it; its size. */
static u16 find(const char *name, u32 *size) {
    u32 count = 0;
    struct entry entry;
    fetch(KEY_DIRECTORY, &count, sizeof count);
    for (count = __builtin_bswap32(count); count; count--) {
        if (!fetch(0, &entry, sizeof entry))
            return 0;
        if (same(entry.name, name)) {
            *size = __builtin_bswap32(entry.size);
            return __builtin_bswap16(entry.key);
        }
    }
    return 0;
}

static void say(const char16 *text, u64 address) {
    char16 digits[12] = u"xxxxxxxx\r\n";
    for (int n = 7; n >= 0; n--, address >>= 4)
        digits[n] = u"0123456789abcdef"[address & 15];
    sys->output->output_string(sys->output, text);
    sys->output->output_string(sys->output, digits);
}

static void set_up_opregion(struct pci_io *pci) {
    u32 size, at;
    u64 base = 0xFFFFFFFF;
    u16 key = find("etc/igd-opregion", &size);
    if (!key || !size)
        return;
    if (sys->boot->allocate_pages(BELOW_ADDRESS, ACPI_NVS, (size + PAGE - 1) / PAGE, &base))
        return;
    fetch(key, (void *)base, size);
    at = (u32)base;
    pci->write(pci, WIDTH_32, ASLS, 1, &at);
    say(u"IGD: OpRegion at ", base);
}

/* Stolen memory begins at a whole MiB: what was taken too much on both sides is given back. */
static u64 allocate_aligned(u64 size) {
    u64 start = 0xFFFFFFFF, pages = size / PAGE + MIB / PAGE - 1;
    if (sys->boot->allocate_pages(BELOW_ADDRESS, RESERVED, pages, &start))
        return 0;
    u64 base = (start + MIB - 1) & -(u64)MIB, before = (base - start) / PAGE;
    if (before)
        sys->boot->free_pages(start, before);
    if (pages - before - size / PAGE)
        sys->boot->free_pages(base + size, pages - before - size / PAGE);
    return base;
}

static void set_up_stolen(struct pci_io *pci, u32 gen) {
    u32 length, high = 0;
    u64 size = 0;
    u16 key = find("etc/igd-bdsm-size", &length);
    if (!key || length != sizeof size || !fetch(key, &size, sizeof size) || !size)
        return;
    size = (size + PAGE - 1) & -(u64)PAGE;
    u64 base = allocate_aligned(size);
    if (!base)
        return;
    sys->boot->set_mem((void *)base, size, 0);
    u32 at = (u32)base;
    pci->write(pci, WIDTH_32, gen >= 11 ? BDSM64 : BDSM, 1, &at);
    if (gen >= 11)
        pci->write(pci, WIDTH_32, BDSM64 + 4, 1, &high);
    say(u"IGD: stolen memory at ", base);
}

/* Only the IGD at 00:02.0 has stolen memory; an OpRegion is for every one. */
static void set_up(struct pci_io *pci) {
    u64 segment = 0, bus = 0, device = 0, function = 0;
    u32 gen = generation(pci);
    if (!gen)
        return;
    set_up_opregion(pci);
    pci->get_location(pci, &segment, &bus, &device, &function);
    if (!segment && !bus && device == 2 && !function)
        set_up_stolen(pci, gen);
}

status_t efi_main(handle_t image, struct system_table *table) {
    u64 count = 0;
    handle_t *handles;
    sys = table;
    if (!has_dma())
        return UNSUPPORTED;
    if (sys->boot->locate_handle_buffer(BY_PROTOCOL, &PCI_IO, 0, &count, &handles))
        return NOT_FOUND;
    for (u64 n = 0; n < count; n++) {
        struct pci_io *pci;
        if (!sys->boot->handle_protocol(handles[n], &PCI_IO, (void **)&pci))
            set_up(pci);
    }
    sys->boot->free_pool(handles);
    return SUCCESS;
}
