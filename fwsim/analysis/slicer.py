"""A slice of one machine's recorded steps holds all that a value depends on, window by window backwards."""

from __future__ import annotations

from fwsim.analysis.nodes import Node, Slice
from fwsim.analysis.scan import Steps
from fwsim.analysis.step import FLAGS, MEMORY, Flow
from fwsim.analysis.windows import Windows
from fwsim.analysis.work import Work


class Slicer(Windows):
    """Slices one machine's steps, window by window backwards."""

    def of_event(self, seq: int, mask: int = 0xFFFFFFFF) -> Slice | None:
        """The value that event ``seq`` gave to a device; None where no code of the guest made it."""
        at = self.find(seq)
        if at is None:
            return None
        steps, index = at
        step = steps.step(index)
        if step is None:
            return None
        work = Work(self, steps, index)
        return work.run(work.given("event", index, step, seq, mask).key)

    def of_read(self, seq: int) -> Slice | None:
        """What event ``seq``, a read, gave: the device's own, or what code had stored there."""
        at = self.find(seq)
        if at is None:
            return None
        steps, index = at
        work = Work(self, steps, index)
        node = work.read(index, seq, (1 << 8 * int(self.events[seq - 1]["width"])) - 1)
        return work.run(node.key)

    def of_bytes(self, address: int, size: int) -> Slice:
        """What lies at ``address`` at the end of the window."""
        steps = self.last
        work = Work(self, steps, len(steps))
        top = Node(-1 << 62, "memory", "held", place=address, size=size, mask=(1 << 8 * size) - 1)
        work.slice.nodes[top.key] = top
        work.want(top.key, [(MEMORY + address + at, 0xFF) for at in range(size)], set())
        return work.run(top.key)

    def of_flags(self, steps: Steps, index: int) -> Slice:
        """What a conditional jump, step ``index`` of the window ``steps``, looked at: the flags, or a register."""
        work = Work(self, steps, index, follow=False)
        cs, ip, _ = steps.isa.where(steps.code(index))
        top = Node(steps.first + index, "jump", "jumped", cs, ip)
        work.slice.nodes[top.key] = top
        jump = steps.jump(index)
        work.want(top.key, jump[1] if jump else [(FLAGS, steps.isa.flags)], set())
        return work.run(top.key)

    def of_address(self, seq: int) -> Slice | None:
        """The address of the access, or branch, that ended in event ``seq``, an exception."""
        at = self.find(seq)
        if at is None:
            return None
        steps, index = at
        step = steps.step(index)
        work = Work(self, steps, index)
        flow = Flow("accessed", steps.isa.of_address(step) if step is not None else [])
        node = work.node(index, "event", flow, int(self.events[seq - 1]["value"]), steps.isa.pointer)
        node.event = seq
        return work.run(node.key)

    def of_register(self, seq: int, number: int, mask: int) -> Slice | None:
        """Bits of a register at the instruction of event ``seq``."""
        at = self.find(seq)
        if at is None:
            return None
        steps, index = at
        work = Work(self, steps, index)
        node = work.node(index, "event", Flow("read", [(number, mask)]), steps.regs(index)[number], mask)
        node.event = seq
        return work.run(node.key)
