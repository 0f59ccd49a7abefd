/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pipe A with its primary plane, and the GTT. No clock, no link and no panel power is programmed: what lights a display
 * on real hardware is not here. Sources: Intel PRM, display, of Sandy Bridge to Tiger Lake; Linux i915 i915_reg.h, and
 * x86 early-quirks.c for the sizes that GGC codes. */
#include "gop.h"

enum { GGC = 0x50, GGC_MMIO = 0x108040, BDSM_MMIO = 0x1080C0 };
enum { GTT_4 = 0x200000, GTT_8 = 0x800000, VALID = 1, PAGE = 0x1000, MIB = 0x100000 };
enum { VGACNTRL = 0x41000, PIPECONF = 0x70008, PIPE_ON = 1u << 31, PIPE_RUNS = 1 << 30 };
enum { HTOTAL = 0x60000, HBLANK = 0x60004, HSYNC = 0x60008, VTOTAL = 0x6000C, VBLANK = 0x60010, VSYNC = 0x60014 };
enum { PIPESRC = 0x6001C, PLANE = 0x70180, STRIDE = 0x70188, POS = 0x7018C, SIZE = 0x70190, SURF = 0x7019C };
enum { OFFSET = 0x701A4, PLANE_ON = 1u << 31, PRIMARY_XRGB = 6 << 26, UNIVERSAL_XRGB = 4 << 24 };
enum { TRIES = 50, STEP_US = 1000, MOST_PAGES = 0x100000 };

/* Pages of stolen memory, at most those of a GTT: units of 32 MiB, from generation 9 on codes from F0h in units of 4. */
static u32 stolen_pages(u32 gen, u32 ggc) {
    u32 code = gen < 8 ? ggc >> 3 & 31 : ggc >> 8 & 0xFF;
    u32 pages = (gen >= 9 && code >= 0xF0 ? (code - 0xEF) * 4 : code * 32) * (MIB / PAGE);
    return pages < MOST_PAGES ? pages : MOST_PAGES;
}

/* All of stolen memory goes to graphics address 0. From generation 11 on its base is read where the display has it. */
void map_stolen(struct display *d) {
    u32 in_mmio = d->gen >= 11;
    u64 base = (in_mmio ? get(d, BDSM_MMIO) : config(d->pci, BDSM)) & -(u32)MIB;
    if (in_mmio)
        base |= (u64)get(d, BDSM_MMIO + 4) << 32;
    u32 ggc = in_mmio ? get(d, GGC_MMIO) : config(d->pci, GGC);
    d->pages = stolen_pages(d->gen, ggc);
    for (u32 n = 0; n < d->pages; n++) {
        u64 entry = base + (u64)n * PAGE | VALID;
        if (d->gen < 8)
            put(d, GTT_4 + 4 * n, (u32)entry);
        else
            *(volatile u64 *)(d->registers + GTT_8 + 8 * n) = entry;
    }
}

void darken(struct display *d) {
    put(d, PLANE, 0);
    put(d, SURF, 0);
    put(d, PIPECONF, 0);
    for (u32 n = 0; n < TRIES && get(d, PIPECONF) & PIPE_RUNS; n++)
        boot->stall(STEP_US);
}

static void pair(struct display *d, u32 offset, u32 high, u32 low) { put(d, offset, high - 1 << 16 | low - 1); }

void light(struct display *d, const struct timing *mode) {
    u32 bytes = 4 * line_of(mode);
    put(d, VGACNTRL, 1u << 31);
    pair(d, HTOTAL, mode->h_total, mode->width);
    pair(d, HBLANK, mode->h_total, mode->width);
    pair(d, HSYNC, mode->h_end, mode->h_start);
    pair(d, VTOTAL, mode->v_total, mode->height);
    pair(d, VBLANK, mode->v_total, mode->height);
    pair(d, VSYNC, mode->v_end, mode->v_start);
    pair(d, PIPESRC, mode->width, mode->height);
    put(d, PIPECONF, PIPE_ON);
    if (d->gen >= 9) {
        put(d, POS, 0);
        pair(d, SIZE, mode->height, mode->width);
    }
    put(d, OFFSET, 0);
    put(d, STRIDE, d->gen >= 9 ? bytes / 64 : bytes);
    put(d, PLANE, PLANE_ON | (d->gen >= 9 ? UNIVERSAL_XRGB : PRIMARY_XRGB));
    put(d, SURF, 0); /* written last: it makes the others take effect */
}
