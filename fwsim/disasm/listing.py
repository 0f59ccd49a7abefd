"""A listing disassembles the code that can be reached, by recursive traversal, with port and PCI accesses named.

Constants are followed through each extended basic block: a DX or a CF8 address that is
known there names the port and the PCI register an IN or OUT reaches. A call of a routine without conditions, as
configuration helpers are, is followed with the caller's constants, so that its PCI accesses are named at the call.
"""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from fwsim.disasm.engine import engine_for
from fwsim.errors import FwsimError

MAX_INSTRUCTIONS = 200_000

_PATH_LIMIT = 64
_CALL_DEPTH = 2
_PORT_INSTRUCTIONS = frozenset(("in", "out", "insb", "insw", "insd", "outsb", "outsw", "outsd"))
_SIZES = {1: "byte", 2: "word", 4: "dword"}

_PORT_RANGES: tuple[tuple[int, int, str], ...] = (
    (0x00, 0x0F, "DMA 1"),
    (0x20, 0x21, "PIC 1"),
    (0x40, 0x42, "PIT counter"),
    (0x43, 0x43, "PIT control"),
    (0x60, 0x60, "keyboard data"),
    (0x61, 0x61, "NMI status, speaker"),
    (0x64, 0x64, "keyboard command"),
    (0x70, 0x70, "CMOS index"),
    (0x71, 0x71, "CMOS data"),
    (0x80, 0x80, "POST code"),
    (0x81, 0x8F, "DMA page"),
    (0x92, 0x92, "A20, fast reset"),
    (0xA0, 0xA1, "PIC 2"),
    (0xB2, 0xB2, "APM command (SMI)"),
    (0xB3, 0xB3, "APM status"),
    (0xC0, 0xDF, "DMA 2"),
    (0x1CE, 0x1CE, "Bochs VBE index"),
    (0x1CF, 0x1D0, "Bochs VBE data"),
    (0x3B4, 0x3B4, "CRTC index, mono"),
    (0x3B5, 0x3B5, "CRTC data, mono"),
    (0x3BA, 0x3BA, "VGA status 1, mono"),
    (0x3C0, 0x3C1, "VGA attribute"),
    (0x3C2, 0x3C2, "VGA misc output"),
    (0x3C3, 0x3C3, "VGA enable"),
    (0x3C4, 0x3C4, "sequencer index"),
    (0x3C5, 0x3C5, "sequencer data"),
    (0x3C6, 0x3C6, "DAC mask"),
    (0x3C7, 0x3C7, "DAC read index"),
    (0x3C8, 0x3C8, "DAC write index"),
    (0x3C9, 0x3C9, "DAC data"),
    (0x3CA, 0x3CA, "VGA feature"),
    (0x3CC, 0x3CC, "VGA misc output"),
    (0x3CE, 0x3CE, "graphics index"),
    (0x3CF, 0x3CF, "graphics data"),
    (0x3D4, 0x3D4, "CRTC index"),
    (0x3D5, 0x3D5, "CRTC data"),
    (0x3DA, 0x3DA, "VGA status 1"),
    (0x3F8, 0x3FF, "COM1"),
    (0x402, 0x402, "debug console"),
    (0x500, 0x500, "debug console, SeaVGABIOS"),
    (0x510, 0x510, "fw_cfg selector"),
    (0x511, 0x511, "fw_cfg data"),
    (0x514, 0x51B, "fw_cfg DMA"),
    (0xCF8, 0xCF8, "PCI config address"),
    (0xCF9, 0xCF9, "reset control"),
    (0xCFC, 0xCFF, "PCI config data"),
)
_HEADER_END = 0x1C
_VECTORS = {4 * vector: vector for vector in (0x10, 0x15, 0x42, 0x6D)}
"""Address in the vector table of each interrupt a video BIOS hooks with code (1Fh and 43h point at fonts)."""


class Instruction(Struct, frozen=True):
    """One instruction: ``address`` as an offset in the code, its bytes, text in Intel's syntax, and what it reaches."""

    address: int
    data: bytes
    text: str
    note: str = ""


class Access(Struct, frozen=True):
    """One access by a port instruction. ``port`` is None when DX is not known; ``pci`` is the CF8 address in force.

    ``via`` is the port instruction's address when it was worked out for the call at ``address``.
    """

    address: int
    direction: str
    width: int
    port: int | None
    name: str
    pci: int | None = None
    via: int | None = None


class Listing(Struct, frozen=True):
    """A disassembly. ``labels`` name addresses (entries and call targets), ``targets`` are all branch targets reached;
    ``unresolved`` are jumps and calls whose target is computed, ``covered`` is how many bytes are instructions."""

    entries: tuple[int, ...]
    instructions: tuple[Instruction, ...]
    labels: dict[int, str]
    targets: frozenset[int]
    accesses: tuple[Access, ...]
    unresolved: tuple[int, ...]
    covered: int
    truncated: bool


def port_name(port: int) -> str:
    """What lies at an x86 port on a PC; empty when no fixed device has it."""
    return next((name for first, last, name in _PORT_RANGES if first <= port <= last), "")


def pci_name(address: int, port_offset: int = 0) -> str:
    """``pci 00:02.0 @0x5e`` for a CF8 address (bus, device, function, register) and the byte of CFC accessed."""
    bus, device, function = address >> 16 & 0xFF, address >> 11 & 0x1F, address >> 8 & 7
    return f"pci {bus:02x}:{device:02x}.{function} @{(address & 0xFC) + port_offset:#04x}"


def instruction_at(code: bytes, offset: int, address: int | None = None, bits: int = 16) -> Instruction | None:
    """The instruction at ``offset`` of ``code``, printed as if at ``address``; None when the bytes are none."""
    where = offset if address is None else address
    found = next(engine_for(bits).disasm(code[offset : offset + 16], where, 1), None)
    return Instruction(where, bytes(found.bytes), _text(found, bits)) if found else None


def disassemble(code: bytes, entries: Iterable[int] = (3,), bits: int = 16, limit: int = MAX_INSTRUCTIONS) -> Listing:
    """Follows every branch and call from ``entries`` (offsets in ``code``), ``bits`` wide code (16, 32 or 64).

    Interrupt handlers that the code installs by storing an immediate offset in the vector table are entries as well.
    At most ``limit`` instructions are decoded. Raises FwsimError for an entry outside the code.
    """
    starts = tuple(dict.fromkeys(entries))
    for entry in starts:
        if not 0 <= entry < len(code):
            raise FwsimError("the entry lies outside the image", found=f"{entry:#x}", expected=f"below {len(code):#x}")
    traversal = _Traversal(code, bits, limit)
    for entry in starts:
        traversal.add(entry, "entry" if entry == starts[0] else f"entry_{entry:04x}")
    annotator, instructions = _follow_handlers(traversal)
    return Listing(
        entries=starts,
        instructions=instructions,
        labels=dict(sorted(traversal.labels.items())),
        targets=frozenset(traversal.targets),
        accesses=tuple(annotator.accesses),
        unresolved=tuple(sorted(traversal.unresolved)),
        covered=sum(len(instruction.data) for instruction in instructions),
        truncated=traversal.truncated,
    )


def _follow_handlers(traversal: "_Traversal") -> tuple["_Annotator", tuple[Instruction, ...]]:
    """Traverses and annotates until no installed interrupt handler is left unvisited."""
    while True:
        traversal.run()
        annotator = _Annotator(traversal)
        instructions = annotator.run()
        fresh = {address: label for address, label in annotator.handlers.items() if address not in traversal.found}
        if not fresh or traversal.truncated or not any(traversal.add(*handler) for handler in fresh.items()):
            return annotator, instructions


def _is_branch(instruction: Any) -> bool:
    """Whether it is a relative jump, call or loop (its operand is the target)."""
    from capstone import CS_GRP_BRANCH_RELATIVE

    return CS_GRP_BRANCH_RELATIVE in list(instruction.groups)


def _target(instruction: Any, bits: int) -> int:
    """A relative branch's target; IP wraps at 64 KiB with 16-bit operands, which capstone leaves unmasked."""
    wide = bits == 64 or (bits == 32) != (0x66 in bytes(instruction.prefix))
    mask = 0xFFFF_FFFF_FFFF_FFFF if bits == 64 else 0xFFFF_FFFF if wide else 0xFFFF
    return int(instruction.operands[0].imm) & mask


def _text(instruction: Any, bits: int) -> str:
    operands = f"{_target(instruction, bits):#06x}" if _is_branch(instruction) else instruction.op_str
    return f"{instruction.mnemonic:<7} {operands}".rstrip()


class _Traversal:
    """Which bytes are code: a worklist over branch targets; one inside another instruction is not entered."""

    def __init__(self, code: bytes, bits: int, limit: int) -> None:
        self.code = code
        self.bits = bits
        self.limit = limit
        self.found: dict[int, Any] = {}
        self.inside: set[int] = set()
        self.targets: set[int] = set()
        self.labels: dict[int, str] = {}
        self.unresolved: set[int] = set()
        self.truncated = False
        self._work: list[int] = []

    def add(self, address: int, label: str = "") -> bool:
        """Queues ``address`` when it lies in the code and was not labelled before; whether it was queued."""
        if not 0 <= address < len(self.code) or (label and address in self.labels):
            return False
        if label:
            self.labels[address] = label
        self._work.append(address)
        return True

    def run(self) -> None:
        while self._work and not self.truncated:
            self._straight(self._work.pop())

    def _straight(self, address: int) -> None:
        """Decodes from ``address`` until the flow ends, or meets what is decoded already."""
        engine = engine_for(self.bits)
        while address < len(self.code) and address not in self.found and address not in self.inside:
            if len(self.found) >= self.limit:
                self.truncated = True
                return
            instruction = next(engine.disasm(self.code[address : address + 16], address, 1), None)
            if instruction is None:
                return
            self.found[address] = instruction
            self.inside.update(range(address + 1, address + instruction.size))
            if not self._follow(instruction):
                return
            address += instruction.size

    def _follow(self, instruction: Any) -> bool:
        """Queues where else the flow goes from here; whether it goes on behind the instruction too."""
        from capstone import CS_GRP_CALL, CS_GRP_INT, CS_GRP_IRET, CS_GRP_JUMP, CS_GRP_RET

        groups = instruction.groups
        if _is_branch(instruction):
            target = _target(instruction, self.bits)
            self.targets.add(target)
            self.add(target, f"sub_{target:04x}" if CS_GRP_CALL in groups else "")
            return str(instruction.mnemonic) != "jmp"
        if CS_GRP_JUMP in groups or (CS_GRP_CALL in groups and CS_GRP_INT not in groups):
            self.unresolved.add(instruction.address)
            return CS_GRP_CALL in list(groups)
        if CS_GRP_RET in groups or CS_GRP_IRET in groups:
            return False
        return instruction.mnemonic not in ("ud2", "ud0", "ud1")


_REGISTERS: dict[str, tuple[str, int, int]] = {
    name: (f"e{letter}x", shift, width)
    for letter in "abcd"
    for name, shift, width in (
        (f"{letter}l", 0, 8),
        (f"{letter}h", 8, 8),
        (f"{letter}x", 0, 16),
        (f"e{letter}x", 0, 32),
    )
} | {
    name: (f"e{pair}", 0, width) for pair in ("si", "di", "bp", "sp") for name, width in ((pair, 16), (f"e{pair}", 32))
}
"""Register name: the 32-bit register it is part of, the bit it begins at, its width."""


Bits = tuple[int, int]
"""A value of which some bits are known: (value, mask of the known bits)."""

_UNKNOWN: Bits = (0, 0)


class _Constants:
    """The bits of each register that are known at a point of a block."""

    def __init__(self) -> None:
        self._bits: dict[str, Bits] = {}

    def clear(self) -> None:
        self._bits.clear()

    def copy(self) -> "_Constants":
        """The same knowledge, apart."""
        twin = _Constants()
        twin._bits = dict(self._bits)
        return twin

    def bits(self, name: str) -> Bits:
        """What is known of a register; nothing of segment, 64-bit and vector registers."""
        if name not in _REGISTERS:
            return _UNKNOWN
        whole, shift, width = _REGISTERS[name]
        value, mask = self._bits.get(whole, _UNKNOWN)
        part = (1 << width) - 1
        return value >> shift & part, mask >> shift & part

    def get(self, name: str) -> int | None:
        """The register's value, None unless every bit of it is known."""
        value, mask = self.bits(name)
        return value if name in _REGISTERS and mask == (1 << _REGISTERS[name][2]) - 1 else None

    def set(self, name: str, bits: Bits) -> None:
        """Gives the register what is known of its new value."""
        if name not in _REGISTERS:
            if name[:1] == "r":
                self.set("e" + name[1:], _UNKNOWN)
            return
        whole, shift, width = _REGISTERS[name]
        part = (1 << width) - 1
        value, mask = self._bits.get(whole, _UNKNOWN)
        kept = mask & ~(part << shift)
        known = bits[1] & part
        self._bits[whole] = (value & kept | (bits[0] & known) << shift, kept | known << shift)


_COMBINED = ("or", "and", "xor", "add", "sub", "shl", "shr")


def _combine(operation: str, a: Bits, b: Bits) -> Bits:
    """What is known of ``a`` operation ``b``."""
    (value_a, mask_a), (value_b, mask_b) = a, b
    if operation == "or":
        return value_a | value_b, mask_a & mask_b | value_a & mask_a | value_b & mask_b
    if operation == "and":
        zeros = mask_a & ~value_a | mask_b & ~value_b
        return value_a & value_b & ~zeros, mask_a & mask_b | zeros
    if operation == "xor":
        return value_a ^ value_b, mask_a & mask_b
    if operation in ("add", "sub"):
        both = mask_a & mask_b
        return (value_a + value_b if operation == "add" else value_a - value_b), _low_ones(both)
    if operation in ("shl", "shr") and mask_b & 0xFF == 0xFF:
        count = value_b & 31
        if operation == "shl":
            return value_a << count, mask_a << count | (1 << count) - 1
        return value_a >> count, mask_a >> count
    return _UNKNOWN


def _low_ones(mask: int) -> int:
    """The unbroken run of ones from bit 0 up: sums are known that far."""
    return mask & ((mask + 1 & ~mask) - 1)


class _Annotator:
    """Walks the decoded instructions in order and says what each port access reaches."""

    def __init__(self, traversal: _Traversal) -> None:
        self.accesses: list[Access] = []
        self.handlers: dict[int, str] = {}
        self._traversal = traversal
        self._constants = _Constants()
        self._pci: int | None = None
        self._paths: dict[int, list[Any]] = {}

    def run(self) -> tuple[Instruction, ...]:
        """Every instruction in order of address, with its note."""
        bits = self._traversal.bits
        result: list[Instruction] = []
        expected = -1
        for address in sorted(self._traversal.found):
            raw = self._traversal.found[address]
            if address != expected or address in self._traversal.targets or address in self._traversal.labels:
                self._forget()
            note = self._note(raw)
            self._step(raw)
            expected = -1 if raw.mnemonic in ("jmp", "ljmp", "ret", "retf", "iret") else address + raw.size
            result.append(Instruction(address, bytes(raw.bytes), _text(raw, bits), note))
        return tuple(result)

    def _forget(self) -> None:
        self._constants.clear()
        self._pci = None

    def _note(self, raw: Any) -> str:
        name = raw.mnemonic.split()[-1]
        if name in _PORT_INSTRUCTIONS:
            return self._port_access(raw, name)
        if raw.mnemonic == "int":
            ax, ah = self._constants.get("ax"), self._constants.get("ah")
            known = f"AX={ax:04x}" if ax is not None else f"AH={ah:02x}" if ah is not None else ""
            return f"INT {raw.operands[0].imm & 0xFF:02X}h {known}".rstrip()
        if raw.address in self._traversal.unresolved:
            return "target not followed"
        return self._through_call(raw) if name == "call" else ""

    def _through_call(self, raw: Any) -> str:
        """The PCI accesses that the called routine makes with the constants known at the call."""
        target = _target(raw, self._traversal.bits)
        if target not in self._paths:
            path = self._path(target, _CALL_DEPTH)[0]
            self._paths[target] = path if any(step.mnemonic in _PORT_INSTRUCTIONS for step in path) else []
        constants, pci, accesses = self._constants, self._pci, self.accesses
        self._constants, self.accesses = constants.copy(), []
        for step in self._paths[target]:
            if step.mnemonic in _PORT_INSTRUCTIONS:
                self._port_access(step, step.mnemonic)
            self._step(step)
        reached = [access for access in self.accesses if access.pci is not None]
        self._constants, self._pci, self.accesses = constants, pci, accesses
        self.accesses += [replace(access, address=raw.address, via=access.address) for access in reached]
        return "; ".join(f"{access.name}, {access.direction} {_SIZES[access.width]}" for access in reached)

    def _path(self, address: int, depth: int) -> tuple[list[Any], bool]:
        """The instructions a routine executes up to its return, and whether that is reached before any condition."""
        path: list[Any] = []
        for _ in range(_PATH_LIMIT):
            raw = self._traversal.found.get(address)
            if raw is None:
                break
            following = address + raw.size
            if raw.mnemonic in ("ret", "retf"):
                return path, True
            if raw.address in self._traversal.unresolved or (_is_branch(raw) and raw.mnemonic not in ("jmp", "call")):
                return path, False
            if raw.mnemonic == "call":
                inner, complete = self._path(_target(raw, self._traversal.bits), depth - 1) if depth else ([], False)
                path += inner
                if not complete:
                    return path, False
            elif raw.mnemonic == "jmp":
                following = _target(raw, self._traversal.bits)
            else:
                path.append(raw)
            address = following
        return path, False

    def _port_access(self, raw: Any, name: str) -> str:
        from capstone.x86 import X86_OP_IMM

        port = self._constants.get("dx")
        if name in ("in", "out"):
            data, where = raw.operands if name == "in" else reversed(raw.operands)
            width = int(data.size)
            if where.type == X86_OP_IMM:
                port = int(where.imm) & 0xFF
        else:
            width = {"b": 1, "w": 2, "d": 4}[name[-1]]
        direction = "read" if name.startswith("in") else "write"
        pci = self._pci if port is not None and 0xCFC <= port <= 0xCFF else None
        label = self._label(raw, port, direction, width, pci)
        self.accesses.append(Access(raw.address, direction, width, port, label, pci))
        return label if label.startswith("select") else f"{label or 'port in DX'}, {direction} {_SIZES[width]}"

    def _label(self, raw: Any, port: int | None, direction: str, width: int, pci: int | None) -> str:
        if port is None:
            return ""
        if pci is not None:
            return pci_name(pci, port - 0xCFC)
        value = self._constants.get("eax")
        if port == 0xCF8 and direction == "write" and width == 4:
            self._pci = value if value is not None and value >> 31 else None
            if self._pci is not None:
                return f"select {pci_name(self._pci)}"
        return f"{port:#x} {port_name(port)}".rstrip()

    def _step(self, raw: Any) -> None:
        """What the registers are known to hold behind ``raw``."""
        from capstone import CS_GRP_CALL, CS_GRP_INT

        if CS_GRP_CALL in raw.groups or CS_GRP_INT in raw.groups or raw.mnemonic in ("int", "int3", "into"):
            self._forget()
            return
        self._vector(raw)
        destination, value = self._result(raw)
        for register in raw.regs_access()[1]:
            self._constants.set(raw.reg_name(register), _UNKNOWN)
        if destination:
            self._constants.set(destination, value)

    def _vector(self, raw: Any) -> None:
        """A known offset stored at 0:0040 and its like is an interrupt handler in this image."""
        from capstone.x86 import X86_OP_MEM

        if raw.mnemonic != "mov" or len(raw.operands) != 2 or self._traversal.bits != 16:
            return
        memory, source = raw.operands
        if memory.type != X86_OP_MEM or memory.mem.base or memory.mem.index or memory.mem.disp not in _VECTORS:
            return
        value, mask = self._operand(raw, source)
        if memory.size >= 2 and mask & 0xFFFF == 0xFFFF and value & 0xFFFF > _HEADER_END:
            self.handlers[value & 0xFFFF] = f"int_{_VECTORS[memory.mem.disp]:02x}h_handler"

    def _result(self, raw: Any) -> tuple[str, Bits]:
        """The general register written and what is known of it; ("", nothing) for what is not worked out."""
        from capstone.x86 import X86_OP_REG

        operands = raw.operands
        if not operands or operands[0].type != X86_OP_REG:
            return "", _UNKNOWN
        name = raw.reg_name(operands[0].reg)
        old = self._constants.bits(name)
        if raw.mnemonic in ("inc", "dec"):
            return name, _combine("add" if raw.mnemonic == "inc" else "sub", old, (1, 0xFFFF_FFFF))
        if len(operands) != 2:
            return "", _UNKNOWN
        if raw.mnemonic in ("xor", "sub") and operands[1].type == X86_OP_REG and operands[1].reg == operands[0].reg:
            return name, (0, 0xFFFF_FFFF)
        source = self._operand(raw, operands[1])
        if raw.mnemonic == "movzx":
            return name, (source[0], source[1] | ~((1 << 8 * operands[1].size) - 1))
        if raw.mnemonic == "mov":
            return name, source
        return (name, _combine(raw.mnemonic, old, source)) if raw.mnemonic in _COMBINED else ("", _UNKNOWN)

    def _operand(self, raw: Any, operand: Any) -> Bits:
        from capstone.x86 import X86_OP_IMM, X86_OP_REG

        if operand.type == X86_OP_IMM:
            return int(operand.imm) & 0xFFFF_FFFF, 0xFFFF_FFFF
        if operand.type == X86_OP_REG:
            return self._constants.bits(raw.reg_name(operand.reg))
        return _UNKNOWN
