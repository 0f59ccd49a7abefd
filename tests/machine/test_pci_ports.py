"""CF8 and CFC as code uses them: widths, lanes, the enable bit, and the events they make."""

from fwsim.trace.event import Actor, Op, Space


def outs(made):
    return [(port, value) for _, port, value, op in made.ports() if op == Op.WRITE]


def reads(made):
    return [
        (int(e["ip"]), int(e["width"]), int(e["address"]), int(e["value"]))
        for e in made.events() if e["space"] == Space.PCI and e["op"] == Op.READ and e["actor"] == Actor.ROM
    ]  # fmt: skip


def test_widths_and_lanes(rig):
    """Vendor and device of 00:02.0 as dword, word at CFE, byte at CFD."""
    made = rig("66b800100080 baf80c 66ef bafc0c 66ed bafe0c ed bafd0c ec cb")
    assert made.post().reason == "completed"
    assert reads(made) == [
        (0x10E, 4, 0x10000, 0x01268086), (0x113, 2, 0x10002, 0x0126), (0x117, 1, 0x10001, 0x80),
    ]  # fmt: skip


def test_without_the_enable_bit_nothing_answers(rig):
    made = rig("66b800100000 baf80c 66ef bafc0c 66ed cb")
    made.post()
    assert reads(made)[0][3] == 0xFFFFFFFF


def test_a_byte_at_cf8_is_not_the_address_register(rig):
    made = rig("66b800100080 baf80c 66ef b0ff ee 66ed cb")
    made.post()
    assert made.machine.engine.get("eax") == 0x80001000
