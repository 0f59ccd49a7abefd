/* SPDX-License-Identifier: GPL-2.0-or-later
 * The display of one IGD: what its files share. */
#ifndef GOP_H
#define GOP_H

#include "igd.h"

enum { EDID_SIZE = 128, MOST_MODES = 4 };
enum { REGISTERS, APERTURE }; /* BARs by number: one of 64 bits counts once */

/* Pixels and lines: shown, start and end of sync, total. */
struct timing { u16 width, h_start, h_end, h_total, height, v_start, v_end, v_total; };

#pragma pack(push, 1)
struct child_path { struct path_node node; u32 address; };
#pragma pack(pop)

struct display {
    struct gop gop;
    struct gop_state state;
    struct mode_info info;
    struct pci_io *pci;
    volatile u8 *registers;
    u32 gen, pages;
    struct timing modes[MOST_MODES];
    struct edid edid;
    u8 edid_data[EDID_SIZE];
    handle_t child;
    struct path_node *path;
};

extern struct boot_services *boot;

static inline u32 get(struct display *d, u32 offset) { return *(volatile u32 *)(d->registers + offset); }
static inline void put(struct display *d, u32 offset, u32 value) { *(volatile u32 *)(d->registers + offset) = value; }

/* ddc.c: whether a monitor has told what it is. */
u32 read_edid(struct display *d);
/* modes.c: which modes there are, and their numbers, for the memory that is mapped; stride in pixels. */
void list_modes(struct display *d);
u32 line_of(const struct timing *mode);
/* pipe.c: stolen memory into the GTT; the pipe with its plane on, in a mode, and off. */
void map_stolen(struct display *d);
void light(struct display *d, const struct timing *mode);
void darken(struct display *d);
/* graphics.c: the protocol. */
status_t query_mode(struct gop *self, u32 number, u64 *size, struct mode_info **info);
status_t set_mode(struct gop *self, u32 number);
status_t blt(struct gop *self, u32 *buffer, u32 operation, u64 from_x, u64 from_y, u64 to_x, u64 to_y, u64 width,
             u64 height, u64 delta);

#endif
