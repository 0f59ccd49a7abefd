"""Configuration space of a host's function, as its row says it: ids, header, BARs or bus numbers, capabilities.

Fields by PCI Local Bus 3.0, 6.1 and 6.8; PCI-to-PCI Bridge Architecture 1.2, 3.2.5; PCI Express 5.0, 7.5.3 (Express),
7.8.4 (AER, with the severities of its reset values), 7.9.3 (serial number), 7.7.8 (ACS), 7.8.2 (LTR), 10.5 (ATS, PRI),
9.3.3 (SR-IOV); PCI Power Management 1.2, 3.2; Advanced Capabilities ECN.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.board import capabilities as known
from fwsim.board.capabilities import Capabilities
from fwsim.board.function import BoardFunction, Setting
from fwsim.hypervisor.groups.topology import Kind
from fwsim.hypervisor.vpci.host import HostBar, lay_bars
from fwsim.scenario.host_capabilities import FIRST, HostCapability
from fwsim.scenario.host_devices import FunctionFacts
from fwsim.scenario.host_windows import Forwarded

CONFIG_BYTES, CONVENTIONAL_BYTES = 0x1000, 0x100
MSIX, VPD = 0x11, 0x03
AER, SERIAL, ACS, LTR = 0x0001, 0x0003, 0x000D, 0x0018
_PORT_TYPES: dict[Kind, int] = {
    "endpoint": 0, "legacy-endpoint": 1, "root-port": 4, "upstream": 5, "downstream": 6, "pcie-to-pci": 7,
    "pci-to-pcie": 8, "rciep": 9, "event-collector": 10,
}  # fmt: skip
"""Device/Port Type, bits 7:4 of the Express capability's register."""
_UNLINKED = ("rciep", "event-collector")
_SLOT = 1 << 8
_ROLE_BASED, _FLR = 1 << 15, 1 << 28
_DEVICE_CONTROL = 0x2810
"""At reset: relaxed ordering, no snoop, read requests of 512 bytes."""
_LINK = 0x11
"""2.5 GT/s, one lane: as a capability and as a status."""
_SEVERITY, _CORRECTABLE_MASK = 0x00462030, 0x00002000
_EXTENDED = {
    "aer": AER,
    "serial": SERIAL,
    "ats": known.ATS,
    "pri": known.PRI,
    "pasid": known.PASID,
    "ltr": LTR,
    "sriov": known.SRIOV,
}
_BRIDGE_COMMAND = 0x0007
_IO, _MEMORY = 1, 2


def host_bars(facts: FunctionFacts) -> tuple[HostBar, ...]:
    """Its BARs as vPCI takes them."""
    return tuple(HostBar(bar.index, bar.size, bar.kind, bar.is64, bar.address) for bar in facts.bars)


def configuration(facts: FunctionFacts, bridge: Forwarded | None) -> bytes:
    """The 4096 bytes that the host reads of the function, once its firmware has been there.

    ``bridge``: what it forwards, None for one that is no bridge. Beyond FFh a conventional function reads all ones.
    """
    row, place = facts.row, facts.place
    listed = _capabilities(facts)
    settings = [Setting(0x04, 2, _BRIDGE_COMMAND if bridge else _decoding(facts))]
    settings.append(Setting(0x0E, 1, (bridge is not None) | place.multifunction << 7))
    if listed.usual:
        settings += [each for each in listed.settings() if each.offset != 0x06]
        settings.append(Setting(0x06, 2, 0x0010))
    if bridge is not None:
        settings += _forwarding(bridge, place.bus & 0xFF)
    made = BoardFunction(
        place.rid & 0xFFFF, row.vendor, row.device, row.class_code, subsystem=row.device << 16 | row.vendor,
        settings=tuple(settings), pin=1, config_size=CONFIG_BYTES if place.is_express else CONVENTIONAL_BYTES,
    )  # fmt: skip
    image = bytearray(made.config())
    lay_bars(image, host_bars(facts))
    return bytes(image.ljust(CONFIG_BYTES, b"\xff"))


def _decoding(facts: FunctionFacts) -> int:
    """The command register of a function whose BARs are placed: it decodes, and no driver has let it be master."""
    return (_IO if any(bar.kind == "io" for bar in facts.bars) else 0) | (
        _MEMORY if any(bar.kind != "io" for bar in facts.bars) else 0
    )


def _forwarding(bridge: Forwarded, primary: int) -> Iterator[Setting]:
    """Bus numbers and windows; one that is closed has its base above its limit."""
    for offset, number in ((0x18, primary), (0x19, bridge.secondary), (0x1A, bridge.subordinate)):
        yield Setting(offset, 1, number)
    io = bridge.windows.get("io")
    first, last = (io[0], io[1] - 1) if io else (0xF000, 0x0FFF)
    yield Setting(0x1C, 1, first >> 8 & 0xF0 | 1)
    yield Setting(0x1D, 1, last >> 8 & 0xF0 | 1)
    yield Setting(0x30, 2, first >> 16)
    yield Setting(0x32, 2, last >> 16)
    for offset, kind, flags in ((0x20, "mem", 0), (0x24, "pref", 1)):
        window = bridge.windows.get(kind)
        first, last = (window[0], window[1] - 1) if window else (0xFFF00000, 0x000FFFFF)
        yield Setting(offset, 2, first >> 16 & 0xFFF0 | flags)
        yield Setting(offset + 2, 2, last >> 16 & 0xFFF0 | flags)
        if kind == "pref":
            yield Setting(0x28, 4, first >> 32)
            yield Setting(0x2C, 4, last >> 32)


def _capabilities(facts: FunctionFacts) -> Capabilities:
    usual, extended = [], []
    at = FIRST
    for each in facts.capabilities:
        if not each.extended:
            usual.append((_usual(each, facts)[0], at, _usual(each, facts)[1]))
            at += -(-each.length // 4) * 4
    at = 0x100
    for number, length, data in _extended(facts):
        extended.append((number, at, data))
        at += length
    return Capabilities(tuple(usual), tuple(extended))


def _usual(one: HostCapability, facts: FunctionFacts) -> tuple[int, bytes]:
    """(id, what follows the pointer to the next)."""
    match one.name:
        case "msi":
            control = (one.count.bit_length() - 1) << 1 | one.is64 << 7 | one.mask << 8
            return known.MSI, control.to_bytes(2, "little").ljust(one.length - 2, b"\0")
        case "msix" if one.table is not None and one.pba is not None:
            places = (place.offset | place.bar for place in (one.table, one.pba))
            return MSIX, (one.count - 1).to_bytes(2, "little") + b"".join(each.to_bytes(4, "little") for each in places)
        case "express":
            return known.EXPRESS_CAP, _express(facts)
        case "power":
            return known.POWER, bytes((0x03, 0, 0, 0, 0, 0))  # version 3, no PME, reset on the way back from D3
        case "af":
            return known.ADVANCED, bytes((6, 3, 0, 0))  # a pending bit, and function level reset
        case "vendor":
            return known.VENDOR, bytes((one.count,)).ljust(one.count - 2, b"\0")
    return VPD, bytes(6)


def _express(facts: FunctionFacts) -> bytes:
    kind = facts.place.kind
    image = bytearray(0x3C)
    flags = 2 | _PORT_TYPES[kind] << 4 | (_SLOT if kind in ("root-port", "downstream") else 0)
    device = _ROLE_BASED | (_FLR if facts.row.reset == "flr" else 0)
    image[2:10] = flags.to_bytes(2, "little") + device.to_bytes(4, "little") + _DEVICE_CONTROL.to_bytes(2, "little")
    if kind not in _UNLINKED:
        image[0x0C:0x10] = _LINK.to_bytes(4, "little")
        image[0x12:0x14] = _LINK.to_bytes(2, "little")
    return bytes(image[2:])


def _extended(facts: FunctionFacts) -> Iterator[tuple[int, int, bytes]]:
    """(id, bytes with the header, what follows it) of each, ACS last."""
    for each in facts.capabilities:
        if each.extended:
            yield _EXTENDED[each.name], each.length, _beyond(each, facts)
    if facts.place.acs is not None and facts.place.is_express:
        words = facts.place.acs, facts.place.enabled
        yield ACS, 8, b"".join(word.to_bytes(2, "little") for word in words)


def _beyond(one: HostCapability, facts: FunctionFacts) -> bytes:
    image = bytearray(one.length - 4)
    match one.name:
        case "aer":
            for offset, value in ((0x0C, _SEVERITY), (0x14, _CORRECTABLE_MASK)):
                image[offset - 4 : offset] = value.to_bytes(4, "little")
        case "serial":
            image[:] = facts.place.rid.to_bytes(8, "little")
        case "pri":
            image[2:8] = bytes((0, 1)) + (32).to_bytes(4, "little")  # stopped; 32 requests
        case "pasid":
            image[:2] = bytes((0, 20))  # 20 bits of PASID
        case "sriov":
            # at 0Ch InitialVFs and TotalVFs, at 14h the first VF's offset and the stride, at 1Ah their device id
            for offset, value in ((0x0C, one.count), (0x0E, one.count), (0x14, 1), (0x16, 1), (0x1A, facts.row.device)):
                image[offset - 4 : offset - 2] = value.to_bytes(2, "little")
            image[0x18:0x20] = (0x553).to_bytes(4, "little") + (1).to_bytes(4, "little")
    return bytes(image)
