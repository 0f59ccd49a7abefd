"""What each leaf of each BIOS interrupt answers: a table of (vector, AH or AX) to a short function.

Behaviour as SeaBIOS has it (src/system.c, src/serial.c, src/disk.c, src/vgahooks.c, and the neighbours of this module).
"""

from collections.abc import Callable

from fwsim.environment.bios import apm, clock, disk, keyboard, pcibios
from fwsim.environment.bios.context import CARRY, Context
from fwsim.environment.bios.segment import CONFIGURATION, SEGMENT

Service = Callable[[Context], None]
SMAP = 0x534D4150
UNSUPPORTED = 0x86
INTEL: dict[int, int | None] = {0x5F35: 0, 0x5F40: 3, 0x5F50: None}
"""AX to the CL of its answer; None: CL stays."""
FOUR_GIB = 1 << 32


def equipment(c: Context) -> None:
    """INT 11h: the equipment word."""
    c.set("ax", c.ram.word(0x410, 2))


def memory_size(c: Context) -> None:
    """INT 12h: KiB of conventional memory."""
    c.set("ax", c.ram.word(0x413, 2))


def no_port(c: Context) -> None:
    """INT 14h, 17h: no serial or parallel port: CF, and nothing else."""
    c.flag(CARRY, True)


def boot(c: Context) -> None:
    """INT 18h, 19h: nothing to boot; returns."""


def a20(c: Context) -> None:
    """INT 15h 2400h-2403h: A20 is on and stays on (port 92h or the keyboard controller)."""
    leaf = c.get("al")
    if leaf > 3:
        c.fail(UNSUPPORTED)
        return
    if leaf == 2:
        c.set("al", 1)
    elif leaf == 3:
        c.set("bx", 3)
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


def key_intercept(c: Context) -> None:
    """INT 15h AH=4Fh: the key is not for anybody: CF."""
    c.flag(CARRY, True)


def eject(c: Context) -> None:
    """INT 15h AH=52h: the medium may go."""
    c.succeed()


def device_busy(c: Context) -> None:
    """INT 15h AH=90h, 91h: a device is busy, or ready: nobody waits, nothing changes."""


def intel_display(c: Context) -> None:
    """INT 15h 5F35h, 5F40h, 5F50h where an Intel display is there: the usual boot display, panel type 3, yes."""
    cl = INTEL[c.get("ax")]
    c.set("ax", 0x005F)
    if cl is not None:
        c.set("cl", cl)
    c.flag(CARRY, False)


def extended_memory(c: Context) -> None:
    """INT 15h AH=88h: KiB above 1 MiB, at most 63 MiB."""
    c.set("ax", min((c.ram_end() >> 10) - 1024, 63 * 1024))
    c.flag(CARRY, False)


def extended_memory_e801(c: Context) -> None:
    """INT 15h E801h: KiB from 1 to 16 MiB, and 64 KiB blocks above."""
    end = c.ram_end()
    first = min(max((end >> 10) - 1024, 0), 15 * 1024)
    blocks = max((end >> 16) - 256, 0)
    for register, value in (("ax", first), ("cx", first), ("bx", blocks), ("dx", blocks)):
        c.set(register, value & 0xFFFF)
    c.flag(CARRY, False)


def memory_map(c: Context) -> None:
    """INT 15h E820h: one entry at ES:DI for the continuation in EBX."""
    rows, at, size = c.memory_map(), c.get("bx"), c.get("ecx")
    if c.get("edx") != SMAP or size < 20 or at >= len(rows):
        c.fail(UNSUPPORTED)
        return
    start, length, kind = rows[at]
    entry = start.to_bytes(8, "little") + length.to_bytes(8, "little") + kind.to_bytes(4, "little")
    c.ram.write(c.far("es", "di"), entry)
    c.set("eax", SMAP)
    c.set("ecx", 20)
    c.set("ebx", at + 1 if at + 1 < len(rows) else 0)
    c.flag(CARRY, False)


def configuration(c: Context) -> None:
    """INT 15h AH=C0h: the configuration table at ES:BX."""
    c.set("es", SEGMENT)
    c.set("bx", CONFIGURATION)
    c.succeed()


def ebda(c: Context) -> None:
    """INT 15h AH=C1h: the extended BIOS data area's segment in ES."""
    c.set("es", c.ram.word(0x40E, 2))
    c.flag(CARRY, False)


def no_tpm(c: Context) -> None:
    """INT 1Ah BB00h: there is no TPM (SeaBIOS src/tcgbios.c)."""
    c.set("eax", 0x23)
    c.flag(CARRY, False)


def unknown(c: Context, vector: int) -> None:
    """A leaf that nobody knows: AH=86h and CF for INT 15h, CF for INT 1Ah (PCI: AH=81h), nothing for INT 16h."""
    if vector == 0x15:
        c.fail(UNSUPPORTED)
    elif vector == 0x1A and c.get("ah") == 0xB1:
        pcibios.pci_unknown(c)
    elif vector != 0x16:
        c.flag(CARRY, True)


BY_AH: dict[tuple[int, int], Service] = {
    (0x15, 0x24): a20,
    (0x15, 0x4F): key_intercept,
    (0x15, 0x52): eject,
    (0x15, 0x53): apm.apm,
    (0x15, 0x83): clock.user_wait,
    (0x15, 0x86): clock.wait_us,
    (0x15, 0x87): move_block,
    (0x15, 0x88): extended_memory,
    (0x15, 0x90): device_busy,
    (0x15, 0x91): device_busy,
    (0x15, 0xC0): configuration,
    (0x15, 0xC1): ebda,
    (0x15, 0xC2): keyboard.mouse,
    (0x16, 0x00): keyboard.key_wait,
    (0x16, 0x01): keyboard.key_peek,
    (0x16, 0x02): keyboard.key_shift,
    (0x16, 0x05): keyboard.key_store,
    (0x16, 0x09): keyboard.key_functions,
    (0x16, 0x0A): keyboard.key_id,
    (0x16, 0x10): keyboard.key_wait,
    (0x16, 0x11): keyboard.key_peek,
    (0x16, 0x12): keyboard.key_shift_enhanced,
    (0x16, 0x92): keyboard.key_enhanced,
    (0x16, 0xA2): keyboard.key_no_more,
    (0x1A, 0x00): clock.clock_get,
    (0x1A, 0x01): clock.clock_set,
    (0x1A, 0x02): clock.rtc_time,
    (0x1A, 0x03): clock.rtc_set,
    (0x1A, 0x04): clock.rtc_date,
    (0x1A, 0x05): clock.rtc_set,
    (0x1A, 0x06): clock.rtc_alarm,
    (0x1A, 0x07): clock.rtc_set,
}
BY_AX: dict[tuple[int, int], Service] = {
    (0x15, 0xE801): extended_memory_e801,
    (0x15, 0xE820): memory_map,
    (0x16, 0x6F08): keyboard.key_122,
    (0x1A, 0xB101): pcibios.pci_present,
    (0x1A, 0xB102): pcibios.pci_find_device,
    (0x1A, 0xB103): pcibios.pci_find_class,
    **{(0x1A, 0xB108 + i): pcibios.pci_read for i in range(3)},
    **{(0x1A, 0xB10B + i): pcibios.pci_write for i in range(3)},
    (0x1A, 0xB10E): pcibios.pci_routing,
    (0x1A, 0xBB00): no_tpm,
}
WHOLE: dict[int, Service] = {
    0x11: equipment,
    0x12: memory_size,
    0x13: disk.disk,
    0x14: no_port,
    0x17: no_port,
    0x18: boot,
    0x19: boot,
    0x40: disk.disk,
}
"""Interrupts with one answer for every leaf."""


def find(c: Context, vector: int, ax: int) -> Service | None:
    """The service for ``vector`` with ``ax``; None: nobody knows it."""
    if vector == 0x15 and ax in INTEL and c.intel_vga:
        return intel_display
    return BY_AX.get((vector, ax)) or BY_AH.get((vector, ax >> 8)) or WHOLE.get(vector)
