"""Random machines for real boots, in the form that the measured vectors have, and the QEMU command line of each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MIB = 1 << 20
IGDS = [  # device id, BAR0's size, lowest bit of GMS in GGC: a generation each
    (0x0126, 4, 3), (0x0166, 4, 3), (0x0416, 4, 3), (0x1616, 16, 8), (0x1916, 16, 8), (0x3E9B, 16, 8), (0x8A52, 16, 8),
    (0x9A49, 16, 8),
]  # fmt: skip
GMS_UNIT = 32 * MIB
UEFI_ROM = 0x8000
"""Size of the ROM with our driver."""
APERTURES = [128 * MIB, 256 * MIB, 512 * MIB, 1024 * MIB]
DEVICES = [
    "e1000,romfile=", "rtl8139,romfile=", "virtio-net-pci,romfile=", "virtio-scsi-pci", "qemu-xhci", "ich9-ahci",
    "intel-hda", "usb-ehci", "secondary-vga", "bochs-display",
]  # fmt: skip
INTEL = ["SandyBridge", "IvyBridge", "Haswell", "Broadwell", "Skylake-Client"]


@dataclass
class Machine:
    """One machine: ``inputs`` as a vector's ``in``; ``opregion`` is the fw_cfg file's content, None without one."""

    inputs: dict[str, Any]
    cpu: str
    opregion: bytes | None
    igd: tuple[int, int, list[tuple[int, int, int]]]

    @property
    def text(self) -> str:
        """The machine in a line."""
        one = self.inputs
        names = " ".join(device.partition(",")[0] for device in one["devices"])
        size = int.from_bytes(bytes.fromhex(one["bdsm_file_hex"]), "little")
        return (
            f"{one['machine']:<3} {int(one['ram'], 16) / MIB:8.2f}M {self.cpu:<14} {self.igd[0]:04x} x{one['smp']} "
            f"stolen {size // MIB}M, opregion {one['opregion_file_size'] or 0}, {names or 'no devices'}"
        )


def random_machine(dice: random.Random, uefi: bool, devices: Sequence[str] = DEVICES) -> Machine:
    """The next machine of ``dice``. UEFI guests get at least 256 MiB, and GGC says how much to steal."""
    device, *_ = dice.choice(IGDS)
    machine = dice.choice(["pc", "q35"])
    megabytes = dice.choice([256, 512, 1024, 2048, 3072, 4096, 6144, 8192, dice.randrange(256, 12288)])
    ram = megabytes * MIB + dice.choice([0, 0, 0, 8192 * dice.randrange(1, 128)])  # QEMU rounds up to 8 KiB
    code = dice.randrange(1, 5)
    size = code * GMS_UNIT if uefi else dice.choice([1, 16, 32, 64, 128, dice.randrange(1, 160)]) * MIB
    opregion = dice.choice([8192 if uefi else None, 8192, 8192, 8192, 12288, 4096 * dice.randrange(2, 12)])
    aperture = dice.choice(APERTURES[: 2 if uefi else 4])
    cpus = dice.choice([1, 1, 1, 2, 4, 8])
    cpu = dice.choice(["qemu64", "qemu64", *INTEL])
    names = [] if uefi else dice.sample(devices, dice.randrange(0, 4))
    return made(
        machine, ram, device, size, opregion=opregion, aperture=aperture, cpu=cpu, cpus=cpus, names=names, code=code,
        rom=UEFI_ROM if uefi else 0,
    )  # fmt: skip


def made(
    machine: str, ram: int, device: int, stolen: int, *, opregion: int | None = 8192, aperture: int = 256 * MIB,
    cpu: str = "qemu64", cpus: int = 1, names: Sequence[str] = (), code: int = 1, rom: int = 0,
) -> Machine:  # fmt: skip
    """The machine with ``ram`` bytes and an IGD ``device`` of IGDS.

    ``stolen``: bytes that etc/igd-bdsm-size says; ``opregion``: of that file, None without one; ``aperture``: of BAR2;
    ``names``: QEMU's devices, from slot 03 on; ``code``: GMS in GGC; ``rom``: bytes of the IGD's.
    """
    bar0, gms_bit = next(row[1:] for row in IGDS if row[0] == device)
    bars = [(0, bar0 * MIB, 4), (2, aperture, 12), (4, 0x40, 1)]
    inputs = {
        "machine": machine, "ram": hex(ram), "opregion_file_size": opregion, "cpu": cpu, "cpu_model": cpu,
        "cpu_vendor": "AuthenticAMD" if cpu == "qemu64" else "GenuineIntel", "phys_bits": 40,
        "accel": "tcg", "smp": cpus,
        "low_ram_top": hex(low_ram_top(machine, ram)), "build": "4M", "other_functions": [],
        "bdsm_file_hex": stolen.to_bytes(8, "little").hex(),
        "devices": [f"{name},addr={3 + number}" for number, name in enumerate(names)],
        "igd": [{
            "bdf": "00:02.0", "vendor": "0x8086", "device": hex(device), "class": "0x030000",
            "rom_size": hex(rom), "ggc": hex(code << gms_bit),
            "bars": [[index, hex(length), kind] for index, length, kind in bars],
        }],
    }  # fmt: skip
    content = None if opregion is None else b"IntelGraphicsMem" + bytes(4) + b"\0\0\0\2" + bytes(opregion - 24)
    return Machine(inputs, cpu, content, (device, 0x030000, bars))


def low_ram_top(machine: str, ram: int) -> int:
    """End of RAM below 4 GiB (QEMU hw/i386/pc_piix.c, pc_q35.c: where more would reach over the hole, less is low)."""
    if machine == "pc":
        return ram if ram < 0xE0000000 else 0xC0000000
    return ram if ram < 0xB0000000 else 0x80000000


def command_line(machine: Machine, qemu: str, peer: int, log: int, qmp: int, folder: str, rom: str = "") -> list[str]:
    """QEMU's arguments. ``peer``, ``log`` and ``qmp``: descriptors of its ends of sockets; ``folder`` has the files.

    ``rom``: file of the IGD's ROM; "" for none.
    """
    inputs = machine.inputs
    ram = int(inputs["ram"], 16)
    line = [
        qemu, "-M", f"{inputs['machine']},memory-backend=mem", "-m", f"{ram // 1024}k", "-accel", "tcg",
        "-object", f"memory-backend-memfd,id=mem,size={ram},share=on", "-cpu", machine.cpu, "-smp", str(inputs["smp"]),
        "-display", "none", "-nodefaults", "-no-reboot", "-no-user-config",
        "-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control",
        "-device", f"x-pci-proxy-dev,fd={peer},addr=2" + (f",romfile={rom}" if rom else ""),
        "-fw_cfg", f"name=etc/igd-bdsm-size,file={folder}/bdsm",
        "-chardev", f"socket,id=log,fd={log}", "-device", "isa-debugcon,iobase=0x402,chardev=log",
    ]  # fmt: skip
    if machine.opregion is not None:
        line += ["-fw_cfg", f"name=etc/igd-opregion,file={folder}/opregion"]
    for device in machine.inputs["devices"]:
        line += ["-device", device]
    return line
