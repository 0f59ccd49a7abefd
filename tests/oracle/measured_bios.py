"""Vectors measured with a probe ROM under real SeaBIOS: what it saw at its entry, and what each service answered.

Each is asked of a machine of the same kind, by a ROM that makes the call during POST and stores what it gets.

What belongs to one build of SeaBIOS is not compared: the linker chose it, and nothing reads it but through a pointer
that is compared. These are offsets in the F segment that are not where IBM put them: of $PnP, $PMM and the other
structures, of the entries that $PnP and $PMM name (with the checksum over them), of the interrupt vectors in ``BUILT``,
of APM's protected-mode entries. Of a vector the segment is compared, and that it leads to a handler of our own.
"""

import struct
from functools import lru_cache
from pathlib import Path

import rom_entry
from handmade import rom

from fwsim.environment.bios import segment
from fwsim.environment.bios.session import Session
from fwsim.machine.build import build
from fwsim.rom.chain import load_bytes
from fwsim.scenario.load import loads

RESULTS, BUFFER = 0x600, 0x310
ROM, BDF = 0xC0000, 0x10
REGISTERS = ("eax", "ebx", "ecx", "edx")
LOAD = dict(zip(REGISTERS, ("66b8", "66bb", "66b9", "66ba"), strict=True))
STORE = dict(zip(REGISTERS, ("66a3", "66891e", "66890e", "668916"), strict=True))
BUILT = {*range(0x09, 0x10), 0x18, *range(0x70, 0x78)}
"""Vectors whose handler is where that build put it: hardware interrupts but the timer's, and INT 18h."""
PMM_CALLS = [
    (0, 0, 0xFFFFFFFF, 1), (0, 0, 0xFFFFFFFF, 2), (0, 0, 0xFFFFFFFF, 3), (0, 0x40, 0xFFFFFFFF, 1),
    (0, 0x40, 0x12345678, 1), (1, 0x12345678), (1, 0xDEADBEEF), (0, 0x100, 0x11112222, 2), (2, None),
    (1, 0x11112222), (0, 0x100, 0x33334444, 3), (0, 0x100, 0x33334444, 3), (0, 0x100, 0x55556666, 6),
    (0, 0x100, 0x55556667, 5), (0, 0x10000, 0x77778888, 2), (0, 0x4000, 0x77778889, 1), (0, 0x10, 0x9999AAAA, 0),
]  # fmt: skip
"""The probe's sequence: function and its arguments; None is the result of the last allocate."""


def scenario(given):
    """The measured machine: TCG's default CPU."""
    return (
        f'[guest]\nmachine = "{given["machine"]}"\nram = "2G"\ncpu = "qemu64"\naccel = "tcg"\n'
        f'[firmware]\nversion = "{given["seabios"]}"\n'
        '[host]\ndevice_id = 0x0116\n[hypervisor]\nlegacy = "off"\nopregion = "on"\n'
    )


@lru_cache(maxsize=4)
def machine(toml):
    image = rom(b"\xcb", blocks=64)
    return build(loads(toml), load_bytes(image, Path("small.rom")), image, None)


class Probe:
    """The machine at the ROM's entry; ``run`` calls code in it."""

    def __init__(self, given):
        self.built = machine(scenario(given))
        self.ram = self.built.machine.ram
        self.session = Session(self.built)  # lays the vectors, the data area and the F segment anew

    def run(self, code):
        self.ram.write(ROM, rom(code, blocks=64))
        self.built.machine.engine.flush_code()
        ending = self.session.call_rom(3, BDF)
        assert ending.reason == "completed", ending

    def interrupt(self, vector, values):
        """Registers, ES and flags after INT ``vector``, with ES:DI at a buffer in the ROM, SI and BP 0, CF clear."""
        code = b"".join(bytes.fromhex(LOAD[name]) + struct.pack("<I", value) for name, value in values.items())
        code += b"\x0e\x07\xbf" + struct.pack("<H", BUFFER) + b"\xbe\0\0\x31\xed\xcd" + bytes((vector,))
        for index, name in enumerate(REGISTERS):
            code += bytes.fromhex(STORE[name]) + struct.pack("<H", RESULTS + 4 * index)
        code += b"\x8c\x06" + struct.pack("<H", RESULTS + 16) + b"\x9c\x58\xa3" + struct.pack("<H", RESULTS + 20)
        self.run(code + b"\xcb")
        names = (*REGISTERS, "es", "flags")
        found = {name: self.ram.word(RESULTS + 4 * i, 4 if name in REGISTERS else 2) for i, name in enumerate(names)}
        return found | {"cf": found["flags"] & 1, "zf": found["flags"] >> 6 & 1}

    def far_call(self, entry, words):
        """DX:AX of a far call with these words on the stack, the first on top."""
        code = b"".join(b"\x68" + struct.pack("<H", word) for word in reversed(words))
        code += b"\x9a" + entry + b"\x83\xc4" + bytes((2 * len(words),))
        self.run(code + b"\xa3" + struct.pack("<H", RESULTS) + b"\x89\x16" + struct.pack("<H", RESULTS + 2) + b"\xcb")
        return self.ram.word(RESULTS, 4)


def number(text):
    return int(text, 16)


def register(vector):
    given = vector["in"]
    found, memory = rom_entry.registers(BDF, ROM, scenario(given))
    name = given["register"]
    if name == "di":
        assert memory((found["es"] << 4) + found["edi"], 4) == b"$PnP"
        return {"value": vector["expect"]["value"]}
    return {"value": found[name if name in found else f"e{name}"] & 0xFFFF}


def stack_segment(vector):
    found, _ = rom_entry.registers(BDF, ROM, scenario(vector["in"]))
    return {"value": found["ss"]}


def data_word(vector):
    return {"value": Probe(vector["in"]).ram.word(number(vector["in"]["address"]), 2)}


def interrupt_vector(vector):
    probe, index = Probe(vector["in"]), number(vector["in"]["vector"])
    offset, where = struct.unpack("<HH", probe.ram.read(4 * index, 4))
    if index in BUILT:
        stub = probe.ram.read((where << 4) + offset, 2)
        assert stub == bytes((segment.HLT, segment.IRET)), stub
        offset = vector["expect"]["offset"]
    return {"segment": where, "offset": offset}


def header(found, expect, *, checksum, built):
    """``found`` with the bytes that belong to the build as in ``expect``, after its own checksum was looked at."""
    assert sum(found) & 0xFF == 0
    data, real = bytearray(found), bytes.fromhex(expect)
    assert sum(real[: len(data)]) & 0xFF == 0
    for at in (checksum, *built):
        data[at] = real[at]
    return data.hex()


def pnp(vector):
    probe = Probe(vector["in"])
    data = probe.ram.read(segment.BASE + segment.PNP_HEADER, 33)
    return {"bytes": header(data, vector["expect"]["bytes"], checksum=8, built=(13, 14, 17, 18))}


def pmm_header(vector):
    probe = Probe(vector["in"])
    at = found_at(probe, b"$PMM")
    data = probe.ram.read(segment.BASE + at, 16)
    expect = vector["expect"]
    return {
        "segment": segment.SEGMENT, "offset": expect["offset"],
        "bytes": header(data, expect["bytes"], checksum=6, built=(7, 8)),
    }  # fmt: skip


def found_at(probe, text):
    """Offset of a signature on a paragraph of the F segment, None where it is not."""
    data = probe.ram.read(segment.BASE, 0x10000)
    return next((at for at in range(0, 0x10000, 16) if data.startswith(text, at)), None)


def signature(vector):
    at = found_at(Probe(vector["in"]), vector["in"]["signature"].encode())
    return {"found": at is not None} | ({} if at is None else {"offset": vector["expect"].get("offset")})


def reset_code(vector):
    return {"bytes": Probe(vector["in"]).ram.read(0xFFFF0, 16).hex()}


def service(vector):
    given, want = vector["in"], vector["expect"]
    probe = Probe(given)
    found = probe.interrupt(number(given["int"]), {name: number(given[name]) for name in REGISTERS})
    found["es"] = "the ROM segment" if found["es"] == ROM >> 4 else found["es"]
    if number(given["int"]) == 0x15 and number(given["eax"]) in (0x5302, 0x5303):
        found["ebx"] = want["ebx"]
    return found


def display_hook(vector):
    """INT 15h 5Fxx with 1111h, 2222h and 3333h in the others; a list of leaves answers as one."""
    given = vector["in"]
    leaves = given["ax"] if isinstance(given["ax"], list) else [given["ax"]]
    probe, answers = Probe(given), []
    for leaf in leaves:
        values = {name: number(given[name[1:]]) for name in REGISTERS[1:]}
        found = probe.interrupt(0x15, {"eax": number(leaf)} | values)
        found = {name[1:] if name in REGISTERS else name: value for name, value in found.items()}
        found |= {"ah": found["ax"] >> 8, "al_unchanged": found["ax"] & 0xFF == number(leaf) & 0xFF}
        answers.append({name: found[name] for name in vector["expect"]})
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def memory_map(vector):
    """The lines of INT 15h E820h, asked for one after the other with the size that the probe gave."""
    given = vector["in"]
    probe, rows, following = Probe(given), [], 0
    while not rows or following:
        values = {"eax": 0xE820, "ebx": following, "ecx": number(given.get("ecx", "0x18")), "edx": 0x534D4150}
        found = probe.interrupt(0x15, values)
        start, size, kind = struct.unpack("<QQI", probe.ram.read(ROM + BUFFER, 20))
        rows.append({"start": start, "end": start + size, "type": kind, "ecx": found["ecx"]})
        following = found["ebx"]
    return {"lines": len(rows)} if given.get("count") else rows[given["index"]]


def words_of(call, last):
    """The call's words on the stack: function, then 32 bits each but for the flags."""
    function, *rest = call
    dwords = [last if value is None else value for value in rest[:2]]
    words = [function, *(half for value in dwords for half in (value & 0xFFFF, value >> 16))]
    return words + rest[2:]


def pmm(vector):
    given, order = vector["in"], vector["in"]["order"]
    probe, result, last = Probe(given), 0, 0
    entry = probe.ram.read(segment.BASE + found_at(probe, b"$PMM") + 7, 4)
    calls = [*PMM_CALLS[:order], asked(given)]
    for call in calls:
        result = probe.far_call(entry, words_of(call, last))
        last = result if call[0] == 0 else last
    return {"dx_ax": result}


def asked(given):
    """The call of a vector, as a row of ``PMM_CALLS``."""
    if "buffer" in given:
        return (number(given["function"]), None)
    values = [number(given[name]) for name in ("function", "paragraphs", "handle", "flags") if name in given]
    return tuple(values)


def first_word(vector):
    """The ROM's own first word after the services that write to ES:BX."""
    probe = Probe(vector["in"])
    for eax in (0x8300, 0x8301):
        probe.interrupt(0x15, dict.fromkeys(REGISTERS, 0) | {"eax": eax})
    return {"value": probe.ram.word(ROM, 2)}


CASES = {
    "$PMM structure": pmm_header, "16 bytes": reset_code, "33 bytes": pnp, "BDA word": data_word,
    "INT 15h 5Fxx": display_hook, "INT 15h E820": memory_map, "INT service": service, "IVT entry": interrupt_vector,
    "PMM call": pmm, "SS in": stack_segment, "register at": register, "signature on": signature,
    "word at ROM": first_word,
}  # fmt: skip
ROWS = [(f"seabios-{version}/", case, adapter) for version in ("1.16.2", "1.17.0") for case, adapter in CASES.items()]
