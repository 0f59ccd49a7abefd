/* SPDX-License-Identifier: GPL-2.0-or-later
 * As much of UEFI as the drivers here use, from the UEFI Specification 2.10: sections 2.3 (types), 4.3 to 4.5 (tables),
 * 7 (boot services), 9.1 and 10 (images, paths), 11.1 (binding), 11.6 (names), 12.9 (graphics), 14.4 (PCI). A service
 * that nobody calls is a place in its table. */
#ifndef EFI_H
#define EFI_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u64 status_t;
typedef void *handle_t;
typedef u16 char16;

#define ERROR(code) (1ull << 63 | (code))
#define SUCCESS 0ull
#define INVALID_PARAMETER ERROR(2)
#define UNSUPPORTED ERROR(3)
#define OUT_OF_RESOURCES ERROR(9)
#define NOT_FOUND ERROR(14)
#define FAILED(status) ((status) >> 63)

struct guid { u32 a; u16 b, c; u8 d[8]; };
struct table { u64 signature; u32 revision, size, crc, reserved; };
struct path_node { u8 type, kind, length[2]; };

enum memory_type { RESERVED = 0, BOOT_DATA = 4, ACPI_NVS = 10 };
enum { BELOW_ADDRESS = 1, BY_PROTOCOL = 2 };
enum { OPEN_GET = 2, OPEN_BY_CHILD = 8, OPEN_BY_DRIVER = 16 };

struct boot_services {
    struct table header;
    void *tpl[2];
    status_t (*allocate_pages)(u64 how, u64 type, u64 pages, u64 *address);
    status_t (*free_pages)(u64 address, u64 pages);
    void *get_memory_map;
    status_t (*allocate_pool)(u64 type, u64 size, void **buffer);
    status_t (*free_pool)(void *buffer);
    void *events[6], *protocols[3];
    status_t (*handle_protocol)(handle_t handle, const struct guid *guid, void **interface);
    void *lookups[5], *images[5], *monotonic;
    status_t (*stall)(u64 microseconds);
    void *watchdog, *connect[2];
    status_t (*open_protocol)(handle_t handle, const struct guid *guid, void **interface, handle_t agent,
                              handle_t controller, u32 how);
    status_t (*close_protocol)(handle_t handle, const struct guid *guid, handle_t agent, handle_t controller);
    void *information[2];
    status_t (*locate_handle_buffer)(u64 how, const struct guid *guid, void *key, u64 *count, handle_t **handles);
    void *locate_protocol;
    status_t (*install_protocols)(handle_t *handle, ...);
    status_t (*uninstall_protocols)(handle_t handle, ...);
    void *crc;
    void (*copy_mem)(void *to, const void *from, u64 size);
    void (*set_mem)(void *buffer, u64 size, u8 value);
};

struct text_output {
    void *reset;
    status_t (*output_string)(struct text_output *self, const char16 *text);
};

struct system_table {
    struct table header;
    char16 *vendor;
    u64 revision;
    handle_t input_handle;
    void *input;
    handle_t output_handle;
    struct text_output *output;
    handle_t error_handle;
    struct text_output *error;
    void *runtime;
    struct boot_services *boot;
};

enum { ENABLE = 2, ATTRIBUTE_IO = 0x100, ATTRIBUTE_MEMORY = 0x200, ATTRIBUTE_BUS_MASTER = 0x400 };
enum pci_width { WIDTH_32 = 2, FILL_32 = 10 };

struct pci_io {
    void *poll[2], *read_memory;
    status_t (*write_memory)(struct pci_io *self, u64 width, u8 bar, u64 offset, u64 count, void *buffer);
    void *ports[2];
    status_t (*read)(struct pci_io *self, u64 width, u32 offset, u64 count, void *buffer);
    status_t (*write)(struct pci_io *self, u64 width, u32 offset, u64 count, void *buffer);
    void *dma[6];
    status_t (*get_location)(struct pci_io *self, u64 *segment, u64 *bus, u64 *device, u64 *function);
    status_t (*attributes)(struct pci_io *self, u64 what, u64 wanted, u64 *now);
    status_t (*get_bar)(struct pci_io *self, u8 index, u64 *supported, void **resources);
};

#pragma pack(push, 1)
struct bar_resource { u8 tag; u16 length; u8 type, general, specific; u64 granularity, start, end, offset, size; };
#pragma pack(pop)

struct driver_binding {
    status_t (*supported)(struct driver_binding *self, handle_t controller, struct path_node *rest);
    status_t (*start)(struct driver_binding *self, handle_t controller, struct path_node *rest);
    status_t (*stop)(struct driver_binding *self, handle_t controller, u64 children, handle_t *list);
    u32 version;
    handle_t image, binding;
};

struct component_name2 {
    status_t (*driver)(struct component_name2 *self, const char *language, const char16 **name);
    status_t (*controller)(struct component_name2 *self, handle_t controller, handle_t child, const char *language,
                           const char16 **name);
    const char *languages;
};

enum { BGRX = 1 };
enum blt { BLT_FILL, BLT_FROM_SCREEN, BLT_TO_SCREEN, BLT_ON_SCREEN };
struct mode_info { u32 version, width, height, format, masks[4], line; };
struct gop_state { u32 modes, mode; struct mode_info *info; u64 info_size, base, size; };
struct gop {
    status_t (*query_mode)(struct gop *self, u32 mode, u64 *size, struct mode_info **info);
    status_t (*set_mode)(struct gop *self, u32 mode);
    status_t (*blt)(struct gop *self, u32 *buffer, u32 operation, u64 from_x, u64 from_y, u64 to_x, u64 to_y,
                    u64 width, u64 height, u64 delta);
    struct gop_state *state;
};
struct edid { u32 size; u8 *data; };

#define GUID(name, ...) static const struct guid name = {__VA_ARGS__}
GUID(PCI_IO, 0x4cf5b200, 0x68b8, 0x4ca5, {0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a});

#endif
