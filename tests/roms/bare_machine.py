"""The least machine our ROM runs on: plain Unicorn, written apart from fwsim, so that the two can disagree.

One display device at 00:02.0, a host bridge, an LPC bridge; the I/O BAR pair with a handful of status bits; VGA ports
as plain storage, A0000h with the planes' write modes or paged over a frame, B8000h as memory. Time is counted in port
accesses.
"""

import struct
from pathlib import Path

import unicorn
from unicorn import x86_const as x86

ROM = (Path(__file__).resolve().parents[2] / "roms" / "igd-vbios.rom").read_bytes()

RETURN = 0x7000  # where a HLT catches the far return or IRET
STACK = 0x6FF0
IOBAR = 0xF000
REGISTERS = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip")


def reg(name):
    return getattr(x86, f"UC_X86_REG_{name.upper()}")


def sound_edid():
    edid = bytearray(128)
    edid[:8] = b"\x00\xff\xff\xff\xff\xff\xff\x00"
    edid[18:20] = b"\x01\x03"
    edid[127] = -sum(edid) & 0xFF
    return bytes(edid)


class StoppedError(Exception):
    """The code did not come back: ``args`` are CS and IP."""


class BareMachine:
    def __init__(
        self, rom=ROM, device=0x0126, ggc=0x0209, bdsm=0xDBA00000, lpc=0x1C4F, pmbase=0x401, edid=None, **options
    ):
        self.config = {
            (0x10, 0x02): device,
            (0x10, 0x20): options.get("iobar", IOBAR | 1),
            (0x10, 0x5E): bdsm >> 16,
            (0x10, 0x1A): 0xD000,
            (0x00, 0x50): ggc,
            (0xF8, 0x02): lpc,
            (0xF8, 0x40): pmbase,
            (0xFA, 0x40): pmbase,
        }
        self.crt = options.get("crt", True)
        self.pin = options.get("pin", 2)
        self.edid = edid
        self.pm_timer = (pmbase & 0xFF80) + 8 if pmbase & 0xFF80 not in (0, 0xFF80) else None
        self.ticks = self.address = self.index = self.edid_at = 0
        self.registers, self.written, self.gtt, self.config_reads = {}, [], [], []
        self.banks, self.bank_index, self.dac, self.strange = {}, {}, [], set()
        self.planes, self.latches, self.frame = [bytearray(65536) for _ in range(4)], [0] * 4, {}
        self.blocks = 0
        uc = self.uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
        uc.mem_map(0, 0xA0000)
        uc.mmio_map(0xA0000, 0x10000, self._window_read, None, self._window_write, None)
        uc.mem_map(0xB0000, 0x150000)
        uc.mem_write(0xC0000, rom)
        uc.mem_write(0x40, struct.pack("<HH", 0xF065, 0xF000))
        uc.mem_write(0xFF065, b"\xcf")
        uc.mem_write(RETURN, b"\xf4")
        uc.hook_add(unicorn.UC_HOOK_INSN, self._in, None, 1, 0, x86.UC_X86_INS_IN)
        uc.hook_add(unicorn.UC_HOOK_INSN, self._out, None, 1, 0, x86.UC_X86_INS_OUT)
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._block)

    # --- running ---

    def post(self):
        return self._call(0xC000, 3, b"", eax=0x10, ebx=0xFFFF, edx=0xFFFF)

    def int10(self, ax, **registers):
        offset, segment = struct.unpack("<HH", self.uc.mem_read(0x40, 4))
        return self._call(segment, offset, struct.pack("<H", 0x202), eax=ax, **registers)

    def _call(self, segment, offset, flags, **registers):
        uc = self.uc
        uc.reg_write(x86.UC_X86_REG_CR0, 0x60000010)
        for name in ("ds", "es", "ss", "fs", "gs"):
            uc.reg_write(reg(name), registers.get(name, 0))
        frame = struct.pack("<HH", RETURN, 0) + flags
        uc.mem_write(STACK, frame)
        for name in REGISTERS[:7]:
            uc.reg_write(reg(name), registers.get(name, 0))
        uc.reg_write(x86.UC_X86_REG_ESP, STACK)
        uc.reg_write(x86.UC_X86_REG_EFLAGS, 0x202)
        uc.reg_write(x86.UC_X86_REG_CS, segment)
        self.blocks = 0
        uc.emu_start(offset, 0xFFFFFFFF)
        after = {name: uc.reg_read(reg(name)) for name in REGISTERS}
        if uc.reg_read(x86.UC_X86_REG_CS) or after["esp"] != STACK + len(frame):
            raise StoppedError(uc.reg_read(x86.UC_X86_REG_CS), after["eip"])
        return after

    def _block(self, uc, address, size, data):
        self.blocks += 1
        if self.blocks > 3_000_000:
            uc.emu_stop()

    # --- reading what is there ---

    def memory(self, address, size):
        return bytes(self.uc.mem_read(address, size))

    def shadow(self):
        return self.memory(0xC0000, 0x10000)

    def text(self, row):
        return self.memory(0xB8000 + 160 * row, 160)[::2].decode("cp437").rstrip()

    def pixel(self, x, y):
        at, bit = y * 80 + x // 8, 7 - x % 8
        return sum((self.planes[plane][at] >> bit & 1) << plane for plane in range(4))

    # --- ports ---

    def _in(self, uc, port, size, data):
        self.ticks += 1
        if 0xCFC <= port <= 0xCFF:
            where = (self.address >> 8 & 0xFFFF, (self.address & 0xFC) + port - 0xCFC)
            self.config_reads.append(where)
            return self.config.get(where, 0xFFFF) & ((1 << 8 * size) - 1)
        if port == IOBAR + 4:
            return self._status(self.index)
        if self.pm_timer and port == self.pm_timer:
            return self.ticks * 4
        if port == 0x61:
            return (self.ticks >> 3 & 1) << 4
        if port in (0x3CF, 0x3C5, 0x3D5):
            return self.banks.get((port - 1, self.bank_index.get(port - 1, 0)), 0)
        if port != 0x3DA:
            self.strange.add(("in", port, size))
        return 0

    def _out(self, uc, port, size, value, data):
        self.ticks += 1
        if port == 0xCF8:
            self.address = value
        elif port == IOBAR:
            self.index = value
        elif port == IOBAR + 4:
            if self.index & 1:
                self.gtt.append((self.index, value))
            else:
                self.registers[self.index] = value
                self.written.append((self.index, value))
                if self.index == 0xC5104:
                    self.edid_at = 0
        elif port in (0x3CE, 0x3C4, 0x3D4):
            self.bank_index[port] = value & 0xFF
            if size == 2:
                self.banks[port, value & 0xFF] = value >> 8
        elif port in (0x3CF, 0x3C5, 0x3D5):
            self.banks[port - 1, self.bank_index.get(port - 1, 0)] = value
        elif port == 0x3C8:
            self.dac = []
        elif port == 0x3C9:
            self.dac.append(value)
        elif port not in (0x3C0, 0x3C2, 0x3C6):
            self.strange.add(("out", port, size))

    def _status(self, offset):
        value = self.registers.get(offset, 0)
        if offset == 0xE1100:  # the forced detection is over at once
            return value & ~0x10000 | 0x3000000 * self.crt
        if offset in (0x70008, 0xF0008):  # state follows enable
            return value & ~(1 << 30) | value >> 1 & 1 << 30
        if offset == 0xF0014:
            return 0x700 if self.registers.get(0x60100, 0) & self.registers.get(0xF000C, 0) >> 31 << 31 else 0
        if offset == 0x45400:
            return value | value >> 1 & 0x55555555
        if offset == 0xC5108:
            return 0x800 if self.edid and self.registers[0xC5100] & 7 == self.pin else 0x400
        if offset == 0xC510C:
            self.edid_at += 4
            return struct.unpack_from("<I", self.edid, self.edid_at - 4)[0]
        return value

    # --- the A0000h window ---

    def _graphics(self, index):
        return self.banks.get((0x3CE, index), 0)

    def _window_read(self, uc, offset, size, data):
        self.latches = [plane[offset + size - 1] for plane in self.planes]
        plane = self.planes[self._graphics(4) & 3]
        return int.from_bytes(plane[offset : offset + size], "little")

    def _window_write(self, uc, offset, size, value, data):
        if self._graphics(0x10) & 1:
            page = self._graphics(0x11)
            self.frame[page] = self.frame.get(page, 0) + size
            return
        for at in range(offset, offset + size):
            self._plane_write(at, value >> 8 * (at - offset) & 0xFF)

    def _plane_write(self, at, byte):
        mode, mask = self._graphics(5) & 3, self._graphics(8)
        for plane in range(4):
            if not self.banks.get((0x3C4, 2), 15) >> plane & 1:
                continue
            latch, source = self.latches[plane], byte
            if mode == 1:
                self.planes[plane][at] = latch
                continue
            if mode == 2:
                source = 0xFF * (byte >> plane & 1)
            elif self._graphics(1) >> plane & 1:
                source = 0xFF * (self._graphics(0) >> plane & 1)
            if self._graphics(3) & 0x18 == 0x18:
                source ^= latch
            self.planes[plane][at] = source & mask | latch & ~mask & 0xFF
