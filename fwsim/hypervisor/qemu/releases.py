"""QEMU's releases: which there are from the first with IGD assignment on, and what their machines take of CPUs and RAM.

Sources: the release tags of QEMU; hw/i386/pc_q35.c of 10.2 and hw/i386/pc_piix.c (max_cpus by machine type);
hw/i386/pc.c, pc_memory_init and pc_max_used_gpa of 7.2, asked of the binary as well.
"""

from __future__ import annotations

import re
from functools import lru_cache

from fwsim.errors import FwsimError
from fwsim.firmware.request import Cpu
from fwsim.memory.ramsplit import highest_used, largest_ram, last_of_ram, ram_split
from fwsim.units import GIB, format_size

SERIES: tuple[tuple[int, int], ...] = (
    (2, 7), (2, 8), (2, 9), (2, 10), (2, 11), (2, 12), (3, 0), (3, 1), (4, 0), (4, 1), (4, 2), (5, 0), (5, 1), (5, 2),
    (6, 0), (6, 1), (6, 2), (7, 0), (7, 1), (7, 2), (8, 0), (8, 1), (8, 2), (9, 0), (9, 1), (9, 2), (10, 0), (10, 1),
    (10, 2), (11, 0), (11, 1),
)  # fmt: skip
"""Major and minor numbers, oldest first; each had patch levels, the last with no end yet."""
NEXT = "next"
"""What comes after the last of them."""
_NEXT = (SERIES[-1][0], SERIES[-1][1], 99)
_NUMBER = re.compile(r"\d{1,3}(\.\d{1,3}){1,2}")
_Q35_CPUS = (((9, 0), 4096), ((8, 1), 1024), ((2, 8), 288))
_MOST_CPUS = 255
"""Of a pc in every release, and of a q35 before 2.8: an APIC's number has 8 bits there."""
_CHECKS_SPACE = (7, 1)


@lru_cache(maxsize=64)
def release(profile: str) -> tuple[int, ...]:
    """The numbers of ``profile``, a release such as "8.2" or "10.0.13", or "next". Raises FwsimError for none."""
    if profile == NEXT:
        return _NEXT
    number = tuple(map(int, profile.split("."))) if _NUMBER.fullmatch(profile) else ()
    if number[:2] in SERIES:
        return number
    below = next((_text(each) for each in reversed(SERIES) if each < number), "")
    above = next((_text(each) for each in SERIES if each > number), "")
    if not number:
        hint = 'such as "9.2" or "10.0.2"'
    elif not below:
        hint = f"{above} is the first with IGD assignment"
    elif not above:
        hint = f'{below} is the newest known here; "{NEXT}" stands for what follows'
    else:
        hint = f"the nearest are {below} below and {above} above"
    raise FwsimError(
        "no such QEMU release", where="hypervisor.profile", found=repr(profile),
        expected=f'a release from {_text(SERIES[0])} to {_text(SERIES[-1])}, or "{NEXT}"', hint=hint,
    )  # fmt: skip


def _text(number: tuple[int, ...]) -> str:
    return ".".join(map(str, number))


def most_cpus(machine: str, number: tuple[int, ...]) -> int:
    """The most CPUs that the newest ``machine`` of release ``number`` takes."""
    rows = _Q35_CPUS if machine == "q35" else ()
    return next((count for since, count in rows if number >= since), _MOST_CPUS)


def check_guest(machine: str, ram: int, max_low: int | None, cpu: Cpu, number: tuple[int, ...]) -> None:
    """Refuse CPUs and RAM that a ``machine`` of release ``number`` does not take. Raises FwsimError.

    From 7.1 on QEMU itself refuses RAM whose end, with the window for 64-bit BARs behind it, its CPU cannot address;
    before, RAM alone counts here: QEMU started, and the guest did not find all of it.
    """
    most = most_cpus(machine, number)
    if not 1 <= cpu.count <= most:
        raise FwsimError(
            f"the machine does not take as many CPUs as that: {machine} takes {most}" if cpu.count else "no CPU",
            where="guest.cpus", found=str(cpu.count), expected=f"1 to {most}",
            hint=_more_cpus(machine, cpu.count) if cpu.count else "leave it out: one CPU",
        )  # fmt: skip
    if cpu.phys_bits <= 32:
        return
    amd, limit = cpu.vendor == "AuthenticAMD", (1 << cpu.phys_bits) - 1
    low, high = ram_split(machine, ram, max_low=max_low)
    last = highest_used(machine, high, amd=amd) if number >= _CHECKS_SPACE else last_of_ram(low, high)
    if last > limit:
        most = largest_ram(machine, low, limit, amd=amd) if number >= _CHECKS_SPACE else low + limit + 1 - 4 * GIB
        raise FwsimError(
            "RAM larger than the address space", where="guest.ram",
            found=f"{format_size(ram)}: Address space limit {limit:#x} < {last:#x} phys-bits too low ({cpu.phys_bits})",
            expected=f"up to {format_size(most)} with {cpu.phys_bits} physical address bits",
            hint=f"give it a CPU with {last.bit_length()}, if the host's has them",
        )  # fmt: skip


def _more_cpus(machine: str, count: int) -> str:
    found = next((since for since, most in reversed(_Q35_CPUS) if count <= most), None)
    return f"q35 takes {count} from QEMU {_text(found)} on" if found else "take fewer"
