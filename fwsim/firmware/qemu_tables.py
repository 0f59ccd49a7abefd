"""QEMU's tables as its firmware gets them: how many bytes of SMBIOS and ACPI a machine has.

Source: QEMU hw/smbios/smbios.c and hw/i386/acpi-build.c; sizes asked of QEMU 7.2 by fw_cfg (321 and 309 bytes with one
CPU and 2 GiB on pc and q35).
"""

from __future__ import annotations

ACPI_TABLES = 0x20000
"""`etc/acpi/tables`: padded to 128 KiB, which 255 CPUs, 20 bridges or 255 memory slots do not fill."""
_TITLES = {
    "pc": ("Standard PC (i440FX + PIIX, 1996)", "pc-i440fx"),
    "q35": ("Standard PC (Q35 + ICH9, 2009)", "pc-q35"),
}
_DIMM = 16 << 30
_ONE_SOCKET, _LARGE_DIMMS = (6, 2), (9, 1)
_SMBIOS3 = ((8, 1), (9, 0))
"""Between these releases the entry point was SMBIOS 3.0's, with six bytes more for each processor."""
_MAKER = "QEMU"
_NEWEST = (11, 1)


def smbios_bytes(machine: str, low: int, high: int, cpus: int, release: tuple[int, ...]) -> int:
    """Bytes of `etc/smbios/smbios-tables` with no -smbios given: structures of types 1, 3, 4, 16, 17, 19, 32, 127.

    ``low`` and ``high`` bytes of RAM. CPUs are cores of one socket from machine type 6.2 on, before sockets each.
    """
    title, name = _TITLES[machine]
    model = f"{name}-{'.'.join(map(str, release[:2] if len(release) > 1 else _NEWEST))}"
    system, chassis = _structure(27, _MAKER, title, model), _structure(22, _MAKER, model)
    sockets = 1 if release >= _ONE_SOCKET else cpus
    wide = _SMBIOS3[0] <= release < _SMBIOS3[1]
    processors = sum(_structure(48 if wide else 42, f"CPU {n}", _MAKER, model) for n in range(sockets))
    dimms = 1 if release >= _LARGE_DIMMS else -(-(low + high) // _DIMM)
    memory = sum(_structure(40, f"DIMM {n}", _MAKER) for n in range(dimms))
    ranges = _structure(31) * (2 if high else 1)
    return system + chassis + processors + _structure(23) + memory + ranges + _structure(11) + _structure(4)


def _structure(length: int, *strings: str) -> int:
    """Bytes of a structure: its formatted part, its strings, and the two zeros that end it."""
    return length + sum(len(each) + 1 for each in strings) + (1 if strings else 2)
