"""Dumps to import: the E6540's figures as its lspci shows them, and made ones of other formats."""

IGD = """\
00:02.0 VGA compatible controller: Intel Corporation 4th Gen Core Processor Integrated Graphics Controller (rev 06)
\tSubsystem: Dell Device 05be
\tRegion 0: Memory at f5800000 (64-bit, non-prefetchable) [size=4M]
\tRegion 2: Memory at d0000000 (64-bit, prefetchable) [size=256M]
\tRegion 4: I/O ports at f000 [size=64]
\tExpansion ROM at 000c0000 [virtual] [disabled] [size=128K]
00: 86 80 16 04 07 04 90 00 06 00 00 03 00 00 00 00
10: 04 00 80 f5 00 00 00 00 0c 00 00 d0 00 00 00 00
20: 01 f0 00 00 00 00 00 00 00 00 00 00 28 10 be 05
30: 00 00 00 00 90 00 00 00 00 00 00 00 ff 01 00 00
40: 09 00 0c 01 69 21 00 62 d0 00 44 74 00 00 00 00
50: 09 02 00 00 39 00 00 00 00 00 00 00 01 00 20 cd
60: 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00
70: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
80: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
90: 05 d0 01 00 18 00 e0 fe 00 00 00 00 00 00 00 00
a0: 00 00 00 00 13 00 06 03 00 00 00 00 00 00 00 00
b0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
c0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
d0: 01 a4 22 00 00 00 00 00 00 00 00 00 00 00 00 00
e0: 00 00 00 00 00 00 00 00 00 80 00 00 00 00 00 00
f0: 00 00 00 00 00 00 00 00 00 00 06 00 18 90 7f ca
"""
"""Dell Latitude E6540, lspci -vvvxxxx (frostiefops/e6540-coreboot-resources)."""

BRIDGE = """\
00:00.0 Host bridge: Intel Corporation Xeon E3-1200 v3/4th Gen Core Processor DRAM Controller (rev 06)
00: 86 80 04 0c 06 00 90 20 06 00 00 06 00 00 00 00
50: 09 02 00 00 39 00 00 00 17 00 10 cf 01 00 00 cc
60: 05 00 00 f8 00 00 00 00 01 80 d1 fe 00 00 00 00
b0: 01 00 20 cd 01 00 00 cd 01 00 00 cc 01 00 20 cf
"""
LPC = """\
00:1f.0 ISA bridge: Intel Corporation QM87 Express LPC Controller (rev 04)
00: 86 80 4f 8c 07 00 10 02 04 00 01 06 00 00 80 00
"""
E6540 = f"{BRIDGE}\n{IGD}\n{LPC}"

DMESG = """\
[    0.000000] BIOS-provided physical RAM map:
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009efff] usable
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x00000000ca7f8fff] usable
[    0.000000] BIOS-e820: [mem 0x00000000ca7f9000-0x00000000ca7fbfff] ACPI NVS
[    0.000000] BIOS-e820: [mem 0x00000000ca7fc000-0x00000000caffffff] ACPI data
[    0.000000] BIOS-e820: [mem 0x00000000cb000000-0x00000000cf1fffff] reserved
[    0.000000] BIOS-e820: [mem 0x0000000100000000-0x000000022edfffff] usable
[    0.000000] Reserving Intel graphics memory at 0x00000000cd200000-0x00000000cf1fffff
[    0.126733] DMAR: RMRR base: 0x000000cd000000 end: 0x000000cf1fffff
[    0.200000] pci 0000:00:02.0: [8086:0416] type 00 class 0x030000
[    0.200100] pci 0000:00:02.0: reg 0x10: [mem 0xf5800000-0xf5bfffff 64bit]
[    2.660000] i915 0000:00:02.0: [drm:intel_opregion_setup [i915]] graphic opregion physical addr: 0xca7f9018
[    2.700000] i915 0000:00:02.0: [drm:probe [drm]] [CONNECTOR:95:eDP-1] status updated from unknown to connected
"""
"""Lines as the kernel prints them; the addresses are the E6540's."""

IOMEM = """\
00000000-00000fff : Reserved
00001000-0009efff : System RAM
00100000-ca7f8fff : System RAM
ca7f9000-ca7fbfff : ACPI Non-volatile Storage
cb000000-cf1fffff : Reserved
  cd200000-cf1fffff : Graphics Stolen Memory
cf200000-feafffff : PCI Bus 0000:00
  d0000000-dfffffff : 0000:00:02.0
  f5800000-f5bfffff : 0000:00:02.0
  f8000000-fbffffff : PCI MMCONFIG 0000 [bus 00-3f]
"""


def config(text: str, size: int = 256) -> bytes:
    """The rows of an lspci text as a raw configuration space."""
    raw = bytearray(size)
    for line in text.splitlines():
        offset, colon, digits = line.partition(": ")
        if colon and len(offset) == 2 and not line.startswith("\t"):
            row = bytes.fromhex(digits)
            raw[int(offset, 16) : int(offset, 16) + len(row)] = row
    return bytes(raw)


def guest(bdsm: int = 0x7D700000, asls: int = 0x7FFFE000, ggc: int = 0x0209) -> str:
    """The E6540's IGD in a guest of QEMU's i440FX: BDSM, ASLS and GGC are the guest's."""
    igd = IGD.replace("09 02 00 00 39", f"{ggc.to_bytes(2, 'little').hex(' ')} 00 00 39")
    igd = igd.replace("01 00 20 cd", bdsm.to_bytes(4, "little").hex(" "))
    igd = igd.replace("18 90 7f ca", asls.to_bytes(4, "little").hex(" "))
    igd = igd.replace("04 00 80 f5", "04 00 00 fe").replace("0c 00 00 d0", "0c 00 00 e0")
    igd = igd.replace("Memory at f5800000", "Memory at fe000000").replace("Memory at d0000000", "Memory at e0000000")
    bridge = "00:00.0 Host bridge: Intel Corporation 440FX\n00: 86 80 37 12 06 00 00 00 02 00 00 06 00 00 00 00\n"
    return f"{bridge}\n{igd}"


GUEST_DMESG = """\
BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
BIOS-e820: [mem 0x0000000000100000-0x000000007d6fffff] usable
BIOS-e820: [mem 0x000000007d700000-0x000000007f6fffff] reserved
BIOS-e820: [mem 0x000000007f700000-0x000000007ffddfff] usable
BIOS-e820: [mem 0x000000007ffde000-0x000000007fffffff] reserved
BIOS-e820: [mem 0x00000000feffc000-0x00000000feffffff] reserved
"""
"""As SeaBIOS places 32 MiB in 2 GiB of RAM."""
