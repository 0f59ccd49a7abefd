"""The registers that an option ROM is entered with: it stores them itself, on a machine of the usual kind."""

from pathlib import Path

from handmade import RETURN, rom

from fwsim.environment.bios.session import Session
from fwsim.machine.build import build
from fwsim.rom.chain import load_bytes
from fwsim.scenario.load import loads

AT = 0x600
_STORES = {
    "eax": "66a3", "ebx": "66891e", "ecx": "66890e", "edx": "668916", "esi": "668936", "edi": "66893e",
    "ebp": "66892e", "es": "8c06", "ds": "8c1e", "ss": "8c16", "cs": "8c0e", "fs": "8c26", "gs": "8c2e",
    "esp": "668926",
}  # fmt: skip
"""MOV [disp16], register."""
_REST = ("eflags", "eip")


def program():
    """Code for offset 3: CALL to the next instruction and POP give IP; then every register; far return."""
    code = b"".join(
        bytes.fromhex(text) + (AT + 4 * index).to_bytes(2, "little") for index, text in enumerate(_STORES.values())
    )
    flags, ip = (AT + 4 * (len(_STORES) + index) for index in range(2))
    code += bytes.fromhex("669c6658") + b"\x66\xa3" + flags.to_bytes(2, "little")  # pushfd; pop eax; mov [], eax
    here = len(code) + 3
    code += b"\xe8\0\0\x58\x2d" + here.to_bytes(2, "little")  # call; pop ax; sub ax, what lies before
    return code + b"\xa3" + ip.to_bytes(2, "little") + b"\xcb"


def registers(bdf, base, toml=""):
    """Register to value at the entry of a ROM at ``base``, and a function that reads the machine's memory."""
    image = rom(RETURN)  # what the board is built for: the code below leaves no room for a PCIR
    built = build(loads(toml), load_bytes(image, Path("small.rom")), image, None)
    machine = built.machine
    try:
        machine.ram.write(base, b"\x55\xaa\x04" + program())
        machine.engine.flush_code()
        ending = Session(built).call_rom(3, bdf, base)
        assert ending.reason == "completed", ending
        names = (*_STORES, *_REST)
        found = {name: machine.ram.word(AT + 4 * index, 4) for index, name in enumerate(names)}
        return found, machine.ram.read
    finally:
        machine.recorder.close()
