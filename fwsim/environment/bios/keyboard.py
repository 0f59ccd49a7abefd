"""INT 16h with nobody typing, and the PS/2 mouse of INT 15h AH=C2h (SeaBIOS src/kbd.c, src/mouse.c)."""

from fwsim.environment.bios.context import ZERO, Context
from fwsim.environment.bios.segment import EBDA

HEAD, TAIL, BUFFER_START, BUFFER_END = 0x41A, 0x41C, 0x480, 0x482
_HANDLER, _MOUSE_FLAGS = EBDA + 0x22, EBDA + 0x27
"""Far pointer of the pointing device's handler, and its second flag byte: bit 7 = there is one (IBM PS/2 BIOS)."""
_BAD_FUNCTION, _BAD_INPUT, _BAD_INTERFACE, _NO_HANDLER = 0x01, 0x02, 0x03, 0x05
_ENHANCED = 0x80


def key_wait(c: Context) -> None:
    """INT 16h AH=00h, 10h: the next key of the buffer; nobody types: Enter, so that nothing waits for ever."""
    head = c.ram.word(HEAD, 2)
    if head == c.ram.word(TAIL, 2):
        c.set("ax", 0x1C0D)
        return
    c.set("ax", c.ram.word(0x400 + head, 2))
    c.ram.put(HEAD, _behind(c, head), 2)


def key_peek(c: Context) -> None:
    """INT 16h AH=01h, 11h: ZF and AX as it was where no key waits, else the key."""
    head = c.ram.word(HEAD, 2)
    empty = head == c.ram.word(TAIL, 2)
    if not empty:
        c.set("ax", c.ram.word(0x400 + head, 2))
    c.flag(ZERO, empty)


def _behind(c: Context, at: int) -> int:
    return at + 2 if at + 2 < c.ram.word(BUFFER_END, 2) else c.ram.word(BUFFER_START, 2)


def key_shift(c: Context) -> None:
    """INT 16h AH=02h: the shift keys."""
    c.set("al", c.ram.word(0x417, 1))


def key_store(c: Context) -> None:
    """INT 16h AH=05h: CX into the buffer; AL = 1 where it is full."""
    tail = c.ram.word(TAIL, 2)
    behind = _behind(c, tail)
    full = behind == c.ram.word(HEAD, 2)
    if not full:
        c.ram.put(0x400 + tail, c.get("cx"), 2)
        c.ram.put(TAIL, behind, 2)
    c.set("al", int(full))


def key_functions(c: Context) -> None:
    """INT 16h AH=09h: AH=0Ah and AH=10h to 12h are there."""
    c.set("al", 0x30)


def key_id(c: Context) -> None:
    """INT 16h AH=0Ah: an MF2 keyboard, its second byte as the 8042 translates it once POST is over (QEMU ps2.c)."""
    c.set("bx", 0x41AB if c.posted else 0x83AB)


def key_shift_enhanced(c: Context) -> None:
    """INT 16h AH=12h: the shift keys, and those of an enhanced keyboard."""
    c.set("al", c.ram.word(0x417, 1))
    c.set("ah", c.ram.word(0x418, 1) & 0x73 | c.ram.word(0x496, 1) & 0x0C)


def key_122(c: Context) -> None:
    """INT 16h AX=6F08h: an ordinary keyboard."""
    c.set("ah", 0x02)


def key_enhanced(c: Context) -> None:
    """INT 16h AH=92h: AH=10h to 12h are there."""
    c.set("ah", _ENHANCED)


def key_no_more(c: Context) -> None:
    """INT 16h AH=A2h: AH=20h to 22h are not there: nothing changes."""


def mouse(c: Context) -> None:
    """INT 15h AH=C2h: a mouse that answers every command and never moves."""
    leaf, bh = c.get("al"), c.get("bh")
    if leaf > 7 or (leaf == 6 and bh > 2) or (leaf == 0 and bh > 1):
        c.fail(_BAD_FUNCTION)
    elif leaf == 0 and bh == 1 and not c.ram.word(_MOUSE_FLAGS, 1) & 0x80:
        c.fail(_NO_HANDLER)
    elif (leaf == 2 and bh > 6) or (leaf == 3 and bh > 3):
        c.fail(_BAD_INPUT)
    elif leaf == 5 and bh != 3:
        c.fail(_BAD_INTERFACE)
    else:
        _mouse_answer(c, leaf, bh)
        c.succeed()


def _mouse_answer(c: Context, leaf: int, bh: int) -> None:
    if leaf in (1, 5):
        c.set("bx", 0x00AA)  # self-test passed, device 0
    if leaf == 4:
        c.set("bh", 0)
    if leaf == 5:
        c.ram.put(_MOUSE_FLAGS, bh, 1)
    if leaf == 6 and bh == 0:  # status, 4 counts per mm, 100 reports a second: the values after a reset
        for register, value in (("bl", 0), ("cl", 2), ("dl", 100)):
            c.set(register, value)
    if leaf == 7:
        pointer = c.get("es") << 16 | c.get("bx")
        flags = c.ram.word(_MOUSE_FLAGS, 1) & 0x7F
        c.ram.put(_MOUSE_FLAGS, flags | 0x80 if pointer else flags, 1)
        c.ram.put(_HANDLER, pointer, 4)
