"""The clock's services: ticks, the CMOS clock's time and date, waits (SeaBIOS src/clock.c)."""

from fwsim.environment.bios.context import CARRY, Context

TICKS, ROLLOVER = 0x46C, 0x470
TICK_US = 54_925
_USER_POINTER, _USER_LEFT, _USER_FLAG = 0x498, 0x49C, 0x4A0
_STATUS_B = 0x02
"""24 hours, BCD, no alarm: what the CMOS clock's register B keeps."""
_IN_USE = 0x83


def clock_get(c: Context) -> None:
    """INT 1Ah AH=00h: ticks since midnight in CX:DX, AL = the day changed, which is told once."""
    ticks = c.ram.word(TICKS, 4)
    c.set("cx", ticks >> 16)
    c.set("dx", ticks & 0xFFFF)
    c.set("al", c.ram.word(ROLLOVER, 1))
    c.ram.put(ROLLOVER, 0, 1)
    c.flag(CARRY, False)


def clock_set(c: Context) -> None:
    """INT 1Ah AH=01h: set the tick count."""
    c.ram.put(TICKS, c.get("cx") << 16 | c.get("dx"), 4)
    c.ram.put(ROLLOVER, 0, 1)
    c.succeed()


def rtc_time(c: Context) -> None:
    """INT 1Ah AH=02h: noon, BCD, as the CMOS clock stands; AL = the hour too."""
    c.set("cx", 0x1200)
    c.set("dx", 0)
    c.set("al", 0x12)
    c.succeed()


def rtc_date(c: Context) -> None:
    """INT 1Ah AH=04h: 2022-01-01, BCD, as the CMOS clock stands; AL = the century too."""
    c.set("cx", 0x2022)
    c.set("dx", 0x0101)
    c.set("al", 0x20)
    c.succeed()


def rtc_set(c: Context) -> None:
    """INT 1Ah AH=03h, 05h, 07h: time, date, no alarm. The clock stands where it does; AL = its register B."""
    daylight = c.get("dl") & 1 if c.get("ah") == 0x03 else 0
    c.set("al", _STATUS_B | daylight)
    c.succeed()


def rtc_alarm(c: Context) -> None:
    """INT 1Ah AH=06h: an alarm that never comes, since the clock stands."""
    c.set("ax", 0)
    c.flag(CARRY, False)


def tick(c: Context) -> None:
    """A timer interrupt: the tick count, and what is left of the wait that INT 15h AH=83h began.

    The real one counts that wait down by the 1024 Hz of the CMOS clock; here it ends with the tick after it.
    """
    c.ram.put(TICKS, c.ram.word(TICKS, 4) + 1, 4)
    if not c.ram.word(_USER_FLAG, 1) & 1:
        return
    left = c.ram.word(_USER_LEFT, 4) - TICK_US
    c.ram.put(_USER_LEFT, max(left, 0), 4)
    if left <= 0:
        at = (c.ram.word(_USER_POINTER + 2, 2) << 4) + c.ram.word(_USER_POINTER, 2)
        c.ram.put(at, c.ram.word(at, 1) | 0x80, 1)
        c.ram.put(_USER_FLAG, 0, 1)


def user_wait(c: Context) -> None:
    """INT 15h AH=83h: AL=0 lets bit 7 of the byte at ES:BX be set after CX:DX microseconds, AL=1 gives that up."""
    leaf, busy = c.get("al"), c.ram.word(_USER_FLAG, 1) & 1
    if leaf > 1:
        c.set("al", leaf - 1)
    if leaf > 1 or (leaf == 0 and busy):
        c.fail(0x86)
        return
    if leaf == 0:
        c.ram.put(_USER_POINTER, c.get("es") << 16 | c.get("bx"), 4)
        c.ram.put(_USER_LEFT, c.get("cx") << 16 | c.get("dx"), 4)
    c.ram.put(_USER_FLAG, 1 - leaf, 1)
    c.flag(CARRY, False)


def wait_us(c: Context) -> None:
    """INT 15h AH=86h: wait CX:DX microseconds; AH stays. 83h while the wait of AH=83h is on."""
    if c.ram.word(_USER_FLAG, 1) & 1:
        c.fail(_IN_USE)
        return
    c.wait((c.get("cx") << 16 | c.get("dx")) * 1000)
    c.flag(CARRY, False)
