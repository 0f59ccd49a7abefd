/* SPDX-License-Identifier: GPL-2.0-or-later
 * The modes: the monitor's preferred timing, and those of three that it knows; all three where no monitor says. Sources:
 * VESA E-EDID A, 3.8 (established timings) and 3.10.2 (detailed timing); VESA DMT for the timings at 60 Hz. */
#include "gop.h"

enum { ESTABLISHED = 0x23, DETAILED = 0x36, PAGE = 0x1000, LINE_BYTES = 64 };

static const struct timing FIXED[] = {
    {1024, 1048, 1184, 1344, 768, 771, 777, 806},
    {800, 840, 968, 1056, 600, 601, 605, 628},
    {640, 656, 752, 800, 480, 490, 492, 525},
};
static const u16 BIT[] = {0x0800, 0x0001, 0x0020};

u32 line_of(const struct timing *mode) { return (mode->width + LINE_BYTES / 4 - 1) & -(LINE_BYTES / 4u); }

static void add(struct display *d, const struct timing *mode) {
    if (d->state.modes < MOST_MODES && 4ull * line_of(mode) * mode->height <= (u64)d->pages * PAGE)
        d->modes[d->state.modes++] = *mode;
}

static u16 high(u8 byte, u32 shift, u32 mask, u8 low, u32 above) {
    return (u16)((byte >> shift & mask) << above | low);
}

static u32 preferred(const u8 *t, struct timing *mode) {
    if (!t[0] && !t[1])
        return 0;
    mode->width = high(t[4], 4, 15, t[2], 8);
    mode->h_total = mode->width + high(t[4], 0, 15, t[3], 8);
    mode->height = high(t[7], 4, 15, t[5], 8);
    mode->v_total = mode->height + high(t[7], 0, 15, t[6], 8);
    mode->h_start = mode->width + high(t[11], 6, 3, t[8], 8);
    mode->h_end = mode->h_start + high(t[11], 4, 3, t[9], 8);
    mode->v_start = mode->height + high(t[11], 2, 3, t[10] >> 4, 4);
    mode->v_end = mode->v_start + high(t[11], 0, 3, t[10] & 15, 4);
    return mode->width && mode->height;
}

static u32 fixed(const struct timing *mode) {
    for (u32 n = 0; n < 3; n++)
        if (FIXED[n].width == mode->width && FIXED[n].height == mode->height)
            return 1;
    return 0;
}

void list_modes(struct display *d) {
    const u8 *edid = d->edid.data;
    struct timing mode;
    u16 known = edid ? (u16)(edid[ESTABLISHED] | edid[ESTABLISHED + 1] << 8) : 0xFFFF;
    if (edid && preferred(edid + DETAILED, &mode) && !fixed(&mode))
        add(d, &mode);
    for (u32 n = 0; n < 3; n++)
        if (known & BIT[n])
            add(d, &FIXED[n]);
}
