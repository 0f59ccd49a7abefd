from fwsim.hypervisor.igd_trap import NO_INDEX, IobarTrap, rewrite

from fwsim.hypervisor.qemu.versions import version

HOST, GUEST = 0x7DA00001, 0xBD700000


def test_abort_before_the_firmware_reserved_stolen_memory():
    out = rewrite(6, 0x800, HOST, 0, 1, 0x7DA00001)
    assert (out.action, out.written) == ("abort", None)


def test_high_dword_is_zeroed_even_before_that():
    out = rewrite(8, 0x4000, HOST, 0, 5, 0x12345678)
    assert (out.action, out.written) == ("rewrite", 0)


def test_a_guest_address_is_shifted_as_well():
    assert rewrite(6, 0x800, HOST, GUEST, 1, GUEST | 1).written == (2 * GUEST - 0x7DA00000 + 1) & 0xFFFFFFFF


def test_latch_lasts_for_one_write():
    trap = IobarTrap.for_device(version("5.0"), 6, 0x208, HOST)
    trap.write_index(0x7FD)
    assert trap.write_data(0x7DBFF001, GUEST).trace() == "0000:00:02.0 [0x7fd] 0x7dbff001 -> 0xbd8ff001"
    assert trap.index == NO_INDEX
    assert trap.write_data(0x7DBFF001, GUEST).action == "passthrough"


def test_versions_without_the_trap_pass_everything():
    trap = IobarTrap.for_device(version("10.0"), 6, 0x208, HOST)
    trap.write_index(1)
    assert trap.write_data(0x7DA00001, 0).written == 0x7DA00001
