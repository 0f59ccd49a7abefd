; SPDX-License-Identifier: GPL-2.0-or-later
; The video BIOS table: a minimal one of our own, one analog output. Layout: Linux intel_vbt_defs.h.

vbt:
        db      "$VBT FWSIM IGD      "  ; 20 bytes
        dw      100                     ; version
        dw      vbt_header_end - vbt
        dw      vbt_end - vbt
        db      VBT_CHECKSUM
        db      0
        dd      bdb - vbt
        dd      0, 0, 0, 0
vbt_header_end:

bdb:
        db      "BIOS_DATA_BLOCK "
        dw      155                     ; version: child devices of 33 bytes
        dw      bdb_header_end - bdb
        dw      vbt_end - bdb
bdb_header_end:

        db      1                       ; block 1: general features
        dw      5
        db      0, 0, 0, 0
        db      0x01                    ; an integrated CRT output is there

        db      2                       ; block 2: general definitions
        dw      .end - .definitions
.definitions:
        db      2                       ; CRT DDC: GMBUS pin pair 2
        db      0
        db      0x01, 0x00              ; boot display: CRT
        db      .child_end - .child     ; size of a child device
.child:
        dw      0x0001                  ; handle: CRT
        dw      0x0001                  ; type: analog
        times 10 db 0
        dw      0
        db      6                       ; port: CRT
        db      0, 0
        db      2                       ; DDC pin pair
        times .child + 33 - $ db 0
.child_end:
.end:
vbt_end:
