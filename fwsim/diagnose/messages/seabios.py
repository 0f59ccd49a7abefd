"""What SeaBIOS prints to its debug port. Source: SeaBIOS src/fw/pciinit.c, optionroms.c, malloc.c, e820map.c, read in
1.17; the words are as in 1.10, the first with IGD support.
"""

from __future__ import annotations

from fwsim.diagnose.messages.row import Row

_WHO = "SeaBIOS"

ROWS = (
    Row(
        "seabios-version", _WHO, "SeaBIOS (version", r"SeaBIOS \(version (?P<version>[^)]+)\)", None,
        "SeaBIOS {version}", "", "", "src/output.c",
    ),
    Row(
        "seabios-igd", _WHO, "PCI: init bdf=", r"PCI: init bdf=(?P<at>\S+) id=8086:(?P<device>[0-9a-f]{4})", None,
        "8086:{device} at {at}", "", "", "src/fw/pciinit.c, pci_bios_init_device",
    ),
    Row(
        "seabios-opregion", _WHO, "Intel IGD OpRegion enabled",
        r"OpRegion enabled at (?P<base>0x[0-9a-f]+), size (?P<size>\d+)KB", None, "the guest's OpRegion is at {base}",
        "", "", "pciinit.c, intel_igd_setup, since 1.10",
    ),
    Row(
        "seabios-bdsm", _WHO, "Intel IGD BDSM enabled",
        r"BDSM enabled at (?P<base>0x[0-9a-f]+), size (?P<size>-?\d+)MB", None,
        "the guest's stolen memory is at {base}, {size} MB", "", "", "pciinit.c, intel_igd_setup, since 1.10",
    ),
    Row(
        "seabios-scan-vga", _WHO, "Scan for VGA option rom", r"", None, "SeaBIOS looks for a VGA ROM", "", "",
        "optionroms.c, vgarom_setup",
    ),
    Row(
        "seabios-run-rom", _WHO, "Running option rom at", r"Running option rom at (?P<at>[0-9a-f]{4}:[0-9a-f]{4})",
        None, "a ROM runs at {at}", "", "", "optionroms.c, __callrom",
    ),
    Row(
        "seabios-text-console", _WHO, "Turning on vga text mode console", r"", None, "SeaBIOS goes on after the ROMs",
        "", "", "bootsplash.c",
    ),
    Row(
        "seabios-map-bar", _WHO, "PCI: map device bdf=",
        r"PCI: map device bdf=(?P<at>\S+)\s+bar (?P<bar>\d), addr (?P<base>[0-9a-f]+), size (?P<size>[0-9a-f]+)"
        r" \[(?P<kind>\w+)\]", None, "BAR {bar} of {at} is at {base}", "", "", "pciinit.c, pci_region_map_one_entry",
    ),
    Row(
        "seabios-no-vga", _WHO, "No VGA found, scan for other display", r"", "warning",
        "SeaBIOS ran no VGA ROM, and looks at display devices of class 0380",
        "no device of class 0300 has a ROM that fits: the host's firmware disabled VGA on the IGD (GGC.IVD, class "
        "0380), or the ROM's id is another", "rom-id", "optionroms.c, since 1.13",
    ),
    Row(
        "seabios-other-display", _WHO, "Other display found at", r"Other display found at (?P<at>\S+)", None,
        "a display of class 0380 at {at}", "", "", "optionroms.c",
    ),
    Row(
        "seabios-no-vga-device", _WHO, "No VGA devices found", r"PCI: No VGA devices found", "fatal",
        "the guest has no VGA device", "the IGD is not there, or has class 0380", "class-0380",
        "pciinit.c, pci_enable_default_vga",
    ),
    Row(
        "seabios-enabling-vga", _WHO, "for primary VGA", r"PCI: (?P<how>Using|Enabling) (?P<at>\S+) for primary VGA",
        None, "{at} is the primary VGA device", "", "", "pciinit.c",
    ),
    Row(
        "seabios-alloc", _WHO, "Unable to allocate resource",
        r"Unable to allocate resource at (?P<where>\w+):(?P<line>\d+)", "fatal",
        "SeaBIOS has no memory left ({where}, line {line})", "in intel_igd_setup: the guest's RAM below 4 GiB is "
        "too small for OpRegion and stolen memory, and BDSM stays 0", "memory", "src/output.c, __warn_noalloc",
    ),
    Row(
        "seabios-bad-checksum", _WHO, "Found option rom with bad checksum",
        r"bad checksum: loc=(?P<at>\S+) len=(?P<size>\d+) sum=(?P<sum>[0-9a-f]+)", "fatal",
        "the ROM at {at} does not sum to 0 ({sum}): SeaBIOS does not run it",
        "a dump of a ROM that ran changed itself", "rom-fix", "optionroms.c, is_valid_rom",
    ),
    Row(
        "seabios-no-signature", _WHO, "No option rom signature",
        r"No option rom signature \(got (?P<value>[0-9a-f]+)\)", "warning", "where the ROM should begin is {value}",
        "the ROM BAR shows something else", "romfile", "optionroms.c, at debug level 6",
    ),
    Row(
        "seabios-no-match", _WHO, "Didn't match dev/ven",
        r"Didn't match dev/ven \(got (?P<ids>[0-9a-f]{4}:[0-9a-f]{4})\)", "fatal",
        "the ROM is of {ids}: SeaBIOS does not run it", "its PCIR names another device than the one it is on",
        "rom-id", "optionroms.c, at debug level 6",
    ),
    Row(
        "seabios-no-images", _WHO, "No more images left", r"", "warning", "no image of the ROM fits the device", "",
        "rom-id", "optionroms.c, at debug level 6",
    ),
    Row(
        "seabios-32bit", _WHO, "out of 32bit address space", r"PCI: out of 32bit address space", "fatal",
        "SeaBIOS stopped: the BARs do not fit below 4 GiB", "a large aperture, or too much of the guest's RAM below "
        "4 GiB", "max-below-4g", "pciinit.c",
    ),
    Row(
        "seabios-io-space", _WHO, "out of I/O address space", r"PCI: out of I/O address space", "fatal",
        "SeaBIOS stopped: no ports left", "", "", "pciinit.c",
    ),
    Row(
        "seabios-int19", _WHO, "captured int19", r"PnP optionrom \"(?P<name>[^\"]*)\".*captured int19", "note",
        "a ROM took INT 19h; SeaBIOS gives it back", "", "", "optionroms.c",
    ),
    Row(
        "seabios-ramsize", _WHO, "RamSize: 0x", r"RamSize: (?P<size>0x[0-9a-f]+)", None,
        "{size} bytes of RAM below 4 GiB", "", "", "src/fw/paravirt.c",
    ),
    Row(
        "seabios-running", _WHO, "Running on QEMU", r"Running on QEMU \((?P<machine>i440fx|q35)\)", None,
        "the machine is {machine}", "", "", "src/fw/paravirt.c",
    ),
)  # fmt: skip
