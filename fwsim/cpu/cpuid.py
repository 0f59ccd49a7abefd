"""CPUID answers as the guest's CPU model does, as far as firmware asks it.

Sources: Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E, for leaves 8000_0000h on; the hypervisor's signature at
4000_0000h: QEMU target/i386/cpu.c (TCG) and Linux Documentation/virt/kvm/x86/cpuid.rst (KVM, here without features:
no paravirtual clock, so that time is the ACPI timer's).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

Leaf = tuple[int, int, int, int]
"""EAX, EBX, ECX, EDX."""
SIGNATURE = 0x000306A9
"""Family 6, model 58 (an Ivy Bridge): what EDX holds after reset, too."""
_FEATURES_D = 0x0F8BFBFF & ~(1 << 22)
"""FPU to SSE2 with MSR, APIC, MTRR, PAT and CLFLUSH; no ACPI thermal control."""
_FEATURES_C = 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23
"""SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT."""
_RDRAND, _HYPERVISOR, _PAE = 1 << 30, 1 << 31, 1 << 6
_LONG, _NX, _GIB_PAGES, _SYSCALL = 1 << 29, 1 << 20, 1 << 26, 1 << 11
_SIGNS = {"kvm": b"KVMKVMKVM\0\0\0", "tcg": b"TCGTCGTCGTCG"}
_MAX, _MAX_EXTENDED, _HYPERVISORS = 0x0B, 0x80000008, 0x40000000


class Cpu(Protocol):
    """The guest's CPU, as ``firmware.request.Cpu`` says it."""

    @property
    def vendor(self) -> str:
        """12 letters."""
        ...

    @property
    def phys_bits(self) -> int:
        """Physical address bits."""
        ...

    @property
    def long_mode(self) -> bool:
        """Whether it has 64-bit mode."""
        ...

    @property
    def one_gib_pages(self) -> bool:
        """Whether it has pages of 1 GiB."""
        ...

    @property
    def rdrand(self) -> bool:
        """Whether it has RDRAND."""
        ...

    @property
    def pae(self) -> bool:
        """Whether it has physical address extension."""
        ...

    @property
    def accel(self) -> str:
        """kvm, tcg, or "" for a machine that nobody emulates."""
        ...


def answers(cpu: Cpu) -> Callable[[int, int], Leaf]:
    """What ``cpu`` answers to (EAX, ECX). One processor; a leaf that it does not have reads 0."""
    ebx, edx, ecx = struct.unpack("<3I", cpu.vendor.encode())
    guest = cpu.accel in _SIGNS
    features_c = _FEATURES_C | (_RDRAND if cpu.rdrand else 0) | (_HYPERVISOR if guest else 0)
    features_d = _FEATURES_D if cpu.pae else _FEATURES_D & ~_PAE
    long = (_LONG | _NX | _SYSCALL if cpu.long_mode else 0) | (_GIB_PAGES if cpu.one_gib_pages else 0)
    table: dict[int, Leaf] = {
        0x0: (_MAX, ebx, ecx, edx), 0x1: (SIGNATURE, 1 << 16 | 8 << 8, features_c, features_d),
        0x80000000: (_MAX_EXTENDED, ebx, ecx, edx), 0x80000001: (SIGNATURE, 0, 1 if cpu.long_mode else 0, long),
        0x80000008: (cpu.phys_bits | (48 if cpu.long_mode else 32) << 8, 0, 0, 0),
    }  # fmt: skip
    if guest:
        first, second, third = struct.unpack("<3I", _SIGNS[cpu.accel])
        table[_HYPERVISORS] = (_HYPERVISORS + 1, first, second, third)

    def answer(eax: int, ecx: int) -> Leaf:
        return table.get(eax, (0, 0, 0, 0))

    return answer
