/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a platform tells Intel's GOP driver: PlatformGopPolicy, with the VBT that is in the OpRegion.
 * Sources: edk2-platforms, Platform/Intel, PlatformGopPolicy.h, for the protocol; ACPI IGD OpRegion Specification 0.5,
 * 3.1 and 3.4: mailbox 4, the VBT, at 400h, 1C00h bytes; the VBT's size at 18h. */
#include "igd.h"

enum { REVISION = 1, MAILBOX_4 = 0x400, VBT_SIZE = 0x18, LARGEST = 0x1C00 };

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

static status_t vbt(u64 *address, u32 *size) {
    u64 opregion = config(display, ASLS);
    if (!opregion || opregion == ~0u)
        return NOT_FOUND;
    const u8 *table = (const u8 *)(opregion + MAILBOX_4);
    u32 length = table[VBT_SIZE] | table[VBT_SIZE + 1] << 8;
    if (table[0] != '$' || table[1] != 'V' || !length || length > LARGEST)
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
