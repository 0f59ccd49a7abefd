"""A slice is worked out backwards: the latest step that writes what is live becomes a node, and what it read becomes
live.

The live set maps each location to who wants which bits of it. What is left when no step writes it any more is a *root*:
an input, an answer, a byte that lay in memory before.
"""

from __future__ import annotations

import heapq

import numpy as np

from fwsim.analysis.isa import AnyStep
from fwsim.analysis.nodes import Node, Slice
from fwsim.analysis.scan import Steps
from fwsim.analysis.step import MEMORY, Access, Demand, Flow
from fwsim.analysis.stored import CODE, stored_by
from fwsim.analysis.windows import Windows
from fwsim.trace.event import Actor, Op, Space

BRANCH_REACH = 64
"""Steps, and bytes, over which a conditional jump is taken to decide."""
NODES = 200_000
"""Nodes after which a slice is given up: what then still is live is a root."""
_MORE = -1 << 61
"""Minus an event's number: the key of one more read that a step made."""


class Work:
    """One slice in the making."""

    def __init__(self, windows: Windows, steps: Steps, at: int, follow: bool = True) -> None:
        self.follow = follow
        self.windows = windows
        self.steps = steps
        self.at = at
        self.slice = Slice()
        self.live: dict[int, dict[int, int]] = {}
        self.expect: dict[int, int] = {}
        self.loads: list[tuple[int, list[int]]] = []
        self._pending: list[tuple[int, int]] = []
        self._own: set[tuple[int, int]] = set()
        """(node, place) where the place is a byte of the node's own instruction."""

    def node(self, index: int, kind: str, flow: Flow, value: int, mask: int) -> Node:
        """The node of step ``index`` of the current window; its sources become live."""
        key = self.steps.first + index
        found = self.slice.nodes.get(key)
        if found is None:
            cs, ip, bits = self._where(index)
            found = Node(key, kind, flow.how, cs, ip, value, mask, code=self._code(index), bits=bits,
                         arch=self.steps.isa.arch, service=self._service(index), constant=flow.constant)  # fmt: skip
            self.slice.nodes[key] = found
        found.mask |= mask
        if flow.address:
            self.loads.append((key, flow.address))
        step = self.steps.step(index)
        self.want(key, flow.demands, set(), step)
        return found

    def _code(self, index: int) -> bytes:
        if self._call(index) is not None:  # its HLT is ours
            return b""
        return self.steps.isa.raw(self.steps.code(index))

    def _service(self, index: int) -> int:
        """The number of the service that a step of UEFI's is; 0 for code."""
        call = self._call(index)
        return 0 if call is None else int(call["address"])

    def _call(self, index: int) -> np.void | None:
        """The event that says which service it was: the last of its step's."""
        if not self.steps.isa.is_service(self.steps.code(index)):
            return None
        low, high = self._seqs(index)
        events = self.windows.inputs_between(low, high)
        calls = events[(events["space"] == Space.EFI) & (events["op"] == Op.CALL)]
        return calls[-1] if len(calls) else None

    def _where(self, index: int) -> tuple[int, int, int]:
        """CS and IP of the instruction, or of where a service was called from; and the code's width in bits."""
        cs, ip, bits = self.steps.isa.where(self.steps.code(index))
        call = self._call(index)
        return cs, ip if call is None else int(call["ip"]), bits

    def want(self, key: int, demands: list[Demand], seen: set[int], step: AnyStep | None = None) -> None:
        """Make ``demands`` live for node ``key``; what a memory byte read as is what a write must have left there."""
        for place, mask in demands:
            wanted = self.live.setdefault(place, {})
            wanted[key] = wanted.get(key, 0) | mask
            if place >= MEMORY and step is not None:
                value = _byte_read(step, place - MEMORY)
                if value is not None:
                    self.expect[place] = value
                if 0 <= place - MEMORY - step.address < step.code.size:
                    self._own.add((key, place))

    def run(self, top: int) -> Slice:
        """Go back until nothing is live any more."""
        self.slice.top = top
        while (self.live or self._pending) and len(self.slice.nodes) < NODES:
            registers = [0] * self.steps.isa.places
            wanted = []
            for place, users in self.live.items():
                if place < MEMORY:
                    for mask in users.values():
                        registers[place] |= mask
                else:
                    wanted.append(place - MEMORY)
            found = self.steps.previous(self.at, registers, wanted) if self.live else -1
            waiting = -self._pending[0][0] - self.steps.first if self._pending else -1
            index = max(found, waiting)
            if index < 0:
                earlier = self.windows.earlier(self.steps)
                if earlier is None:
                    break
                self.steps, self.at = earlier, len(earlier)
                continue
            self.at = index
            if waiting == index:
                self._stored(heapq.heappop(self._pending)[1])
            if found == index:
                self._defined(index)
        self.slice.complete = not self.live or self.steps.first == 0
        self._roots()
        if self.follow:
            self._choices()
        return self.slice

    # --- what chose ---------------------------------------------------------------------------------------------------
    def _choices(self) -> None:
        """Where a table's bytes are constants, the value lies in which of them was read; where all is constant, in
        which way the code went. Such a choice is followed, and kept when an input made it.
        """
        for key, registers in self.loads:
            node = self.slice.nodes[key]
            below = [self.slice.nodes[each] for each in node.sources]
            if below and all(each.kind in ("byte", "constant") for each in below):
                self._chosen(node, [(number, self.steps.isa.pointer) for number in registers])
        if self.slice.reaches_outside:
            return
        branches = self.windows.branches
        for node in [each for each in self.slice.nodes.values() if each.kind == "code"]:
            if node.key not in branches:
                branches[node.key] = self._branch(node.key)
            branch = branches[node.key]
            if branch is not None:
                self._chosen(node, branch[1], branch[0])

    def _chosen(self, node: Node, demands: list[Demand], at: int | None = None) -> None:
        asked = node.key, at, tuple(demands)
        found = self.windows.choices.get(asked)
        if found is None:  # tables behind tables ask the same again and again
            steps, index = self.windows.place_of(node.key if at is None else at)
            work = Work(self.windows, steps, index, follow=at is None)
            made = Node(node.key, "code", "", node.cs, node.ip)
            work.slice.nodes[made.key] = made
            work.want(made.key, demands, set())
            found = self.windows.choices[asked] = work.run(made.key)
        if not found.reaches_outside:
            return
        node.chosen |= found.nodes[node.key].sources
        for key, each in found.nodes.items():
            if key != node.key:
                self.slice.nodes.setdefault(key, each)

    def _branch(self, key: int) -> tuple[int, list[Demand]] | None:
        """The conditional jump that led to step ``key``: one that did not jump over it, or jumped to its block; and
        what it looked at.
        """
        steps, index = self.windows.place_of(key)
        here = steps.address(index)
        for at in range(index - 1, max(-1, index - 1 - BRANCH_REACH), -1):
            jump = steps.jump(at)
            if jump is None:
                continue
            code = steps.decoded(at)
            assert code is not None
            goal, looked = jump
            start = steps.address(at)
            jumped = steps.address(at + 1) != start + code.size
            over = not jumped and start < here < goal
            into = jumped and goal <= here < goal + BRANCH_REACH
            if over or into:
                return steps.first + at, looked
        return None

    # --- one step ---------------------------------------------------------------------------------------------------
    def _defined(self, index: int) -> None:
        if self.steps.undone(index):
            return
        step = self.steps.step(index)
        before, after = self.steps.regs(index), self.steps.after(index)
        masks = self.steps.masks(index)
        for number in range(self.steps.isa.places):
            users = self.live.get(number)
            if not users:
                continue
            static = masks[number]
            changed = (before[number] ^ after[number]) & ~static if number < len(before) else 0
            if changed and any(mask & changed for mask in users.values()):
                self._answered(index, number, changed)
            if static and self.steps.isa.is_service(self.steps.code(index)):
                self._answered(index, number, static)
            elif static and step is not None and any(mask & static for mask in users.values()):
                self._register(index, step, number, static)
        if step is not None:
            for ordinal, write in enumerate(step.writes):
                self._written(index, step, ordinal, write)

    def _take(self, place: int, mask: int) -> tuple[int, list[int]]:
        """The live bits of ``place`` within ``mask``, taken out of the live set, and who wanted them."""
        users = self.live[place]
        taken, who = 0, []
        for key, wanted in list(users.items()):
            if not wanted & mask:
                continue
            taken |= wanted & mask
            who.append(key)
            if wanted & ~mask:
                users[key] = wanted & ~mask
            else:
                del users[key]
        if not users:
            del self.live[place]
        return taken, who

    def _link(self, who: list[int], key: int) -> None:
        for each in who:
            if each != key:
                self.slice.nodes[each].sources.add(key)

    def _register(self, index: int, step: AnyStep, number: int, static: int) -> None:
        taken, who = self._take(number, static)
        flow = self.steps.isa.of_register(step, number, taken)
        after = self.steps.after(index)
        value = after[number] if number < len(after) else 0
        inputs = self._inputs(index, step, flow, taken)
        for event, mask in inputs:
            self._link(who, self.read(index, event, mask).key)
        if inputs:
            return
        node = self.node(index, "code", flow, value, taken)
        if flow.outside:
            node.kind = "cpu"
        self._link(who, node.key)

    def _inputs(self, index: int, step: AnyStep, flow: Flow, mask: int) -> list[tuple[int, int]]:
        """The events by which this step read from a device, if it did, with the bits of each that ``mask`` is made of:
        one, or more where it read what is wider than the device's registers.
        """
        low, high = self._seqs(index)
        if low == high or not (flow.outside or step.reads):
            return []
        events = self.windows.inputs_between(low, high)
        spaces = np.isin(events["space"], self.steps.isa.inputs)
        reads = events[(events["op"] == Op.READ) & np.isin(events["actor"], CODE) & spaces]
        return self.steps.isa.of_inputs(step, flow, mask, reads) if len(reads) else []

    def _seqs(self, index: int) -> tuple[int, int]:
        last = self.steps.seq(index + 1) if index + 1 < len(self.steps) else len(self.windows.events)
        return self.steps.seq(index), last

    def read(self, index: int, seq: int, mask: int) -> Node:
        """A node for an input; where the device only gave back what code had stored, it goes on from there."""
        event = self.windows.events[seq - 1]
        key = self.steps.first + index
        if key in self.slice.nodes and self.slice.nodes[key].event not in (0, seq):  # a service reads more than once
            key = _MORE - seq
        node = Node(
            key, "input", "read", int(event["cs"]), int(event["ip"]), int(event["value"]), mask,
            event=seq, code=self._code(index), bits=self._where(index)[2], arch=self.steps.isa.arch,
            service=self._service(index),
        )  # fmt: skip
        node = self.slice.nodes.setdefault(node.key, node)
        node.mask |= mask
        stored = stored_by(self.windows.events, seq, node.mask)
        if stored is not None and not node.sources:
            node.kind = "readback"
            node.selected, node.through = stored
            heapq.heappush(self._pending, (-self._step_of(node.selected), node.key))
        return node

    def _step_of(self, seq: int) -> int:
        steps: Steps | None = self.steps
        while steps is not None:
            index = steps.of_event(seq)
            if index >= 0:
                return steps.first + index
            steps = self.windows.earlier(steps)
        return 0

    def _stored(self, reader: int) -> None:
        """A device register is stored into, whose later read is a node."""
        node = self.slice.nodes[reader]
        step = self.steps.step(self.at)
        if step is None:
            return
        node.sources.add(self.given("store", self.at, step, node.selected, node.mask & node.through).key)

    def given(self, kind: str, index: int, step: AnyStep, seq: int, mask: int) -> Node:
        """The node of the bits ``mask`` of event ``seq``, which ``step`` gave to a device."""
        event = self.windows.events[seq - 1]
        node = self.node(index, kind, self._output(index, step, seq, mask), int(event["value"]), mask)
        node.event = seq
        move = step.move_of(seq)
        if move is not None and move.kind == "event":  # from one place of a device to another
            node.sources.add(self.read(index, move.source, mask).key)
        return node

    def _output(self, index: int, step: AnyStep, seq: int, mask: int) -> Flow:
        """Where the bits ``mask`` of event ``seq``, which ``step`` gave to a device, come from.

        A write that is wider than the device's registers is several events, in ascending order.
        """
        event = self.windows.events[seq - 1]
        low, _ = self._seqs(index)
        move = step.move_of(seq)
        rows = self.windows.events[move.events[0] - 1 if move else low : seq]
        rows = rows[(rows["space"] == event["space"]) & (rows["op"] == Op.WRITE)]
        past = int(event["address"]) - int(rows["address"][0]) if len(rows) else 0
        return self.steps.isa.of_output(step, mask, max(past, 0), seq)

    def _answered(self, index: int, number: int, changed: int) -> None:
        """A register that changed though the instruction does not write it: firmware answered there."""
        taken, who = self._take(number, changed)
        key = self.steps.first + index
        node = self.slice.nodes.get(key)
        if node is None:
            node = self._answer(index, self.steps.after(index)[number], taken)
        self._link(who, node.key)

    def _answer(self, index: int, value: int, mask: int) -> Node:
        """A node for what firmware answered in step ``index``, with the event that tells what it was."""
        low, high = self._seqs(index)
        events = self.windows.inputs_between(low, high)
        cs, ip, bits = self._where(index)
        node = Node(self.steps.first + index, "answer", "answered", cs, ip, value, mask, bits=bits,
                    arch=self.steps.isa.arch, service=self._service(index))  # fmt: skip
        mine = [e for e in events if e["actor"] == Actor.FIRMWARE]
        read = next((e for e in mine if e["space"] == Space.PCI and e["op"] == Op.READ), None)
        back = next((e for e in mine if e["space"] == Space.INTERRUPT and e["op"] == Op.RETURN), None)
        chosen = self._call(index) if node.service else read if read is not None else back
        node.event = int(chosen["seq"]) if chosen is not None else 0
        return self.slice.nodes.setdefault(node.key, node)

    def _written(self, index: int, step: AnyStep, ordinal: int, write: Access) -> None:
        mask, who, found = 0, [], 0
        for at in self._live_within(write):
            place = MEMORY + write.address + at
            left = self.expect.get(place, 0) if write.value is None else write.value >> 8 * at & 0xFF
            if self.expect.get(place, left) != left:
                continue  # the write was dropped, or something that is no code wrote there since
            part, users = self._take(place, 0xFF)
            self.expect.pop(place, None)
            found |= left << 8 * at
            mask |= part << 8 * at
            who += users
        if not mask:
            return
        flow = self.steps.isa.of_memory(step, ordinal, mask)
        if step.moves:
            move = [move for move in step.moves if move.to >= 0][ordinal]
            if move.kind in ("event", "service"):
                made = self.read(index, move.source, mask) if flow.outside else self._answer(index, found, mask)
                self._link(list(dict.fromkeys(who)), made.key)
                return
        node = self.node(index, "code", flow, found if write.value is None else write.value, mask)
        node.place, node.size = write.address, write.size
        self._link(list(dict.fromkeys(who)), node.key)

    def _live_within(self, write: Access) -> list[int]:
        """The bytes of a write that are live, counted from its first; a service's may be megabytes long."""
        if write.size <= len(self.live):
            return [at for at in range(write.size) if MEMORY + write.address + at in self.live]
        first = MEMORY + write.address
        return sorted(place - first for place in self.live if first <= place < first + write.size)

    # --- what is left -----------------------------------------------------------------------------------------------
    def _roots(self) -> None:
        """Bytes that lay in memory from the beginning, joined where they lie side by side; registers as they were."""
        places = sorted(place for place in self.live if place >= MEMORY)
        run: list[int] = []
        for place in [*places, -1]:
            if run and (place != run[-1] + 1 or self.live[place].keys() != self.live[run[0]].keys()):
                self._root(run)
                run = []
            run.append(place)
        for number in [place for place in self.live if place < MEMORY]:
            key = -(number + 1)
            self.slice.nodes[key] = Node(key, "start", "as it was", mask=sum(self.live[number].values()) or 1)
            self._link(list(self.live[number]), key)

    def _root(self, run: list[int]) -> None:
        address = run[0] - MEMORY
        value = sum(self.expect.get(place, 0) << 8 * at for at, place in enumerate(run))
        mask = sum(_union(self.live[place]) << 8 * at for at, place in enumerate(run))
        own = all((key, place) in self._own for place in run for key in self.live[place])
        kind = "constant" if own else "byte"
        node = Node(-run[0], kind, "lay there", value=value, mask=mask, place=address, size=len(run))
        self.slice.nodes[node.key] = node
        self._link(list(self.live[run[0]]), node.key)


def _union(users: dict[int, int]) -> int:
    total = 0
    for mask in users.values():
        total |= mask
    return total


def _byte_read(step: AnyStep, address: int) -> int | None:
    """What the step found at ``address``: in memory, or in its own immediate."""
    for read in step.reads:
        if read.value is not None and read.address <= address < read.address + read.size:
            return read.value >> 8 * (address - read.address) & 0xFF
    at = address - step.address
    return step.raw[at] if 0 <= at < step.code.size else None
