"""What each leaf of each BIOS interrupt answers: a table of (vector, AH or AX) to a short function.

Behaviour as SeaBIOS has it (src/system.c, src/clock.c, src/pcibios.c, src/kbd.c, src/disk.c); a leaf not here is
unknown, and answered AH=86h, CF=1.
"""

from collections.abc import Callable

from fwsim.environment.bios.context import CARRY, ZERO, Context

Service = Callable[[Context], None]
TICK_HZ = 1_193_182 / 65536
SMAP = 0x534D4150
FOUR_GIB = 1 << 32


def equipment(c: Context) -> None:
    """INT 11h: the equipment word."""
    c.set("ax", c.ram.word(0x410, 2))


def memory_size(c: Context) -> None:
    """INT 12h: KiB of conventional memory."""
    c.set("ax", c.ram.word(0x413, 2))


def no_disk(c: Context) -> None:
    """INT 13h: there is no disk: invalid function or drive."""
    c.fail(0x01)


def no_port(c: Context) -> None:
    """INT 14h, 17h: no serial or parallel port: time-out."""
    c.set("ah", 0x80)


def boot(c: Context) -> None:
    """INT 18h, 19h: nothing to boot; returns."""


def key_wait(c: Context) -> None:
    """INT 16h AH=00h, 10h: nobody types; Enter, so that nothing waits for ever."""
    c.set("ax", 0x1C0D)


def key_peek(c: Context) -> None:
    """INT 16h AH=01h, 11h: no key waits."""
    c.set("ax", 0)
    c.flag(ZERO, True)


def key_shift(c: Context) -> None:
    """INT 16h AH=02h: no shift key is down."""
    c.set("al", c.ram.word(0x417, 1))


def clock_get(c: Context) -> None:
    """INT 1Ah AH=00h: ticks since midnight in CX:DX, AL = the day changed."""
    ticks = c.ram.word(0x46C, 4)
    c.set("cx", ticks >> 16)
    c.set("dx", ticks & 0xFFFF)
    c.set("ax", c.ram.word(0x470, 1))
    c.flag(CARRY, False)


def clock_set(c: Context) -> None:
    """INT 1Ah AH=01h: set the tick count."""
    c.ram.put(0x46C, c.get("cx") << 16 | c.get("dx"), 4)
    c.succeed()


def rtc_time(c: Context) -> None:
    """INT 1Ah AH=02h: noon, BCD, as the CMOS clock stands."""
    c.set("cx", 0x1200)
    c.set("dx", 0)
    c.succeed()


def rtc_date(c: Context) -> None:
    """INT 1Ah AH=04h: 2022-01-01, BCD, as the CMOS clock stands."""
    c.set("cx", 0x2022)
    c.set("dx", 0x0101)
    c.succeed()


def a20(c: Context) -> None:
    """INT 15h 2400h-2403h: A20 is on and stays on (port 92h or the keyboard controller)."""
    leaf = c.get("al")
    if leaf == 2:
        c.set("al", 1)
    elif leaf == 3:
        c.set("bx", 3)
    c.succeed()


def wait_us(c: Context) -> None:
    """INT 15h AH=86h: wait CX:DX microseconds."""
    c.wait((c.get("cx") << 16 | c.get("dx")) * 1000)
    c.succeed()


def move_block(c: Context) -> None:
    """INT 15h AH=87h: copy CX words from descriptor 2 to descriptor 3 of the table at ES:SI, wherever they lie.

    Device memory answers as it answers code: VGA BIOSes reach their linear frame buffer in this way.
    """
    raw = c.cpu.read(c.far("es", "si"), 0x30)
    source, target = (int.from_bytes(raw[at + 2 : at + 5] + raw[at + 7 : at + 8], "little") for at in (0x10, 0x18))
    length = 2 * c.get("cx")
    if max(source, target) + length > FOUR_GIB:
        c.fail(0x02)
        return
    if length:
        data, gap = c.cpu.read(source, length), target - source
        if 0 < gap < length:  # words are copied upwards: an overlap repeats the first ``gap`` bytes, as memory fills do
            data = (data[:gap] * (length // gap + 1))[:length]
        c.cpu.write(target, data)
    if target < c.low:
        c.cpu.flush_code()
    c.succeed()


def extended_memory(c: Context) -> None:
    """INT 15h AH=88h: KiB above 1 MiB, at most 63 MiB."""
    c.set("ax", min((c.low >> 10) - 1024, 63 * 1024))
    c.flag(CARRY, False)


def extended_memory_e801(c: Context) -> None:
    """INT 15h E801h: KiB from 1 to 16 MiB, and 64 KiB blocks above."""
    first = min(max((c.low >> 10) - 1024, 0), 15 * 1024)
    blocks = max((c.low >> 16) - 256, 0)
    for register, value in (("ax", first), ("cx", first), ("bx", blocks), ("dx", blocks)):
        c.set(register, value & 0xFFFF)
    c.flag(CARRY, False)


def memory_map(c: Context) -> None:
    """INT 15h E820h: one entry at ES:DI for the continuation in EBX."""
    at, size = c.get("ebx"), c.get("ecx")
    if c.get("edx") != SMAP or size < 20 or at >= len(c.e820):
        c.fail(0x86)
        return
    start, length, kind = c.e820[at]
    entry = start.to_bytes(8, "little") + length.to_bytes(8, "little") + kind.to_bytes(4, "little")
    c.ram.write(c.far("es", "di"), entry)
    c.set("eax", SMAP)
    c.set("ecx", 20)
    c.set("ebx", at + 1 if at + 1 < len(c.e820) else 0)
    c.flag(CARRY, False)


def configuration(c: Context) -> None:
    """INT 15h AH=C0h: no configuration table."""
    c.fail(0x86)


def ebda(c: Context) -> None:
    """INT 15h AH=C1h: the extended BIOS data area's segment in ES."""
    c.set("es", c.ram.word(0x40E, 2))
    c.flag(CARRY, False)


# --- PCI BIOS 2.1 --------------------------------------------------------------------------------------------------


def pci_present(c: Context) -> None:
    """INT 1Ah B101h: present, version 2.10, configuration mechanism 1, the last bus."""
    c.set("eax", 1)
    c.set("bx", 0x0210)
    c.set("cx", c.pci.present()[-1] >> 8)
    c.set("edx", 0x20494350)
    c.flag(CARRY, False)


def _find(c: Context, offset: int, wanted: Callable[[int], bool]) -> None:
    """The SI-th function whose dword at ``offset`` is wanted; each one asked is a read of the firmware's."""
    left = c.get("si")
    for bdf in c.pci.present():
        if wanted(c.config_read(bdf, offset, 4)):
            if not left:
                c.set("bx", bdf)
                c.succeed()
                return
            left -= 1
    c.fail(0x86)


def pci_find_device(c: Context) -> None:
    """INT 1Ah B102h: the SI-th function with vendor DX, device CX."""
    want = c.get("cx") << 16 | c.get("dx")
    _find(c, 0, lambda value: value == want)


def pci_find_class(c: Context) -> None:
    """INT 1Ah B103h: the SI-th function of class ECX."""
    want = c.get("ecx") & 0xFFFFFF
    _find(c, 8, lambda value: value >> 8 == want)


def _bad_register(c: Context, width: int) -> bool:
    """87h for a register that is not aligned or lies outside the 256 bytes (PCI BIOS 2.1, 3.4)."""
    if c.get("di") % width == 0 and c.get("di") < 256:
        return False
    c.fail(0x87)
    return True


def pci_read(c: Context) -> None:
    """INT 1Ah B108h-B10Ah: read a byte, word or dword of function BX at DI, by the same path as CF8 and CFC."""
    width = 1 << (c.get("al") - 8)
    if _bad_register(c, width):
        return
    c.set({1: "cl", 2: "cx", 4: "ecx"}[width], c.config_read(c.get("bx"), c.get("di"), width))
    c.succeed()


def pci_write(c: Context) -> None:
    """INT 1Ah B10Bh-B10Dh: write a byte, word or dword of function BX at DI, by the same path as CF8 and CFC."""
    width = 1 << (c.get("al") - 11)
    if _bad_register(c, width):
        return
    c.config_write(c.get("bx"), c.get("di"), width, c.get({1: "cl", 2: "cx", 4: "ecx"}[width]))
    c.succeed()


BY_AH: dict[tuple[int, int], Service] = {
    (0x15, 0x24): a20,
    (0x15, 0x86): wait_us,
    (0x15, 0x87): move_block,
    (0x15, 0x88): extended_memory,
    (0x15, 0xC0): configuration,
    (0x15, 0xC1): ebda,
    (0x16, 0x00): key_wait,
    (0x16, 0x01): key_peek,
    (0x16, 0x02): key_shift,
    (0x16, 0x10): key_wait,
    (0x16, 0x11): key_peek,
    (0x16, 0x12): key_shift,
    (0x1A, 0x00): clock_get,
    (0x1A, 0x01): clock_set,
    (0x1A, 0x02): rtc_time,
    (0x1A, 0x04): rtc_date,
}
BY_AX: dict[tuple[int, int], Service] = {
    (0x15, 0xE801): extended_memory_e801,
    (0x15, 0xE820): memory_map,
    (0x1A, 0xB101): pci_present,
    (0x1A, 0xB102): pci_find_device,
    (0x1A, 0xB103): pci_find_class,
    **{(0x1A, 0xB108 + i): pci_read for i in range(3)},
    **{(0x1A, 0xB10B + i): pci_write for i in range(3)},
}
WHOLE: dict[int, Service] = {
    0x11: equipment,
    0x12: memory_size,
    0x13: no_disk,
    0x14: no_port,
    0x17: no_port,
    0x18: boot,
    0x19: boot,
}
"""Interrupts with one answer for every leaf."""


def find(vector: int, ax: int) -> Service | None:
    """The service for ``vector`` with ``ax``; None: nobody knows it."""
    return BY_AX.get((vector, ax)) or BY_AH.get((vector, ax >> 8)) or WHOLE.get(vector)
