/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a platform tells Intel's GOP driver: PlatformGopPolicy, with the VBT that is in the OpRegion.
 * Sources: edk2-platforms, Platform/Intel, PlatformGopPolicy.h, for the protocol; ACPI IGD OpRegion Specification 0.5,
 * 3.1 and 3.4: mailbox 4, the VBT, at 400h, 1C00h bytes; the VBT's size at 18h. Linux drivers/gpu/drm/i915/display/
 * intel_opregion.c for RVDA and RVDS, where a larger one is: from OpRegion 2.1 on counted from the OpRegion's start. */
#include "igd.h"

enum { REVISION = 1, MINOR = 0x16, MAJOR = 0x17, RVDA = 0x3BA, RVDS = 0x3C2 };
enum { MAILBOX_4 = 0x400, VBT_SIZE = 0x18, LARGEST = 0x1C00 };

struct policy {
    u32 revision;
    status_t (*lid)(u32 *state);
    status_t (*vbt)(u64 *address, u32 *size);
    status_t (*dock)(u32 state);
};

GUID(POLICY, 0xec2e931b, 0x3281, 0x48a5, {0x81, 0x07, 0xdf, 0x8a, 0x8b, 0xed, 0x3c, 0x5d});

static struct pci_io *display;

/* Nobody knows of a lid, or of a dock. */
static status_t lid(u32 *state) { return UNSUPPORTED; }
static status_t dock(u32 state) { return UNSUPPORTED; }

/* A number of so many bytes, wherever it lies. */
static u64 number(const u8 *at, u32 bytes) {
    u64 value = 0;
    while (bytes--)
        value = value << 8 | at[bytes];
    return value;
}

static status_t vbt(u64 *address, u32 *size) {
    const u8 *opregion = (const u8 *)(u64)config(display, ASLS);
    if (!opregion || opregion == (const u8 *)0xFFFFFFFF)
        return NOT_FOUND;
    u32 relative = opregion[MAJOR] == 2 && opregion[MINOR] >= 1;
    u32 apart = relative ? (u32)number(opregion + RVDS, 4) : 0;
    const u8 *table = opregion + (apart ? number(opregion + RVDA, 8) : MAILBOX_4);
    u32 length = (u32)number(table + VBT_SIZE, 2);
    if (table[0] != '$' || table[1] != 'V' || !length || length > (apart ? apart : LARGEST))
        return NOT_FOUND;
    *address = (u64)table;
    *size = length;
    return SUCCESS;
}

static struct policy policy = {REVISION, lid, vbt, dock};

status_t efi_main(handle_t image, struct system_table *sys) {
    u64 count = 0;
    handle_t *handles, made = 0;
    if (sys->boot->locate_handle_buffer(BY_PROTOCOL, &PCI_IO, 0, &count, &handles))
        return NOT_FOUND;
    for (u64 n = 0; n < count && !display; n++) {
        struct pci_io *pci;
        if (!sys->boot->handle_protocol(handles[n], &PCI_IO, (void **)&pci) && generation(pci))
            display = pci;
    }
    sys->boot->free_pool(handles);
    return display ? sys->boot->install_protocols(&made, &POLICY, &policy, (void *)0) : NOT_FOUND;
}
