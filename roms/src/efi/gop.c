/* SPDX-License-Identifier: GPL-2.0-or-later
 * A driver of the UEFI driver model for an IGD: one child with GraphicsOutput. Source: UEFI Specification 2.10, 11. */
#include "gop.h"

GUID(DRIVER_BINDING, 0x18a031ab, 0xb443, 0x4d1a, {0xa5, 0xc0, 0x0c, 0x09, 0x26, 0x1e, 0x9f, 0x71});
GUID(COMPONENT_NAME2, 0x6a7a5cff, 0xe8d9, 0x4f70, {0xba, 0xda, 0x75, 0xab, 0x30, 0x25, 0xce, 0x14});
GUID(DEVICE_PATH, 0x09576e91, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b});
GUID(GRAPHICS_OUTPUT, 0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a});
GUID(EDID_DISCOVERED, 0x1c0c34f6, 0xd380, 0x41fa, {0xa0, 0x49, 0x8a, 0xd0, 0x6c, 0x1a, 0x66, 0xaa});
GUID(EDID_ACTIVE, 0xbd8c1056, 0x9f36, 0x44ec, {0x92, 0xa8, 0xa6, 0x33, 0x7f, 0x81, 0x79, 0x86});

enum { VERSION = 0x10, END_OF_PATH = 0x7F, ACPI = 2, ADR = 3 };
enum { ADR_DISPLAY = 0x80010100 }; /* an ACPI display device, analog, number 0, that firmware knows (ACPI B.4.2) */

struct boot_services *boot;

static struct pci_io *opened(struct driver_binding *self, handle_t controller, status_t *status) {
    struct pci_io *pci = 0;
    *status = boot->open_protocol(controller, &PCI_IO, (void **)&pci, self->image, controller, OPEN_BY_DRIVER);
    return FAILED(*status) ? 0 : pci;
}

static void closed(struct driver_binding *self, handle_t controller) {
    boot->close_protocol(controller, &PCI_IO, self->image, controller);
}

static status_t supported(struct driver_binding *self, handle_t controller, struct path_node *rest) {
    status_t status;
    struct pci_io *pci = opened(self, controller, &status);
    if (!pci)
        return status;
    status = generation(pci) ? SUCCESS : UNSUPPORTED;
    closed(self, controller);
    return status;
}

static u64 bar(struct pci_io *pci, u8 index) {
    struct bar_resource *found;
    if (pci->get_bar(pci, index, 0, (void **)&found))
        return 0;
    u64 start = found->start;
    boot->free_pool(found);
    return start;
}

/* The controller's path with the child's node behind it. */
static struct path_node *child_path(struct path_node *parent) {
    u64 size = 0;
    struct path_node *copy;
    while (((u8 *)parent)[size] != END_OF_PATH)
        size += ((u8 *)parent)[size + 2] | ((u8 *)parent)[size + 3] << 8;
    struct child_path node = {{ACPI, ADR, {sizeof node, 0}}, ADR_DISPLAY};
    struct path_node end = {END_OF_PATH, 0xFF, {sizeof end, 0}};
    if (boot->allocate_pool(BOOT_DATA, size + sizeof node + sizeof end, (void **)&copy))
        return 0;
    boot->copy_mem(copy, parent, size);
    boot->copy_mem((u8 *)copy + size, &node, sizeof node);
    boot->copy_mem((u8 *)copy + size + sizeof node, &end, sizeof end);
    return copy;
}

static void freed(struct display *d) {
    if (d->path)
        boot->free_pool(d->path);
    boot->free_pool(d);
}

/* The display with its modes, lit in the first; the child's handle with its protocols. */
static status_t set_up(struct display *d, struct path_node *parent) {
    d->registers = (volatile u8 *)bar(d->pci, REGISTERS);
    d->state = (struct gop_state){0, 0, &d->info, sizeof d->info, bar(d->pci, APERTURE), 0};
    d->gop = (struct gop){query_mode, set_mode, blt, &d->state};
    d->path = child_path(parent);
    if (!d->registers || !d->state.base || !d->path)
        return OUT_OF_RESOURCES;
    map_stolen(d);
    read_edid(d);
    list_modes(d);
    if (!d->state.modes)
        return OUT_OF_RESOURCES;
    set_mode(&d->gop, 0);
    return boot->install_protocols(&d->child, &DEVICE_PATH, d->path, &GRAPHICS_OUTPUT, &d->gop, &EDID_DISCOVERED,
                                   &d->edid, &EDID_ACTIVE, &d->edid, (void *)0);
}

static status_t start(struct driver_binding *self, handle_t controller, struct path_node *rest) {
    status_t status;
    void *ignored;
    struct path_node *parent;
    struct display *d;
    struct pci_io *pci = opened(self, controller, &status);
    if (!pci)
        return status;
    status = boot->handle_protocol(controller, &DEVICE_PATH, (void **)&parent);
    if (!status)
        status = boot->allocate_pool(BOOT_DATA, sizeof *d, (void **)&d);
    if (!status) {
        boot->set_mem(d, sizeof *d, 0);
        d->pci = pci;
        d->gen = generation(pci);
        pci->attributes(pci, ENABLE, ATTRIBUTE_IO | ATTRIBUTE_MEMORY | ATTRIBUTE_BUS_MASTER, 0);
        status = set_up(d, parent);
        if (!status)
            return boot->open_protocol(controller, &PCI_IO, &ignored, self->image, d->child, OPEN_BY_CHILD);
        freed(d);
    }
    closed(self, controller);
    return status;
}

/* First each child by itself, then, without children, the controller. */
static status_t stop(struct driver_binding *self, handle_t controller, u64 children, handle_t *list) {
    if (!children) {
        closed(self, controller);
        return SUCCESS;
    }
    struct display *d;
    void *ignored;
    status_t status = boot->open_protocol(*list, &GRAPHICS_OUTPUT, (void **)&d, self->image, controller, OPEN_GET);
    if (status)
        return status;
    boot->close_protocol(controller, &PCI_IO, self->image, *list);
    status = boot->uninstall_protocols(d->child, &DEVICE_PATH, d->path, &GRAPHICS_OUTPUT, &d->gop, &EDID_DISCOVERED,
                                       &d->edid, &EDID_ACTIVE, &d->edid, (void *)0);
    if (status) {
        boot->open_protocol(controller, &PCI_IO, &ignored, self->image, *list, OPEN_BY_CHILD);
        return status;
    }
    darken(d);
    freed(d);
    return SUCCESS;
}

static u32 english(const char *language) { return language && language[0] == 'e' && language[1] == 'n'; }

static status_t driver_name(struct component_name2 *self, const char *language, const char16 **name) {
    if (!name)
        return INVALID_PARAMETER;
    *name = u"fwsim IGD GOP";
    return english(language) ? SUCCESS : UNSUPPORTED;
}

static status_t controller_name(struct component_name2 *self, handle_t controller, handle_t child,
                                const char *language, const char16 **name) {
    if (!name)
        return INVALID_PARAMETER;
    *name = child ? u"Display" : u"Intel graphics";
    return english(language) ? SUCCESS : UNSUPPORTED;
}

static struct driver_binding binding = {supported, start, stop, VERSION, 0, 0};
static struct component_name2 names = {driver_name, controller_name, "en"};

status_t efi_main(handle_t image, struct system_table *table) {
    boot = table->boot;
    binding.image = binding.binding = image;
    return boot->install_protocols(&image, &DRIVER_BINDING, &binding, &COMPONENT_NAME2, &names, (void *)0);
}
