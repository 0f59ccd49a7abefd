from fwsim.hypervisor.vfio.opregion import region_bytes, view, view_of


def opregion(version, rvda=0, rvds=0, size_kib=8):
    head = bytearray(0x2000)
    head[:16] = b"IntelGraphicsMem"
    head[0x10:0x14] = size_kib.to_bytes(4, "little")
    head[0x16:0x18] = version.to_bytes(2, "little")
    head[0x3BA:0x3C2] = rvda.to_bytes(8, "little")
    head[0x3C2:0x3C6] = rvds.to_bytes(4, "little")
    return bytes(head)


def test_no_device_without_an_address():
    assert view(0, 0x200, 8, 0, 0).errno == "ENODEV"
    assert view(0xFFFFFFFF, 0x200, 8, 0, 0).errno == "ENODEV"


def test_wrong_signature():
    assert view_of(bytes(0x2000), 0x7A000018).errno == "EINVAL"
    assert region_bytes(bytes(0x2000), b"", 0x7A000018) == b""


def test_extended_vbt_is_stitched_behind_8_kib():
    vbt = bytes(range(256)) * 24
    region = region_bytes(opregion(0x200, 0x7B000000, 0x1000), vbt, 0x7A000018)
    assert len(region) == 0x3000
    assert region[0x2000:] == vbt[:0x1000]
    assert region[0x16:0x18] == b"\x01\x02"
    assert region[0x3BA:0x3C2] == (0x2000).to_bytes(8, "little")


def test_rvda_without_a_size_is_hidden():
    region = region_bytes(opregion(0x201, 0x2000, 0), b"", 0x7A000018)
    assert len(region) == 0x2000
    assert region[0x3BA:0x3C2] == bytes(8)
