"""GMBUS and AUX transactions are put together from the accesses that made them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fwsim.report.fold_pairs import Access
from fwsim.report.fold_step import Step
from fwsim.report.fold_time import timer

_READ, _WRITE = 0, 1
_STOP_ONLY = 4
_BYTES_A_LINE = 16


class Wire(NamedTuple):
    """Which bus a register belongs to (``gmbus`` or ``aux``), which of them (an address, a letter), and its part."""

    bus: str
    unit: str
    part: str


class Wires:
    """The buses' registers, and what they remember from one transaction to the next."""

    def __init__(self, name: Callable[[int], str]) -> None:
        self._name = name
        self._known: dict[int, Wire | None] = {}
        self.gmbus: dict[str, Gmbus] = {}
        self.messages: dict[str, dict[int, int]] = {}

    def find(self, access: Access) -> Wire | None:
        """The bus's register that ``access`` reaches; None for any other."""
        if access.space != "mmio" or access.op > _WRITE:
            return None
        address = access.address
        if address not in self._known:
            self._known[address] = _wire(self._name(address), address)
        return self._known[address]

    def start(self, access: Access) -> "Gmbus | Aux | None":
        """The transaction that ``access`` begins, or goes on with; None when it is no bus's."""
        wire = self.find(access)
        if wire is None:
            return None
        made: Gmbus | Aux
        if wire.bus == "gmbus":
            made = self.gmbus[wire.unit] = Gmbus(self, wire.unit, self.gmbus.get(wire.unit))
        else:
            made = Aux(self, wire.unit, self.messages.setdefault(wire.unit, {}))
        if not made.take(access) and isinstance(made, Gmbus):
            made.forget()  # what was left unfinished stays so
            made.take(access)
        return made


def _wire(name: str, address: int) -> Wire | None:
    if name.startswith("GMBUS"):
        return Wire("gmbus", f"{address & ~0xFF:#x}", name)
    control, data = "DP_AUX_CH_CTL_", "DP_AUX_CH_DATA_"
    if name.startswith(control):
        return Wire("aux", name.removeprefix(control), "")
    if name.startswith(data) and name[-1:].isdigit():
        return Wire("aux", name.removeprefix(data)[:-1], name[-1])
    return None


def _listed(data: list[int]) -> tuple[str, ...]:
    """Bytes in hex, sixteen a line."""
    rows = (data[start : start + _BYTES_A_LINE] for start in range(0, len(data), _BYTES_A_LINE))
    return tuple("  " + " ".join(f"{byte:02x}" for byte in row) for row in rows)


def _shown(text: str, data: list[int]) -> tuple[str, ...]:
    """``text`` with its bytes behind it, or below it when they are many."""
    if not data:
        return (text,)
    if len(data) <= 4:
        return (f"{text}: " + " ".join(f"{byte:02x}" for byte in data),)
    return (f"{text}:", *_listed(data))


class _Transaction:
    """What every transaction knows: its registers, how many events it has, and the first of them."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.n = 0
        self.first: tuple[int, ...] = ()

    def count(self, access: Access) -> None:
        """Count the events of ``access`` as this transaction's."""
        self.first = self.first or access.first
        self.n += access.n


class Gmbus(_Transaction):
    """One GMBUS transaction: from the accesses that prepare it to the one before the next one's.

    Registers: GMBUS0's bits 2:0 are the pin pair; GMBUS1 the command (30 go, 27:25 cycle, 24:16 bytes, 15:8 index,
    7:1 device, 0 read); GMBUS2's bit 10 says that nobody answered; GMBUS3 has four bytes, the first in bits 7:0.
    """

    def __init__(self, wires: Wires, unit: str, last: "Gmbus | None") -> None:
        super().__init__(wires)
        self.unit = unit
        self.pin: int | None = last.pin if last else None
        self.continued = last is not None and last.unfinished()
        self.command: int | None = last.command if last and self.continued else None
        self.moved: int = last.moved if last and self.continued else 0
        self.data: list[int] = []
        self.early: list[int] = []  # written to GMBUS3 before the command
        self.nak = False

    @property
    def length(self) -> int:
        """How many bytes the command moves."""
        return (self.command or 0) >> 16 & 0x1FF

    def forget(self) -> None:
        """Begin anew instead of going on with the last transaction's command."""
        self.command, self.moved, self.continued = None, 0, False

    def unfinished(self) -> bool:
        """Whether bytes of its command are still to come."""
        return self.command is not None and not self.nak and self.moved < self.length

    def take(self, access: Access) -> bool:
        """Count ``access``; False when it is another's, or begins the next transaction."""
        wire = self.wires.find(access)
        if wire is None or wire[:2] != ("gmbus", self.unit):
            return _waits(self, access)
        register, op, value = wire.part, access.op, access.value
        if op == _WRITE and register == "GMBUS0":
            if self.command is not None:
                return False
            self.pin = value & 7
        elif op == _WRITE and register == "GMBUS1" and value & 1 << 30 and not value & 1 << 31:
            if value >> 25 & 7 != _STOP_ONLY:
                if self.command is not None:
                    return False
                self._begin(value)
        elif register == "GMBUS3":
            self._bytes(op, value)
        elif op == _READ and register == "GMBUS2":
            self.nak = self.nak or (self.command is not None and bool(value & 1 << 10))
        self.count(access)
        return True

    def _begin(self, value: int) -> None:
        self.command = value
        if not value & 1:
            self.data, self.moved = self.early[: self.length], min(len(self.early), self.length)

    def _bytes(self, op: int, value: int) -> None:
        four = list(value.to_bytes(8, "little")[:4])
        if self.command is None:
            self.early += four if op == _WRITE and len(self.early) < 512 else []
        elif op == (_READ if self.command & 1 else _WRITE):
            some = four[: max(0, self.length - self.moved)]
            self.data += some
            self.moved += len(some)

    def steps(self) -> Iterator[Step]:
        """The transaction as one step."""
        pin = "GMBUS" if self.pin is None else f"GMBUS pin {self.pin}"
        if self.command is None:
            yield Step(1, self.first, self.n, (f"{pin}: no transfer",))
            return
        reads = self.command & 1
        text = f"{pin}: {'read' if reads else 'write'} {self.command >> 1 & 0x7F:02x}h"
        if self.command >> 25 & 2:
            text += f" from {self.command >> 8 & 0xFF:02x}h"
        if self.nak:
            yield Step(1, self.first, self.n, (f"{text}: no answer",))
            return
        if self.continued or self.moved < self.length:
            start = self.moved - len(self.data)
            text += f", bytes {start} to {self.moved} of {self.length}"
        else:
            text += f", {self.length} byte{'' if self.length == 1 else 's'}"
        yield Step(1, self.first, self.n, _shown(text, self.data))


class Aux(_Transaction):
    """One AUX transaction: the message's bytes, the control register's send bit, polls, the reply's bytes.

    DP_AUX_CH_CTL: 31 send and busy, 30 done, 28 timed out, 25 receive error, 24:20 size; the data registers hold
    twenty bytes, the first in bits 31:24. The request is its first byte's upper half: 8 and 9 native, others I2C.
    """

    def __init__(self, wires: Wires, channel: str, message: dict[int, int]) -> None:
        super().__init__(wires)
        self.channel = channel
        self.message = message  # what the data registers hold; kept from one transaction to the next
        self.reply: dict[int, int] = {}
        self.sent: list[int] | None = None
        self.control = 0
        self.answered = False

    def unfinished(self) -> bool:
        """Whether its answer has not been seen yet."""
        return self.sent is not None and not self.answered

    def take(self, access: Access) -> bool:
        """Count ``access``; False when it is another's, or begins the next transaction."""
        wire = self.wires.find(access)
        if wire is None or wire[:2] != ("aux", self.channel):
            return _waits(self, access)
        place, op, value = wire.part, access.op, access.value
        if place == "":
            if op == _WRITE and value & 1 << 31:
                if self.sent is not None:
                    return False
                self._send(value >> 20 & 31)
            elif op == _READ and self.sent is not None and not value & 1 << 31 and not self.answered:
                self.control, self.answered = value, True
        elif op == _WRITE:
            if self.sent is not None:
                return False
            self.message[int(place)] = value
        elif self.answered:
            self.reply[int(place)] = value
        self.count(access)
        return True

    def _send(self, size: int) -> None:
        self.sent = _big_endian(self.message)[:size]

    def steps(self) -> Iterator[Step]:
        """The transaction as one step."""
        where = f"AUX {self.channel}"
        if self.sent is None:
            yield Step(1, self.first, self.n, (f"{where}: no transfer",))
            return
        text = f"{where}: {_request(self.sent)}"
        size = self.control >> 20 & 31
        read = next((place for place in range(5) if place not in self.reply), 5)  # as many data registers were read
        failed = self.control & (1 << 28 | 1 << 25)
        reply = [] if failed else _big_endian(self.reply)[: min(size, 4 * read)]
        if not self.answered:
            text += ", no answer seen"
        elif self.control & 1 << 28:
            text += ", nobody answers (time-out)"
        elif self.control & 1 << 25:
            text += ", receive error"
        elif not reply:
            text += f", answered by {size} byte{'' if size == 1 else 's'}"
        else:
            text += ", " + _status(reply[0])
        sent = self.sent[4:]
        lines = _shown(text, sent or reply[1:])
        yield Step(1, self.first, self.n, lines)


def _waits(transaction: Gmbus | Aux, access: Access) -> bool:
    """Count a delay while the transaction is under way as its own; False for anything else."""
    if not transaction.unfinished() or not timer(access):
        return False
    transaction.count(access)
    return True


def _big_endian(words: dict[int, int]) -> list[int]:
    return [byte for place in range(5) for byte in (words.get(place, 0) & 0xFFFFFFFF).to_bytes(4, "big")]


def _request(sent: list[int]) -> str:
    """What a message asks: its first three bytes are the request and the address, the fourth the length less one."""
    if len(sent) < 3:
        return f"message of {len(sent)} bytes"
    kind, address = sent[0] >> 4, (sent[0] & 15) << 16 | sent[1] << 8 | sent[2]
    count = f", {sent[3] + 1} byte{'' if sent[3] == 0 else 's'}" if len(sent) > 3 else ""
    if kind in (8, 9):
        return f"native {'read' if kind == 9 else 'write'} {address:05x}h{count}"
    return f"I2C {'read' if kind & 1 else 'write'} {address & 0x7F:02x}h{count}"


def _status(first: int) -> str:
    names = {0: "", 1: "refused (NACK)", 2: "put off (DEFER)"}
    native, i2c = names.get(first >> 4 & 3, "?"), names.get(first >> 6, "?")
    return native or (f"I2C {i2c}" if i2c else "acknowledged")
