"""Vectors measured with a probe ROM under real QEMU: each function's configuration space, and what takes writes.

The ROM is the guest's VGA BIOS: its code reads the registers by CF8 and CFC at its entry, or in INT 19h, which it has
hooked, after POST; and there it writes to the probed addresses. The display is QEMU's standard VGA, as measured, with a
ROM of 64 KiB where a vector does not say its size: that is what the places of the other BARs follow from.
"""

import struct
from functools import lru_cache
from pathlib import Path

from handmade import rom

from fwsim.environment.bios.session import Session
from fwsim.firmware.request import parse_bdf
from fwsim.machine.build import build
from fwsim.rom.chain import load_bytes
from fwsim.scenario.load import loads

ROM, ROMS_END, ALIGN = 0xC0000, 0xF0000, 2048
CODE, HANDLER = 0x100, 0x180
TABLE, ANSWERS, SPACE = 0x7000, 0x7800, 0x8000
FAR_RETURN, IRET = b"\xcb", b"\xcf"
PAM = {"pc": 0x59, "q35": 0x90}


def dump(bdf):
    """Code that stores the 256 bytes of a function at ``SPACE``."""
    head = "31c0 8ed8 bf0080 66b8" + struct.pack("<I", 1 << 31 | bdf << 8).hex()
    return bytes.fromhex(head + "6689c3 baf80c 66ef b2fc 66ed 668905 83c704 6689d8 0404 75e7")


def probe(count):
    """Code that changes the word at each far pointer of ``TABLE``, notes if it read back, and puts it back."""
    head = "31c0 8ed8 be0070 bf0078 b9" + struct.pack("<H", count).hex()
    return bytes.fromhex(head + "c41c 83c604 268b07 89c2 f7d2 268917 268b2f 268907 31c0 39d5 0f94c0 8805 47 e2df")


def hook():
    """Code that makes INT 19h the ROM's own."""
    return b"\x31\xc0\x8e\xd8\xc7\x06\x64\x00" + struct.pack("<H", HANDLER) + b"\x8c\x0e\x66\x00"


class Machine:
    """A machine of a vector's kind, whose VGA ROM has ``size`` bytes."""

    def __init__(self, vector, size):
        given, (qemu, seabios) = vector["in"], vector["system"].split("/")
        vapic = "off" if given.get("kvmvapic_rom", "default").startswith("absent") else "auto"
        self.blocks = size // 512
        image = self.image(b"")
        toml = (
            f'[guest]\nmachine = "{given["machine"]}"\nram = {int(given["ram"], 16)}\n[host]\nvga = "stdvga"\n'
            f'[hypervisor]\nprofile = "{qemu.removeprefix("qemu-")}"\nvapic = "{vapic}"\n'
            f'[firmware]\nversion = "{seabios.removeprefix("seabios-")}"\n'
        )
        self.machine = build(loads(toml), load_bytes(image, Path("probe.rom")), image, None)
        self.session, self.ram = Session(self.machine), self.machine.machine.ram

    def image(self, at_entry, at_boot=b""):
        code = (at_entry + FAR_RETURN).ljust(HANDLER - CODE, b"\x90") + at_boot + IRET
        return rom(code, vendor=0x1234, device=0x1111, blocks=self.blocks)

    def post(self, at_entry, at_boot=b""):
        self.ram.write(ROM, self.image(at_entry, at_boot))
        self.machine.machine.engine.flush_code()
        assert self.session.call_rom(3, 0x10).reason == "completed"

    def boot(self, code):
        """What the code did in INT 19h, after POST."""
        self.post(hook(), code)
        assert self.session.interrupt(0x19, {}).reason == "completed"


@lru_cache(maxsize=64)
def space_of(system, machine, ram, bdf, when):
    """The 256 bytes as the guest read them."""
    made = Machine({"system": system, "in": {"machine": machine, "ram": ram}}, 0x10000)
    code = dump(parse_bdf(bdf))
    if when == "ROM entry":
        made.post(code)
    else:
        made.boot(code)
    return made.ram.read(SPACE, 256)


def config(vector):
    given, want = vector["in"], vector["expect"]
    assert given["when"] in ("ROM entry", "INT 19h (after POST)")
    data = space_of(vector["system"], given["machine"], given["ram"], given["bdf"], given["when"])
    if data[:4] == b"\xff" * 4:
        return {"present": False}

    def number(offset, width):
        return int.from_bytes(data[offset : offset + width], "little")

    found = {
        "present": True, "vendor": number(0, 2), "device": number(2, 2), "command": number(4, 2),
        "status": number(6, 2), "revision": number(8, 1), "class_code": number(9, 3), "header_type": number(0x0E, 1),
        "subsystem_vendor": number(0x2C, 2), "subsystem": number(0x2E, 2), "config_hex": data.hex(),
        "tolud": number(0xB0, 2), "ggc_0x52": number(0x52, 2), "deven": number(0x54, 4), "pciexbar": number(0x60, 4),
        "esmramc": number(0x9E, 1), "smram": number(0x72 if given["machine"] == "pc" else 0x9D, 1),
        "pam": pam(data, given["machine"]),
    }  # fmt: skip
    found |= {name: number(int(name.removeprefix("dword_"), 16), 4) for name in want if name.startswith("dword_")}
    return found


def pam(data, machine):
    return data[PAM[machine] : PAM[machine] + 7].hex()


def writes(vector):
    given = vector["in"]
    assert given["accel"] == "tcg"
    made = Machine(vector, int(given["vga_rom_size"], 16))
    probed = [int(address, 16) for address in given["probed"]]
    made.ram.write(TABLE, b"".join(struct.pack("<HH", address & 0xF, address >> 4) for address in probed))
    made.boot(probe(len(probed)))
    took = made.ram.read(ANSWERS, len(probed))
    assert set(took) <= {0, 1}
    bridge = space_of(vector["system"], given["machine"], given["ram"], "00:00.0", "INT 19h (after POST)")
    roms = {at: made.machine.machine.engine.read(at, 3) for at in range(ROM, ROMS_END, ALIGN)}
    return {
        "option_roms_run_at": [at for at, head in roms.items() if head[:2] == b"\x55\xaa"],
        "pam": pam(bridge, given["machine"]),
        "writable": [address for address, yes in zip(probed, took, strict=True) if yes],
        "read_only": [address for address, yes in zip(probed, took, strict=True) if not yes],
    }  # fmt: skip


ROWS = [("qemu-", "config space of", config), ("qemu-", "what takes writes", writes)]
