"""What a slice asks of an instruction set: what a recorded step is, what it wrote, and where that comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwsim.analysis import flow, flow_arm, reads
from fwsim.analysis.step import FLAGS, MEMORY, PLACES, Access, Code, Demand, Flow, Step
from fwsim.cpu.arm import GENERAL
from fwsim.cpu.engine import LONG_STEP_REGISTERS, STEP_REGISTERS
from fwsim.cpu.steps import LONG
from fwsim.cpu.steps import Steps as Recorded
from fwsim.disasm.a64 import A64, decode_a64
from fwsim.disasm.operands import Decoded, decode
from fwsim.trace.event import Space

AnyStep = Step[Any]
_HLT = b"\xf4"
_SEGMENTS = {name: STEP_REGISTERS.index(name) for name in ("cs", "ds", "es", "ss")}


class Isa(ABC):
    """One instruction set; a step's ``row`` is its instruction as the CPU's recorder kept it (a KIND)."""

    arch: str
    flags: int
    """The mask of all flags."""
    places: int
    """Locations that are no memory."""
    general: int
    """The general registers: of what is recorded of a step, the first."""
    pointer: int
    """The bits of a register that make an address."""
    inputs: tuple[Space, ...]
    """The spaces whose reads are inputs of code."""

    @abstractmethod
    def decoded(self, row: np.void) -> Code | None:
        """The instruction of a step; None for what is none (or lies where no code is kept)."""

    @abstractmethod
    def masks(self, code: Any, row: np.void) -> list[int]:
        """The bits of each location, but for memory, that it writes."""

    @abstractmethod
    def step(
        self, code: Any, row: np.void, state: list[int], after: list[int], writes: list[Access], moves: list[Any]
    ) -> AnyStep:
        """The step, with what it read in memory. ``state``: all that was recorded before it; ``after``: the general
        registers behind it.
        """

    @abstractmethod
    def where(self, row: np.void) -> tuple[int, int, int]:
        """CS (0 in flat code), IP, and the code's width in bits."""

    @abstractmethod
    def raw(self, row: np.void) -> bytes:
        """The instruction's bytes."""

    @abstractmethod
    def is_service(self, row: np.void) -> bool:
        """Whether the step is a service that is answered outside of the code."""

    @abstractmethod
    def of_register(self, step: AnyStep, number: int, mask: int) -> Flow:
        """Where bits of a register come from, or of the flags."""

    @abstractmethod
    def of_memory(self, step: AnyStep, ordinal: int, mask: int) -> Flow:
        """Where bits of what it wrote in memory come from."""

    @abstractmethod
    def of_output(self, step: AnyStep, mask: int, past: int, seq: int) -> Flow:
        """Where bits ``mask`` of what it gave to a device, event ``seq``, come from.

        ``past``: bytes behind the first event of the same step.
        """

    @abstractmethod
    def of_inputs(self, step: AnyStep, flow: Flow, mask: int, events: NDArray[np.void]) -> list[tuple[int, int]]:
        """Which of a step's reads ``events`` have a part in ``flow``, with the bits of each; ``mask`` is made of it."""

    def undone(self, code: Any, address: int, following: int) -> bool:
        """Whether the step at ``address`` ended in an exception that kept it from being done; ``following``: the next
        step's address.
        """
        return False

    @abstractmethod
    def of_address(self, step: AnyStep) -> list[Demand]:
        """What the address of its access, or of its branch, is made of."""

    @abstractmethod
    def jump(self, code: Any, address: int) -> tuple[int, list[Demand]] | None:
        """Where a conditional jump goes, and what it looks at; None for another instruction."""


class X86(Isa):
    """Real, protected and long mode."""

    arch = "x86"
    flags = 1
    places = FLAGS + 1
    pointer = 0xFFFFFFFF
    inputs = (Space.PORT, Space.PCI, Space.MMIO, Space.GTT)

    def __init__(self, long: bool) -> None:
        self.general = LONG_STEP_REGISTERS.index("eflags") if long else STEP_REGISTERS.index("eflags")

    def decoded(self, row: np.void) -> Decoded | None:
        """By the mode, or in the other width where that alone has the length that was executed."""
        code, size, address = bytes(row["code"]), int(row["size"]), int(row["address"])
        widths = {LONG: (64, 64), 2: (32, 16)}.get(int(row["protected"]), (16, 32))
        usual = decode(code, address, widths[0])
        other = decode(code, address, widths[1]) if usual is None or usual.size != size else None
        return other if other is not None and other.size == size else usual

    def masks(self, code: Decoded, row: np.void) -> list[int]:
        """As ``Isa``."""
        return flow.written_masks(code, row["protected"] == LONG)

    def step(
        self, code: Decoded, row: np.void, state: list[int], after: list[int], writes: list[Access], moves: list[Any]
    ) -> AnyStep:
        """As ``Isa``. Segment bases are those of real mode; in protected mode memory is taken to be flat."""
        segments = dict.fromkeys(_SEGMENTS, 0)
        if not row["protected"]:
            segments = {name: state[at] & 0xFFFF for name, at in _SEGMENTS.items()}
        regs = state[: self.general]
        address = int(row["address"])
        following = address + code.size if row["protected"] == LONG else None
        read = reads.reads_of(code, regs, segments, writes, after, following)
        if moves:  # a service's stores have no values here: what was read there afterwards says them
            writes = [Access(each.address, each.size, None) for each in writes]
        return Step(code, address, regs, read, writes, bytes(row["code"]), moves)

    def where(self, row: np.void) -> tuple[int, int, int]:
        """As ``Isa``."""
        linear, cs = int(row["address"]), int(row["cs"])
        ip = linear if row["protected"] else linear - (cs << 4) & 0xFFFFFFFF
        return cs, ip, (16, 16, 32, 64)[int(row["protected"])]

    def raw(self, row: np.void) -> bytes:
        """As ``Isa``."""
        return bytes(row["code"])[: int(row["size"])]

    def is_service(self, row: np.void) -> bool:
        """The HLT at a UEFI service's entry."""
        return bool(row["protected"] == LONG) and self.raw(row)[:1] == _HLT

    def of_register(self, step: AnyStep, number: int, mask: int) -> Flow:
        """As ``Isa``."""
        return flow.of_flags(step) if number == FLAGS else flow.of_register(step, number, mask)

    def of_memory(self, step: AnyStep, ordinal: int, mask: int) -> Flow:
        """As ``Isa``."""
        return flow.of_memory(step, ordinal, mask)

    def of_output(self, step: AnyStep, mask: int, past: int, seq: int) -> Flow:
        """As ``Isa``: a store that is wider than the device's registers is several events."""
        known = step.move_of(seq) is not None or (step.writes and 0 < past < step.writes[0].size)
        return flow.of_output(step, mask << 8 * past if known else mask, seq)

    def of_inputs(self, step: AnyStep, flow: Flow, mask: int, events: NDArray[np.void]) -> list[tuple[int, int]]:
        """One, or more where it read what is wider than the device's registers."""
        size = step.reads[0].size if step.reads else 0
        first = events[(events["space"] == events["space"][-1]) & (events["address"] + size > events["address"][-1])]
        if len(first) < 2 or int(first["width"].sum()) != size:
            return [(int(events["seq"][-1]), mask)]
        places = [place - MEMORY - step.reads[0].address for place, _ in flow.demands if place >= MEMORY]
        found = []
        for each in first:
            at, width = int(each["address"]) - int(first["address"][0]), int(each["width"])
            if any(at <= place < at + width for place in places):
                found.append((int(each["seq"]), mask >> 8 * at & (1 << 8 * width) - 1 or mask))
        return found or [(int(events["seq"][-1]), mask)]

    def of_address(self, step: AnyStep) -> list[Demand]:
        """As ``Isa``: the registers of its memory operands."""
        named = [name for operand in step.code.operands for name in operand.registers if name in reads.REGISTERS]
        return [(reads.REGISTERS[name][0], self.pointer) for name in named]

    def jump(self, code: Decoded, address: int) -> tuple[int, list[Demand]] | None:
        """As ``Isa``."""
        if not code.relative or not code.name.startswith("j") or code.name == "jmp":
            return None
        near = (address & ~0xFFFF) + (code.operands[0].value & 0xFFFF) if code.operands else address + code.size
        return near, [(FLAGS, 1)]


class Arm(Isa):
    """AArch64 with the MMU off: addresses are the guest's physical ones."""

    arch = "arm64"
    flags = flow_arm.NZCV
    places = PLACES
    general = len(GENERAL)
    pointer = flow_arm.ALL
    inputs = (Space.PCI, Space.MMIO, Space.MEMORY)

    def decoded(self, row: np.void) -> A64 | None:
        """As ``Isa``: no instruction is all zeros (UDF)."""
        word = int.from_bytes(self.raw(row), "little")
        return decode_a64(word, int(row["address"])) if word else None

    def masks(self, code: A64, row: np.void) -> list[int]:
        """As ``Isa``."""
        return flow_arm.written_masks(code)

    def step(
        self, code: A64, row: np.void, state: list[int], after: list[int], writes: list[Access], moves: list[Any]
    ) -> AnyStep:
        """As ``Isa``."""
        regs = state[: self.general]
        read = flow_arm.reads_of(code, regs, after)
        return Step(code, int(row["address"]), regs, read, writes, self.raw(row), moves, state[self.general])

    def where(self, row: np.void) -> tuple[int, int, int]:
        """As ``Isa``."""
        return 0, int(row["address"]), 64

    def raw(self, row: np.void) -> bytes:
        """As ``Isa``."""
        return bytes(row["code"])[:4]

    def is_service(self, row: np.void) -> bool:
        """As ``Isa``: what a hypervisor call answers is found as a register that changed."""
        return False

    def of_register(self, step: AnyStep, number: int, mask: int) -> Flow:
        """As ``Isa``."""
        return flow_arm.of_flags(step, mask) if number == FLAGS else flow_arm.of_register(step, number, mask)

    def of_memory(self, step: AnyStep, ordinal: int, mask: int) -> Flow:
        """As ``Isa``."""
        return flow_arm.of_memory(step, ordinal, mask)

    def of_output(self, step: AnyStep, mask: int, past: int, seq: int) -> Flow:
        """As ``Isa``."""
        return flow_arm.of_output(step, mask, past)

    def of_inputs(self, step: AnyStep, flow: Flow, mask: int, events: NDArray[np.void]) -> list[tuple[int, int]]:
        """As ``Isa``: a pair that is loaded is two reads, and bytes that are demanded say which bits of each."""
        found = []
        begin = step.reads[0].address if step.reads else 0
        at = 0
        for each in events:
            width = int(each["width"])
            inside = ((place - MEMORY - begin - at, bits) for place, bits in flow.demands if place >= MEMORY)
            part = sum(bits << 8 * byte for byte, bits in inside if 0 <= byte < width)
            if part:
                found.append((int(each["seq"]), part))
            at += width
        return found

    def undone(self, code: A64, address: int, following: int) -> bool:
        """As ``Isa``: an access behind which the next instruction does not come ended in a data abort."""
        return code.memory is not None and following != address + code.size

    def of_address(self, step: AnyStep) -> list[Demand]:
        """As ``Isa``."""
        return flow_arm.of_address(step.code)

    def jump(self, code: A64, address: int) -> tuple[int, list[Demand]] | None:
        """As ``Isa``."""
        looked = flow_arm.condition(code)
        return (code.target, looked) if looked else None


def isa_of(steps: Recorded) -> Isa:
    """The instruction set whose steps these are."""
    return Arm() if steps.arch == "arm64" else X86(steps.registers == LONG_STEP_REGISTERS)
