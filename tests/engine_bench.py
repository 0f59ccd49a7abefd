"""An engine with storing ports and a recorder, and no machine around it."""

import numpy as np

from fwsim.cpu.engine import Engine, Hooks
from fwsim.machine import callbacks as hot
from fwsim.memory.ram import Ram
from fwsim.native import (
    IPS_SLOTS,
    IPS_WORDS,
    NOVEL_SLOTS,
    PORT_STORE,
    R_CODE_LIMIT,
    R_CODE_NEXT,
    R_EV_LIMIT,
    R_IDLE_LIMIT,
    R_IPS,
    R_IRQ_TIME,
    R_LATCH,
    R_NOVEL,
    R_PORTS,
    R_STALE_LIMIT,
    R_STEP,
    R_TIME_LIMIT,
    R_WAIT_LIMIT,
    ROOT_WORDS,
    address_of,
)
from fwsim.trace.recorder import Recorder

MIB = 1 << 20


class Bench:
    """An engine with 4 MiB of RAM, storing ports and a recorder: no machine around it."""

    def __init__(self, mode: str = "real") -> None:
        self.root = np.zeros(ROOT_WORDS, np.uint64)
        never = (1 << 64) - 1
        for word in (R_TIME_LIMIT, R_CODE_LIMIT, R_EV_LIMIT, R_IRQ_TIME, R_CODE_NEXT, R_WAIT_LIMIT, R_STALE_LIMIT):
            self.root[word] = never
        self.root[R_IDLE_LIMIT] = 1 << 40
        self.root[R_STEP] = 1000
        self.ports = np.full(65536, PORT_STORE, np.uint8)
        self.latch = np.zeros(65536, np.uint8)
        self.novel = np.zeros(NOVEL_SLOTS, np.uint64)
        self.ips = np.zeros(IPS_SLOTS * IPS_WORDS, np.uint64)
        self.root[R_IPS] = address_of(self.ips)
        for word, array in ((R_PORTS, self.ports), (R_LATCH, self.latch), (R_NOVEL, self.novel)):
            self.root[word] = address_of(array)
        self.recorder = Recorder(self.root, None)
        self.traps: list[int] = []
        self.engine = Engine(self.root, lambda kind, a, b, c: self.traps.append(kind) or 0, mode)
        self.engine.install(
            Hooks(
                hot.port_in.address, hot.port_out.address, hot.interrupt.address, hot.block.address, hot.rdtsc.address,
                hot.dropped.address,
            )
        )  # fmt: skip
        self.ram = Ram(4 * MIB)
        self.engine.map_ram(0, self.ram, 0, self.ram.size)

    def start(self, code: str, at: int = 0x1000) -> int:
        self.ram.write(at, bytes.fromhex(code))
        self.engine.flush_code()
        self.engine.set("rip" if self.engine.mode == "long" else "eip", at)
        return self.engine.run()

    def events(self):
        return self.recorder.read(0, self.recorder.count)
