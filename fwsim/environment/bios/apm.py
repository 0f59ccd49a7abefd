"""APM 1.2 in INT 15h AH=53h, as SeaBIOS answers it (src/apm.c): everything succeeds, there is no battery."""

from fwsim.environment.bios.context import CARRY, Context
from fwsim.environment.bios.segment import APM_ENTRY, SEGMENT

_SIZE = 0xFFF0
_NO_EVENT = 0x80
_SUCCEED = (0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0F)
"""Connect in real mode, disconnect, idle, busy, set power state, enable, engage."""
_ANSWERS: dict[int, dict[str, int]] = {
    0x00: {"ax": 0x0102, "bx": 0x504D, "cx": 3},
    0x02: {"ax": SEGMENT, "bx": APM_ENTRY, "cx": SEGMENT, "si": _SIZE, "di": _SIZE},
    0x03: {
        "ax": SEGMENT, "ebx": APM_ENTRY, "cx": SEGMENT, "dx": SEGMENT, "esi": _SIZE << 16 | _SIZE, "di": _SIZE,
    },
    0x0A: {"bx": 0x01FF, "cx": 0x80FF, "dx": 0xFFFF, "si": 0},
    0x0E: {"ax": 0x0102},
    0x10: {"bl": 0, "cx": 0},
}  # fmt: skip
"""Installation check, connect in 16-bit and 32-bit protected mode, power status, driver version, capabilities."""


def apm(c: Context) -> None:
    """INT 15h AH=53h: CF only where there is no such function, or, for 0Bh, no event."""
    leaf = c.get("al")
    if leaf == 0x0B:
        c.fail(_NO_EVENT)
        return
    for name, value in _ANSWERS.get(leaf, {}).items():
        c.set(name, value)
    c.flag(CARRY, leaf not in _ANSWERS and leaf not in _SUCCEED)
