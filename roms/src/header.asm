; SPDX-License-Identifier: GPL-2.0-or-later
; The expansion ROM header and the PCI data structure (PCI firmware specification 3.x).
; As Intel's own images: entry "jmp near", "IBM" in the header, no $PnP: the word at 1Ah points at $VBT. Byte 6 is the
; checksum byte, the one a hypervisor adjusts after it has patched an id.

rom_start:
        db      0x55, 0xAA
        db      ROM_BLOCKS
        db      0xE9                    ; offset 3: jmp near, called far with AX = bus/device/function
        dw      post_entry - ($ + 2)
        db      ROM_CHECKSUM            ; offset 6
        times 0x18 - ($ - rom_start) db 0
        dw      pcir
        dw      vbt
        dw      0
        db      "IBM VGA Compatible fwsim IGD BIOS", 0
        times 0x40 - ($ - rom_start) db 0

pcir:
        db      "PCIR"
        dw      0x8086
pcir_device:
        dw      0x0126                  ; Sandy Bridge mobile GT2
        dw      device_list - pcir
        dw      pcir_end - pcir
        db      3                       ; structure revision
        db      0x00, 0x00, 0x03        ; class: VGA controller
        dw      ROM_BLOCKS
        dw      0x0001                  ; revision of the code
        db      0                       ; code type: PC-AT compatible
        db      0x80                    ; last image
        dw      ROM_BLOCKS              ; largest run-time length
        dw      0, 0
pcir_end:

device_list:
        dw      0x0102, 0x0106, 0x010A, 0x0112, 0x0116, 0x0122, 0x0126  ; Sandy Bridge
        dw      0x0152, 0x0156, 0x015A, 0x0162, 0x0166, 0x016A          ; Ivy Bridge
        dw      0x0402, 0x0406, 0x040A, 0x0412, 0x0416, 0x041A          ; Haswell
        dw      0x0A06, 0x0A16, 0x0A26, 0x0A2E, 0x0D22, 0x0D26
        dw      0x1606, 0x1612, 0x1616, 0x161E, 0x1626                  ; Broadwell
        dw      0x1902, 0x1906, 0x1912, 0x1916, 0x191B, 0x191E, 0x1926  ; Skylake
        dw      0x5902, 0x5906, 0x5912, 0x5916, 0x5917, 0x591B, 0x591E, 0x5926  ; Kaby Lake
        dw      0x3E90, 0x3E91, 0x3E92, 0x3E98, 0x3E9B, 0x3EA0, 0x3EA5  ; Coffee Lake
        dw      0

        db      "fwsim IGD video BIOS, GPL-2.0-or-later", 0
        times 0x200 - ($ - rom_start) db 0
