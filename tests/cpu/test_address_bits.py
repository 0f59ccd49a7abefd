"""Unicorn's x86 has 40 physical address bits: an entry of a page table that leads further is taken for a wrong one."""

import pytest
import unicorn
from unicorn import x86_const as x86

from fwsim.firmware.ovmf_image import OvmfImage


def read_at(far):
    """What code in 64-bit mode reads at linear 200000h, where a page of 2 MiB at ``far`` is mapped."""
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    uc.mem_map(0, 0x200000)
    uc.mem_map(far, 0x200000)
    uc.mem_write(far, b"\x34\x12\0\0")
    for at, entry in ((0x1000, 0x2007), (0x2000, 0x3007), (0x3000, 0x87), (0x3008, far | 0x87)):
        uc.mem_write(at, entry.to_bytes(8, "little"))
    for register, value in ((x86.UC_X86_REG_CR3, 0x1000), (x86.UC_X86_REG_CR4, 0x20), (x86.UC_X86_REG_CR0, 0x80000011)):
        uc.reg_write(register, value)
    uc.mem_write(0x8000, bytes.fromhex("8b042500002000 f4"))
    uc.emu_start(0x8000, 0x9000)
    return uc.reg_read(x86.UC_X86_REG_EAX)


def test_the_last_address_that_a_page_can_lead_to():
    assert read_at(1 << OvmfImage.most_bits - 1) == 0x1234
    with pytest.raises(unicorn.UcError) as error:
        read_at(1 << OvmfImage.most_bits)
    assert error.value.errno == unicorn.UC_ERR_EXCEPTION
