/* SPDX-License-Identifier: GPL-2.0-or-later
 * GraphicsOutput: its modes, and Blt by the aperture. Source: UEFI Specification 2.10, 12.9. */
#include "gop.h"

static struct display *display_of(struct gop *gop) { return (struct display *)gop; /* its first member */ }

static void describe(const struct timing *mode, struct mode_info *info) {
    *info = (struct mode_info){0, mode->width, mode->height, BGRX, {0, 0, 0, 0}, line_of(mode)};
}

status_t query_mode(struct gop *self, u32 number, u64 *size, struct mode_info **info) {
    struct display *d = display_of(self);
    if (number >= d->state.modes || !size || !info)
        return INVALID_PARAMETER;
    if (boot->allocate_pool(BOOT_DATA, sizeof **info, (void **)info))
        return OUT_OF_RESOURCES;
    *size = sizeof **info;
    describe(&d->modes[number], *info);
    return SUCCESS;
}

status_t set_mode(struct gop *self, u32 number) {
    struct display *d = display_of(self);
    u32 black = 0;
    if (number >= d->state.modes)
        return UNSUPPORTED;
    darken(d);
    d->state.mode = number;
    describe(&d->modes[number], &d->info);
    d->state.size = 4ull * d->info.line * d->info.height;
    blt(self, &black, BLT_FILL, 0, 0, 0, 0, d->info.width, d->info.height, 0);
    light(d, &d->modes[number]);
    return SUCCESS;
}

static u32 outside(struct display *d, u64 x, u64 y, u64 width, u64 height) {
    return x > d->info.width || width > d->info.width - x || y > d->info.height || height > d->info.height - y;
}

/* A line; from its end where the places overlap the wrong way. */
static void copy_line(volatile u32 *to, const volatile u32 *from, u64 width) {
    if (to <= from)
        for (u64 x = 0; x < width; x++)
            to[x] = from[x];
    else
        while (width--)
            to[width] = from[width];
}

status_t blt(struct gop *self, u32 *buffer, u32 operation, u64 from_x, u64 from_y, u64 to_x, u64 to_y, u64 width,
             u64 height, u64 delta) {
    struct display *d = display_of(self);
    u32 reads = operation == BLT_FROM_SCREEN || operation == BLT_ON_SCREEN;
    u32 writes = operation != BLT_FROM_SCREEN;
    if (operation > BLT_ON_SCREEN || (operation != BLT_ON_SCREEN && !buffer) || !width || !height)
        return INVALID_PARAMETER;
    if ((reads && outside(d, from_x, from_y, width, height)) || (writes && outside(d, to_x, to_y, width, height)))
        return INVALID_PARAMETER;
    volatile u32 *screen = (volatile u32 *)d->state.base;
    u64 line = d->info.line, row = delta ? delta / 4 : width;
    if (operation == BLT_FILL && width == line) { /* whole lines are one fill */
        width *= height;
        height = 1;
    }
    u32 upwards = operation == BLT_ON_SCREEN && to_y > from_y;
    for (u64 n = 0; n < height; n++) {
        u64 y = upwards ? height - 1 - n : n;
        volatile u32 *shown = screen + (to_y + y) * line + to_x;
        if (operation == BLT_FILL)
            d->pci->write_memory(d->pci, FILL_32, APERTURE, 4 * ((to_y + y) * line + to_x), width, buffer);
        else if (operation == BLT_TO_SCREEN)
            copy_line(shown, buffer + (from_y + y) * row + from_x, width);
        else if (operation == BLT_FROM_SCREEN)
            copy_line(buffer + (to_y + y) * row + to_x, screen + (from_y + y) * line + from_x, width);
        else
            copy_line(shown, screen + (from_y + y) * line + from_x, width);
    }
    return SUCCESS;
}
