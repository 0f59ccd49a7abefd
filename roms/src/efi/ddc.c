/* SPDX-License-Identifier: GPL-2.0-or-later
 * The EDID by GMBUS, from the first pin pair where a monitor answers. Source: Intel PRM, display, GMBUS0 to GMBUS3. */
#include "gop.h"

enum { GMBUS0 = 0xC5100, GMBUS1 = 0xC5104, GMBUS2 = 0xC5108, GMBUS3 = 0xC510C };
enum { CLEAR = 1u << 31, GO = 1 << 30, STOP = 1 << 27, INDEX = 1 << 26, WAIT = 1 << 25, READ = 1 };
enum { READY = 1 << 11, NAK = 1 << 10 };
enum { EDID_SLAVE = 0x50, TRIES = 50, STEP_US = 100 };

/* Analog first, a laptop's own panel (3) last: its EEPROM answers though another display is lit. */
static const u8 PINS[] = {2, 5, 4, 6, 1, 3};

static u32 ready(struct display *d) {
    for (u32 n = 0; n < TRIES; n++) {
        u32 now = get(d, GMBUS2);
        if (now & NAK)
            return 0;
        if (now & READY)
            return 1;
        boot->stall(STEP_US);
    }
    return 0;
}

static u32 read_from(struct display *d, u8 pin) {
    u32 sum = 0;
    put(d, GMBUS0, pin);
    put(d, GMBUS1, GO | STOP | INDEX | WAIT | EDID_SIZE << 16 | EDID_SLAVE << 1 | READ);
    for (u32 at = 0; at < EDID_SIZE; at += 4) {
        if (!ready(d)) {
            put(d, GMBUS1, CLEAR);
            put(d, GMBUS1, 0);
            return 0;
        }
        u32 four = get(d, GMBUS3);
        for (u32 n = 0; n < 4; n++, four >>= 8)
            sum += d->edid_data[at + n] = (u8)four;
    }
    return !(sum & 0xFF) && d->edid_data[1] == 0xFF;
}

u32 read_edid(struct display *d) {
    for (u32 n = 0; n < sizeof PINS; n++)
        if (read_from(d, PINS[n])) {
            put(d, GMBUS0, 0);
            d->edid = (struct edid){EDID_SIZE, d->edid_data};
            return 1;
        }
    put(d, GMBUS0, 0);
    return 0;
}
