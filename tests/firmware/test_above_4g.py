"""What becomes of the host's addresses above 4 GiB where software keeps 32 bits of them."""

from fwsim.firmware import acrn
from fwsim.firmware.request import Function, Host, Request
from fwsim.hypervisor.vfio.opregion import region_bytes, view

IGD = Function(0x10, 0x8086, 0x9A49, 0x030000, ggc=0x2C1)
ASLS = 0x7A000018


def test_acrn_cuts_what_the_guest_reads_of_stolen_memory_above_4g():
    """passthrough.c: gpu_dsm_gpa has 64 bits, gpu_opregion_gpa and each write to configuration space 32."""
    host = Host(bdsm=0x27C000000, bdsm_raw=0x27C000001, asls=0x7A000018, gen=12)
    out = acrn.place(Request(functions=(IGD,), host=host))
    assert (out.bdsm, out.bdsm_value) == ({0x10: 0x7C000000}, {0x10: 0x7C000001})
    assert out.asls == {0x10: 0x7BFFB018}
    assert out.mapped == [(0x7BFFB000, 0x7C000000), (0x27C000000, 0x280000000)]
    assert (0x7BFFB000, 0x80000000, "RESERVED") in out.e820
    assert out.notes == [
        "the host's stolen memory is mapped at 0x27c000000, and the guest reads the low 32 bits of that, 0x7c000000"
    ]


def test_acrn_leaves_what_the_guest_reads_whole_below_4g():
    host = Host(bdsm=0x7C000000, bdsm_raw=0x7C000001, asls=0x7A000018, gen=12)
    out = acrn.place(Request(functions=(IGD,), host=host))
    assert (out.bdsm, out.mapped, out.notes) == ({0x10: 0x7C000000}, [(0x7BFFB000, 0x80000000)], [])


def test_vfio_keeps_the_address_of_an_extended_vbt_in_32_bits():
    """``addr`` of vfio_pci_igd_opregion_init is a u32, absolute in 2.0 and counted from the OpRegion later."""
    assert view(ASLS, 0x200, 8, 0x47B000000, 0x1000).vbt == 0x7B000000
    assert view(ASLS, 0x201, 8, 0x100002000, 0x1000).vbt == ASLS + 0x2000
    assert view(ASLS, 0x201, 8, 0xFFFFF000, 0x1000).vbt == ASLS - 0x1000
    assert view(ASLS, 0x200, 8, 0x47B000000, 0x1000).config_asls == 0x7B000000


def test_vfio_shows_the_size_of_an_extended_vbt_all_the_same():
    head = bytearray(0x2000)
    head[:0x18] = b"IntelGraphicsMem" + (8).to_bytes(4, "little") + (0x02000000).to_bytes(4, "little")
    head[0x3BA:0x3C6] = (0x47B000000).to_bytes(8, "little") + (0x1000).to_bytes(4, "little")
    region = region_bytes(bytes(head), b"\x5a" * 0x1000, ASLS)
    assert region[0x2000:] == b"\x5a" * 0x1000
    assert region[0x3BA:0x3C2] == (0x2000).to_bytes(8, "little")
