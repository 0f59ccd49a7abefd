"""Modules of LLVM bitcode become one flat piece of machine code that runs wherever it is mapped.

No linker takes part: what the object file asks for are distances between its own sections, filled in here.
"""

import struct
from dataclasses import dataclass

import lief
import llvmlite.binding as llvm

TRIPLES = {"x86_64": "x86_64-unknown-linux-gnu", "aarch64": "aarch64-unknown-linux-gnu"}
"""What a machine is called (``platform.machine()``) to LLVM; each with the processor that any such machine has."""
_PROCESSORS = {"x86_64": "x86-64", "aarch64": "generic"}
_LEVELS = (1, 2)
"""LLVM's -O1 and -O2: the second sees through what the first has proved about exceptions."""
_ALIGNMENT = 64
_UNUSED = (".eh_frame",)
"""Sections of the object file that nothing of the image is for: no exception passes through it."""
_RAISE = """
declare void @llvm.trap()
define i32 @numba_gil_ensure() {
  call void @llvm.trap()
  unreachable
}
"""
"""Each callback's way out for an exception begins with this call."""
_MEMSET = """
define ptr @memset(ptr %to, i32 %word, i64 %count) nounwind {
entry:
  %value = trunc i32 %word to i8
  br label %next
next:
  %done = phi i64 [ 0, %entry ], [ %more, %store ]
  %ends = icmp eq i64 %done, %count
  br i1 %ends, label %end, label %store
store:
  %at = getelementptr i8, ptr %to, i64 %done
  store i8 %value, ptr %at
  %more = add i64 %done, 1
  br label %next
end:
  ret ptr %to
}
"""
"""What LLVM calls where it clears memory, made for the image: it is to need nothing of the process it runs in."""


class RefusedError(Exception):
    """Code that cannot be part of an image: the text says why."""


@dataclass(frozen=True)
class Code:
    """Machine code, to be mapped at the start of a page, and where each exported function begins in it."""

    data: bytes
    functions: dict[str, int]


def link(modules: dict[str, bytes], entries: dict[str, str], machine: str) -> Code:
    """Link ``modules`` (bitcode) for ``machine``. ``entries``: the C function of each exported name.

    Raises RefusedError where a function could raise, or needs what the image does not hold.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = TRIPLES[machine]
    target = llvm.Target.from_triple(triple)
    made = target.create_target_machine(cpu=_PROCESSORS[machine], opt=2, reloc="pic", codemodel="small")
    whole = _merged(modules, {*entries.values(), "memset"}, triple, str(made.target_data))
    for level in _LEVELS:
        builder = llvm.create_pass_builder(made, llvm.create_pipeline_tuning_options(speed_level=level))
        builder.getModulePassManager().run(whole, builder)
    _refuse_traps(whole)
    return _flat(made.emit_object(whole), entries)


def _merged(modules: dict[str, bytes], exported: set[str], triple: str, layout: str) -> llvm.ModuleRef:
    """One module, of which only the exported functions are seen from outside."""
    whole = llvm.parse_assembly(_RAISE + _MEMSET)  # fmt: skip
    for bitcode in modules.values():
        whole.link_in(llvm.parse_bitcode(bitcode))
    whole.triple, whole.data_layout = triple, layout
    for function in whole.functions:
        if not function.is_declaration and function.name not in exported:
            function.linkage = "internal"
    for variable in whole.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    whole.verify()
    return whole


def _refuse_traps(whole: llvm.ModuleRef) -> None:
    """LLVM has to have proved that no exception is ever raised: then nothing of the ways out is left."""
    left = [name for name in (function.name for function in whole.functions if _traps(function))]
    if left:
        raise RefusedError(f"these functions may raise an exception: {', '.join(sorted(left))}")


def _traps(function: llvm.ValueRef) -> bool:
    return not function.is_declaration and any(
        "@llvm.trap" in str(instruction) for block in function.blocks for instruction in block.instructions
        if instruction.opcode == "call"
    )  # fmt: skip


def _flat(data: bytes, entries: dict[str, str]) -> Code:
    """The object file's sections, one behind the other, each distance between them filled in."""
    read = lief.ELF.parse(list(data))
    assert isinstance(read, lief.ELF.Binary)
    image, places = bytearray(), dict[str, int]()
    for section in read.sections:
        name = str(section.name)
        if not section.has(lief.ELF.Section.FLAGS.ALLOC) or name in _UNUSED or not section.size:
            continue
        if section.has(lief.ELF.Section.FLAGS.WRITE):
            raise RefusedError(f"section {name} is one that code writes to")
        image += bytes(-len(image) % max(_ALIGNMENT, section.alignment))
        places[name] = len(image)
        image += bytes(section.content)
    for relocation in read.object_relocations:
        assert relocation.section is not None
        assert relocation.symbol is not None
        name = str(relocation.section.name)
        if name in places:
            target = _place(relocation.symbol, places) + relocation.addend
            _fill_in(image, relocation.type, places[name] + relocation.address, target)
    found = {
        str(symbol.name): _place(symbol, places) for symbol in read.symbols if symbol.name in set(entries.values())
    }
    return Code(bytes(image), {name: found[symbol] for name, symbol in sorted(entries.items())})


def _place(symbol: lief.ELF.Symbol, places: dict[str, int]) -> int:
    section = "" if symbol.section is None else str(symbol.section.name)
    if section not in places:
        raise RefusedError(f"the code needs {symbol.name!s}, which the image does not hold")
    return places[section] + symbol.value


def _fill_in(image: bytearray, kind: lief.ELF.Relocation.TYPE, at: int, target: int) -> None:
    """Write into the instruction (or table) at ``at`` how far ``target`` is. Sources: the psABI of x86-64, AAELF64."""
    types = lief.ELF.Relocation.TYPE
    if kind in (types.X86_64_PC32, types.X86_64_PLT32, types.AARCH64_PREL32):
        struct.pack_into("<i", image, at, target - at)
        return
    word = struct.unpack_from("<I", image, at)[0]
    if kind in (types.AARCH64_CALL26, types.AARCH64_JUMP26):
        word |= (target - at) >> 2 & 0x3FFFFFF
    elif kind == types.AARCH64_ADR_PREL_PG_HI21:
        pages = (target >> 12) - (at >> 12)
        word |= (pages & 3) << 29 | (pages >> 2 & 0x7FFFF) << 5
    elif kind == types.AARCH64_ADD_ABS_LO12_NC:
        word |= (target & 0xFFF) << 10
    elif kind in (loads := _loads()):
        word |= (target & 0xFFF) >> loads[kind] << 10
    else:
        raise RefusedError(f"no rule for the object file's {kind}")
    struct.pack_into("<I", image, at, word)


def _loads() -> dict[lief.ELF.Relocation.TYPE, int]:
    """AArch64's loads and stores by the low bits of an address, with the power of two they count in."""
    types = lief.ELF.Relocation.TYPE
    return {
        types.AARCH64_LDST8_ABS_LO12_NC: 0, types.AARCH64_LDST16_ABS_LO12_NC: 1, types.AARCH64_LDST32_ABS_LO12_NC: 2,
        types.AARCH64_LDST64_ABS_LO12_NC: 3, types.AARCH64_LDST128_ABS_LO12_NC: 4,
    }  # fmt: skip
