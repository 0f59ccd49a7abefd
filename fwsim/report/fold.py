"""A long trace becomes a story: its events are folded into polls, pairs, delays, transactions, runs of entries.

Every step stands for a known number of events; the numbers add up to all of them. Nothing is read ahead: a step is
said when the next one begins.
"""

from collections.abc import Iterator
from typing import Protocol

from fwsim.registers.database import leaf_name
from fwsim.report.fold_bus import Wires
from fwsim.report.fold_console import Console, is_console
from fwsim.report.fold_efi import Services, carried, is_service, stalled
from fwsim.report.fold_pairs import Access, Events, accesses
from fwsim.report.fold_step import Step
from fwsim.report.fold_time import Delay, duration, timer
from fwsim.report.trace import Names, Told
from fwsim.trace.arm import arm_text, is_arm_event
from fwsim.trace.describe import enum_name, flags_of, pci_text
from fwsim.trace.event import Actor, Flag, Op, Space
from fwsim.trace.owners import is_owner_note, matters, owner_text

_READ, _WRITE, _CALL, _RETURN, _NOTE = (int(op) for op in Op)
_MATTERS = int(Flag.REWRITTEN | Flag.FAULTED)
_LISTED = 8
"""Values that a line lists; of more it says the first and the last."""
_VGA = {"seq": "SR", "gfx": "GR", "crtc": "CR", "attr": "AR"}
_NUMBERS = {"port": int(Space.PORT), "pci": int(Space.PCI), "mmio": int(Space.MMIO),
            "memory": int(Space.MEMORY)}  # fmt: skip
_DEVICE = int(Actor.DEVICE)
_WHO = {int(actor): "" if actor == Actor.ROM else f"{actor.name.lower()}: " for actor in Actor}
HostAddresses = frozenset[tuple[str, int]]
"""(space, address) of each register that holds an address of the host."""


class _Group(Protocol):
    def take(self, access: Access) -> bool: ...
    def steps(self) -> Iterator[Step]: ...


class Folder:
    """Access after access becomes steps. ``names`` names registers, ``host`` are those that hold host addresses.

    ``told``: of an Arm guest's run, what tells an event in words.
    """

    def __init__(self, names: Names, host: HostAddresses = frozenset(), told: Told | None = None) -> None:
        self.names = names
        self.told = told
        self.host = host
        self.wires = Wires(lambda address: names(_NUMBERS["mmio"], address))

    def steps(self, chunks: Iterator[Events]) -> Iterator[Step]:
        """All events of ``chunks`` as steps, in order."""
        group: _Group | None = None
        for access in accesses(chunks):
            if group is not None:
                if group.take(access):
                    continue
                yield from self._close(group)
            group = self._start(access)
        if group is not None:
            yield from self._close(group)

    def _start(self, access: Access) -> _Group:
        if self.told is not None and is_console(access):
            return Console(access)
        what = timer(access)
        if what:
            return Delay(access, what)
        bus = self.wires.start(access)
        if bus is not None:
            return bus
        if access.space == "gtt" or (access.space == "iommu" and self.told is None):
            return Run(access)
        if is_service(access):
            return Services(access)
        return Same(access, self)

    def _close(self, group: _Group) -> Iterator[Step]:
        few = group.few() if isinstance(group, Delay) else []
        if not few:
            yield from group.steps()
        for access in few:
            yield from Same(access, self).steps()

    def place(self, access: Access) -> str:
        """What an access reached, by address and name."""
        space, address = access.space, access.address
        if space in _VGA:
            return f"VGA {_VGA[space]}{address:02X}"
        if space == "cmos":
            return f"CMOS[{address:#04x}]"
        name = self.names(_NUMBERS[space], address) if space in _NUMBERS else ""
        shown = pci_text(address) if space == "pci" else f"{address:#x}"
        text = f"{shown} {name}".rstrip()
        return text if space in ("pci", "mmio") else f"{space} {text}"

    def level(self, access: Access) -> int:
        """The verbosity from which an access is shown by itself."""
        if _is_owner_note(access):
            return 0 if matters(access.first[7], access.flags) else 1
        if access.space == "iommu":
            return 0
        if access.op >= _CALL:
            return 1 if access.first[2] == _DEVICE else 0
        if access.flags & _MATTERS or (access.space == "pci" and access.op == _WRITE):
            return 0
        held = {(access.space, access.address & ~3), (access.space, access.address & ~7)}
        return 0 if access.op == _READ and held & self.host else 1


class Same:
    """Accesses of one address, one after another: a poll, the same done again, or a value read and written back."""

    def __init__(self, access: Access, folder: Folder) -> None:
        self.first = self.last = access
        self.folder = folder
        self.n = access.n
        self.times = 1
        self.values = [access.value]  # the first few
        self.changes = 0
        self.change = (0, 0, 0)  # at which access, from, to
        self.written: Access | None = None
        self.returned: Access | None = None
        self.stalls = self.stalled_ns = 0
        self.level = folder.level(access)
        self.flags = access.flags

    def take(self, access: Access) -> bool:
        """Count ``access``; False when it does something else."""
        first = self.first
        if is_service(access):
            return self._serve(access)
        if self.stalls and access.op != first.op:
            return False
        if self.written or self.returned or access.space != first.space or access.address != first.address:
            return False
        if access.first[2] != first.first[2] and access.op != _RETURN:
            return False
        if access.op != first.op:
            if self.times > 1:
                return False
            if first.op == _READ and access.op == _WRITE:
                self.written = access
            elif first.op == _CALL and access.op == _RETURN:
                self.returned = access
            else:
                return False
        elif first.op >= _CALL and (access.value, access.aux) != (first.value, first.aux):
            return False
        else:
            self.times += 1
            if self.times <= _LISTED:
                self.values.append(access.value)
            if access.value != self.last.value:
                self.changes += 1
                self.change = (self.times, self.last.value, access.value)
            self.last = access
        self.n += access.n
        self.flags |= access.flags
        self.level = min(self.level, self.folder.level(access))
        return True

    def _serve(self, access: Access) -> bool:
        """Count the service that made the last access, or a delay between two reads; False for any other."""
        if carried(access, (self.written or self.last).first):
            self.n += access.n
        elif (delay := stalled(access)) and self.first.op == _READ and not self.written:
            self.stalls += 1
            self.stalled_ns += delay
            self.n += access.n
        else:
            return False
        return True

    def steps(self) -> Iterator[Step]:
        """The accesses as one step."""
        first = self.first
        who = _WHO.get(first.first[2], "")
        last = self.written or self.last
        decode = None if first.op >= _CALL else (first.space, first.address, last.value)
        yield Step(self.level, first.first, self.n, (f"{who}{self._text()}{self._delay()}{self._flags()}",), decode)

    def _delay(self) -> str:
        if not self.stalls:
            return ""
        how = "a stall" if self.stalls == 1 else f"{self.stalls} stalls"
        return f", {how} of {duration(self.stalled_ns)}{' together' * (self.stalls > 1)}"

    def _flags(self) -> str:
        names = [] if _is_owner_note(self.first) else flags_of(self.flags & ~int(Flag.INDEXED))
        return f"  {' '.join(names)}" if names else ""

    def _text(self) -> str:
        first = self.first
        told = self.folder.told(first.first) if self.folder.told else ""
        if told:
            return told + (f" ({self.times} times)" if self.times > 1 else "")
        if first.op >= _CALL:
            text = _event(first)
            if self.returned:
                text += f" -> {_words(self.returned.value)}"
            return text + (f" ({self.times} times)" if self.times > 1 else "")
        place = self.folder.place(first)
        if self.written:
            wrote, had = self.written.value, f"{first.value:#x}{_was(first)}"
            if wrote == first.value and not _was(self.written):
                return f"{place} is {had}, kept"
            return f"{place} {had} -> {wrote:#x}{_was(self.written)}"
        if self.times == 1:
            return f"{place} {'is' if first.op == _READ else '='} {first.value:#x}{_was(first)}"
        did = f"{place} {'read' if first.op == _READ else 'written'} {self.times} times"
        return did + self._changed() + _was(self.last)

    def _changed(self) -> str:
        if not self.changes:
            return f": {self.first.value:#x}"
        at, before, after = self.change
        if (self.changes > 1 or self.first.op == _WRITE) and self.times <= _LISTED:
            return ": " + " ".join(f"{value:#x}" for value in self.values)
        if self.changes > 1 or self.first.op == _WRITE:
            return f": {self.first.value:#x} ... {self.last.value:#x}"
        up, down = after & ~before, before & ~after
        if up.bit_count() + down.bit_count() > 3:
            return f", {before:#x}, from the {ordinal(at)} {after:#x}"
        said = [f"bit {bit} set" for bit in bits(up)] + [f"bit {bit} clear" for bit in bits(down)]
        return f", {', '.join(said)} at the {ordinal(at)}"


class Run:
    """GTT entries, or refused pages, one after another at equal distances with values that grow evenly.

    ``period`` 2: entries of eight bytes, written as two dwords each.
    """

    def __init__(self, access: Access) -> None:
        self.kept = [access]  # the first four, from which the others follow
        self.last = access
        self.before = access  # the one before the last
        self.count = 1
        self.n = access.n
        self.period = 1

    def take(self, access: Access) -> bool:
        """Count ``access``; False when it does not go on as those before."""
        first = self.kept[0]
        same = (access.space, access.op, access.flags, access.first[2])
        if same != (first.space, first.op, first.flags, first.first[2]) or not self._fits(access):
            return False
        if self.count < 4:
            self.kept.append(access)
        self.count += 1
        self.n += access.n
        self.before, self.last = self.last, access
        return True

    def _fits(self, access: Access) -> bool:
        if self.count == 1:
            return 0 < abs(access.address - self.last.address) <= 0x1000
        if self.count == 2:
            if _delta(self.kept[1], access) == _delta(self.kept[0], self.kept[1]):
                return True
            start = self.kept[0].address
            if start % 8 or (self.kept[1].address, access.address) != (start + 4, start + 8):
                return False
            self.period = 2
            return True
        if self.period == 2:
            if self.count == 3:
                return access.address == self.kept[1].address + 8
            half = self.count % 2
            return _delta(self.before, access) == _delta(self.kept[half], self.kept[half + 2])
        return _delta(self.last, access) == _delta(self.kept[0], self.kept[1])

    def steps(self) -> Iterator[Step]:
        """The run as one step."""
        first = self.kept[0]
        who = _WHO.get(first.first[2], "") if first.space == "gtt" else ""
        level = 0 if first.op == _WRITE or first.space == "iommu" or first.flags & _MATTERS else 1
        text = self._faults() if first.space == "iommu" else self._entries()
        names = flags_of(first.flags & ~int(Flag.INDEXED | Flag.REWRITTEN)) if first.space == "gtt" else []
        yield Step(level, first.first, self.n, (f"{who}{text}" + (f"  {' '.join(names)}" if names else ""),))

    def _faults(self) -> str:
        first = self.kept[0]
        pages = f"{first.address:#x}"
        if self.count > 1:
            pages += f"..{self.last.address:#x}, {self.count} pages"
        return f"DMA refused: {pages}, reason {first.value}"

    def _entries(self) -> str:
        first, count = self.kept[0], self.count
        where = f"GTT[{first.address | 1:#x}"
        if count == 1:
            where += "]"
        else:
            what = "entries" if self.period == 1 else "dwords (of 8-byte entries)"
            where += f"..{self.last.address | 1:#x}] {count} {what}"
        value, aux = self._series("value"), self._series("aux")
        sign = " =" if first.op == _WRITE and count == 1 else " is" if count == 1 else " read:" * (first.op == _READ)
        if value == aux:
            return f"{where}{sign} {value}"
        return f"{where}{sign} {aux} rewritten to {value}"

    def _series(self, column: str) -> str:
        """The values of ``column``: the first, and by how much each next one is more."""
        numbers = [int(getattr(access, column)) for access in self.kept]
        if self.period == 2 and self.count == 3:
            return " ".join(f"{number:#x}" for number in numbers)
        if self.period == 2:
            numbers = [low | high << 32 for low, high in zip(numbers[::2], numbers[1::2], strict=False)]
        if len(numbers) < 2:
            return f"{numbers[0]:#x}"
        step = numbers[1] - numbers[0]
        return f"{numbers[0]:#x} {'-' if step < 0 else '+'} n*{abs(step):#x}" if step else f"all {numbers[0]:#x}"


def _was(access: Access) -> str:
    """What it was before the hypervisor changed it."""
    return f" (was {access.aux:#x})" if access.aux != access.value else ""


def _delta(one: Access, other: Access) -> tuple[int, int, int]:
    return other.address - one.address, other.value - one.value, other.aux - one.aux


def _event(access: Access) -> str:
    """A call, a return or a note in words."""
    space, op, value = access.space, access.op, access.value
    if is_arm_event(access.first[2], access.first[5], op):
        return arm_text(access.address, value, access.flags)
    if space == "interrupt":
        text = f"int {access.address:02x}h"
        if access.flags & int(Flag.FAULTED):
            return f"{text}, a CPU exception, error code {value:#x}"
        if op == _RETURN:
            return f"{text} returns {_words(value)}"
        name = leaf_name(access.address, value & 0xFFFF)
        return f"{text} {_words(value)}{f' ({name})' if name else ''}"
    if space == "memory" and op == _CALL:
        return f"far call {access.address:#x}, AX={value & 0xFFFF:04X}"
    if _is_owner_note(access):
        return f"{pci_text(access.address)} {owner_text(access.first[7], value, access.aux, access.flags)}"
    return f"{enum_name('op', op)} {space} {access.address:#x}: {value:#x}{_was(access)}"


def _is_owner_note(access: Access) -> bool:
    return is_owner_note(access.first[2], access.first[5], access.op)


def _words(value: int) -> str:
    """AX BX CX DX of an interrupt event."""
    return " ".join(f"{name}={value >> 16 * place & 0xFFFF:04X}" for place, name in enumerate(("AX", "BX", "CX", "DX")))


def bits(mask: int) -> list[int]:
    """The numbers of the bits set, highest first."""
    return [bit for bit in range(mask.bit_length() - 1, -1, -1) if mask >> bit & 1]


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
