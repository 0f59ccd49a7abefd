"""An IGD without a machine: registers read and written through its native code, at a time of one's own."""

import numpy as np
from native_code import load

from fwsim.devices.igd.access import is_clock, mmio_read, mmio_write
from fwsim.devices.igd.device import Igd
from fwsim.native import R_IGD, R_TIME, ROOT_WORDS, address_of, callback, u64s
from fwsim.registers.families import family


@callback("u64(u64, u64)")
def _read(root, offset):
    return mmio_read(root, offset)


@callback("void(u64, u64, u64)")
def _write(root, offset, value):
    mmio_write(root, offset, value)


@callback("bool(u64, u64)")
def _is_clock(root, offset):
    return is_clock(u64s(u64s(root)[R_IGD]), offset)


load(_read, _write, _is_clock)


class Rig:
    """``cpu`` with displays on ``ports``; ``edid`` and ``link`` are every one's."""

    def __init__(self, cpu, *ports, edid=bytes(range(128)), without=(), link=None):
        row = family(cpu)
        links = dict.fromkeys(ports, link) if link else {}
        self.igd = Igd(row, dict.fromkeys(ports, edid), row.gtt_size, frozenset(without), links=links)
        self.words = np.zeros(ROOT_WORDS, np.uint64)
        self.words[R_IGD] = address_of(self.igd.block)
        self.root = address_of(self.words)

    def __getitem__(self, offset):
        return _read(self.root, offset)

    def __setitem__(self, offset, value):
        _write(self.root, offset, value)

    def wait(self, microseconds):
        self.words[R_TIME] += np.uint64(1000 * microseconds)

    def is_clock(self, offset):
        return _is_clock(self.root, offset)
