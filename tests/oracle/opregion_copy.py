"""The OpRegion as a run copies it, into memory that was full of something else."""

from fwsim.machine.apply_placement import copy_opregion
from fwsim.memory.ram import PAGE, Ram

DIRT, FILE = b"\xa5", b"\x5a"


def copied(row, base, size):
    """What lies from the start of the OpRegion's first page to the end of the page after its last one."""
    start = base // PAGE * PAGE
    length = (base + size - start + PAGE - 1) // PAGE * PAGE + PAGE
    memory = Ram(length, "pages")
    memory.write(0, DIRT * length)
    copy_opregion(FILE * size, base, [(start, start + length, memory, start)], whole_pages=row.whole_pages)
    return memory.read(0, length)[base - start :]


def tail(row, base, size):
    """Bytes that are zero behind the file, -1 where the file itself is not there."""
    seen = copied(row, base, size)
    rest = seen[size:]
    return len(rest) - len(rest.lstrip(b"\0")) if seen[:size] == FILE * size else -1
