"""An ELF program for AArch64: its entry, and the bytes of each segment that is loaded.

Source: System V ABI, chapter 5 (program loading). What is no such program is refused where scenarios are checked.
"""

from __future__ import annotations

from bisect import bisect_right
from hashlib import sha256

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.rom.chain import read_file

_EXPECTED = "an AArch64 ELF executable"
_MOST = 1 << 30


class Program(Struct, frozen=True):
    """``segments``: (guest-physical address, bytes), zeroes behind what the file has; ``sha256`` of the file.

    ``functions``: (address, bytes, name) in ascending order; none where the file was stripped.
    """

    entry: int
    segments: tuple[tuple[int, bytes], ...]
    sha256: str
    size: int
    functions: tuple[tuple[int, int, str], ...] = ()

    def function_at(self, address: int) -> str:
        """The function that has this address, with the offset in it; "" where no symbol says it."""
        at = bisect_right(self.functions, (address, _MOST, "")) - 1
        if at < 0:
            return ""
        start, size, name = self.functions[at]
        past = address - start
        if size and past >= size:
            return ""
        return f"{name}+{past:#x}" if past else name


def program(file: str, where: str) -> Program:
    """The program in ``file``. Raises FwsimError, naming ``where``, for a file that is damaged or loads nothing."""
    import lief

    data = read_file(file, expected=_EXPECTED)
    where = f"{where}: {file}"
    lief.logging.disable()
    binary = lief.ELF.parse(list(data))
    if binary is None:
        raise FwsimError("not a whole ELF file", where=where, found=f"{len(data)} bytes", expected=_EXPECTED)
    segments = []
    for segment in binary.segments:
        if segment.type != lief.ELF.Segment.TYPE.LOAD or not segment.virtual_size:
            continue
        start, size = segment.file_offset, segment.physical_size
        if segment.virtual_size > _MOST or size > segment.virtual_size or start + size > len(data):
            raise FwsimError(
                "a segment that the file does not have", where=where, expected="segments inside of the file",
                found=f"{size:#x} of {segment.virtual_size:#x} bytes at {start:#x}; the file has {len(data):#x}",
                hint="the file is cut short or damaged: build it again",
            )  # fmt: skip
        content = data[start : start + size]
        segments.append((segment.physical_address, content.ljust(segment.virtual_size, b"\0")))
    if not segments:
        raise FwsimError("nothing in the program is loaded", where=where, found="no PT_LOAD", expected=_EXPECTED)
    named = [each for each in binary.symtab_symbols if each.type == lief.ELF.Symbol.TYPE.FUNC and each.name]
    functions = tuple(sorted((int(each.value), int(each.size), str(each.name)) for each in named))
    return Program(binary.entrypoint, tuple(segments), sha256(data).hexdigest(), len(data), functions)
