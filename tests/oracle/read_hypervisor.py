"""Vectors read from QEMU's vfio-igd and Xen code, Xen's vPCI, crosvm."""

import numpy as np
from guest_rig import CPU_OF_GEN, GuestRig

from fwsim.devices.igd.layout import G_DMA_COUNT
from fwsim.hypervisor.interface import IGD
from fwsim.hypervisor.qemu import versions as igd
from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.ecam import decode
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.rules import Rules
from fwsim.scenario.model import Guest, Host, Hypervisor, Scenario
from fwsim.trace.event import Op, Space
from fwsim.trace.qemu_lines import QemuLines

MIB = 1 << 20
VPCI_SLOT, ARM_ECAM = 0x20, 0x10000000
PROFILES = {"qemu-igd-v1": "5.0", "qemu-igd-v2": "9.2.50", "qemu-igd-new": "next"}
ROWS_BY_SYSTEM = {system: igd.version(profile) for system, profile in PROFILES.items()}


def number(value):
    return value if value is None or isinstance(value, int) else int(value, 0)


def facts(vector):
    """The row and the inputs as numbers."""
    return ROWS_BY_SYSTEM.get(vector["system"]), vector["in"]


def agree(expected, *words):
    """``expected`` where the prose says one of ``words``, else a sentence that says what was looked for."""
    return expected if any(word in str(expected).lower() for word in words) else f"not said: {words}"


def device_gen(vector):
    row, given = facts(vector)
    return {"gen": igd.generation(row, number(given["device_id"]))}


def gms(vector):
    row, given = facts(vector)
    return {"mb": igd.gms_mib(row, given["gen"], number(given["gmch"]))}


def ggms(vector):
    row, given = facts(vector)
    gen, gmch = given["gen"], number(given["gmch"])
    return {
        "ggms_mb": igd.ggms_mib(row, gen, gmch),
        "index_limit_exclusive": igd.index_limit(row, gen, gmch),
        "gtt_zeroing_writes": len(igd.zeroed_indices(row, gen, gmch)),
    }


def bdsm_size(vector):
    row, given = facts(vector)
    out = igd.stolen(row, given["gen"], number(given["host_gmch"]), number(given.get("x-igd-gms", 0)))
    answer = {"bdsm_size_mb": out.bdsm_size // MIB, "guest_gmch": out.gmch}
    if row.detects:
        answer = {"realize_ok": False} if out.error else {"realize_ok": True, **answer}
    return answer


def old_trap(given):
    """A guest of 9.2.50 on such a host, whose firmware wrote the guest's base."""
    rig = GuestRig.of("qemu", "9.2.50", cpu=CPU_OF_GEN[given["gen"]], ggc=number(given["gmch"]),
                      bdsm=number(given["host_bdsm_raw"]))  # fmt: skip
    assert rig.built.given.generation == given["gen"]
    rig.set_config(0x5C, number(given["guest_bdsm"]))
    return rig


def outcome(rig):
    """What became of the last GTT write, from its event: action, the dword that reached the device, QEMU's line."""
    event = rig.last
    assert (int(event["space"]), int(event["op"])) == (Space.GTT, Op.WRITE)
    value, aux = int(event["value"]), int(event["aux"])
    if rig.aborted:
        return "abort", None, ""
    assert rig.gtt(int(event["address"]) >> 2) == value
    lines = [line for line in QemuLines().lines(np.array([event])) if "bar4_write" in line]
    if not lines:
        assert value == aux
        return "passthrough", value, ""
    return "rewrite", value, lines[0].removeprefix("vfio_pci_igd_bar4_write ")


def iobar_write(vector):
    given, expect = vector["in"], vector["expect"]
    rig = old_trap(given)
    if number(given["index_reg"]) & 1:
        rig.out(0, number(given["index_reg"]))
        rig.out(4, number(given["data"]))
        action, written, trace = outcome(rig)
    else:  # a register's index: the data port writes that register as it is
        rig.out(0, number(given["index_reg"]))
        rig.out(4, number(given["data"]))
        event = rig.last
        assert int(event["space"]) == Space.MMIO
        action, written, trace = "passthrough" if event["value"] == event["aux"] else "rewrite", int(event["value"]), ""
    rig.close()
    if action == "abort":
        return {key: agree(text, "abort", "fatal", "hw_error", "die") if text else text for key, text in expect.items()}
    return {"action": action, "written": written, "trace": trace}


def iobar_latch(vector):
    given, expect = vector["in"], vector["expect"]
    rig = old_trap(given)
    for op in given["ops"]:
        way, port, *value = op.split()
        at = 0 if port in ("idx", "index") else 4
        if way == "R":
            rig.in_(at)
        else:
            rig.out(at, number(value[0]))
    action, written, _ = outcome(rig)
    rig.close()
    word, value, *_ = expect["last_write"].split()
    assert (word, number(value)) == (action, written)
    return {"last_write": expect["last_write"]}


def iobar_new(vector):
    given = vector["in"]
    rig = GuestRig.of("qemu", "next", cpu="skylake")
    rig.out(0, number(given["index_reg"]))
    rig.out(4, number(given["data"]))
    action, written, _ = outcome(rig)
    rig.close()
    return {"action": action, "written": written}


def xen(host_asls="0x7a000018", **host):
    return GuestRig.of("xen", cpu="haswell", asls=number(host_asls), **host)


def asls_first(vector):
    given = vector["in"]
    rig = xen(given["host_asls"])
    written, host = number(given["guest_write"]), number(given["host_asls"])
    rig.set_config(0xFC, written)
    held = rig.config(0xFC)
    rig.machine.engine.write(held, b"guest's word")
    pages = 0
    regions = rig.machine.igd.dma[: int(rig.machine.igd.block[G_DMA_COUNT])].tolist()
    for first, end, _ in regions:
        if first == written:
            pages = (end - first) >> 12
    shown = rig.machine.engine.read(written + (host & 0xFFF) + 0, 4) == b"gues"
    rig.close()
    text = f"guest pfn {written >> 12:#x} -> host pfn {host >> 12:#x}, {pages} pages" if shown else "nothing"
    return {"guest_asls_readback": held, "maps": text}


def asls_second(vector):
    given, expect = vector["in"], vector["expect"]
    rig = xen()
    rig.set_config(0xFC, number(given["first"]))
    kept, regions = rig.config(0xFC), rig.machine.igd.dma.tolist()
    rig.set_config(0xFC, number(given["second"]))
    ignored = rig.config(0xFC) == kept and rig.machine.igd.dma.tolist() == regions
    rig.close()
    return {"effect": agree(expect["effect"], "ignored" if ignored else "mapped")}


def asls_unwritten(vector):
    rig = xen()
    value = rig.config(0xFC)
    rig.close()
    return {"value": value}


def isa_bridge(vector):
    rig = xen(device_id=number(vector["in"]["gpu"]))
    found = rig.lpc()
    rig.close()
    return {"bridge": found and dict(zip(("vendor", "device", "rev"), found, strict=True))}


def crosvm_ggc(vector):
    rig = GuestRig.of("crosvm")
    slot = rig.machine.pci.slot(IGD)
    rig.machine.pci.set(slot, 0x50, 4, number(vector["in"]["hw"]))
    value = rig.config(0x50)
    rig.close()
    return {"guest": value}


def vpci(bars=(), rules=None):
    """A function of a domU of Xen's as it is (no handlers for ids) with these BARs, as its vPCI shows it."""
    return VpciFunction(HostDevice(VPCI_SLOT, bytes(0x1000), bars), Domain(rules or Rules(ids=False)))


def vpci_read(function, offset, width=4):
    return function.read(VPCI_SLOT, offset, width)


def vpci_bar(vector):
    given = vector["in"]
    kind = "pref" if given["pref"] else "mem"
    function = vpci((HostBar(0, number(given["size"]), kind, given["is64"], number(given["initial_guest_addr"])),))
    if given.get("memory_decode"):
        function.write(VPCI_SLOT, 4, 2, 2)
    for half, value in given["writes"]:
        function.write(VPCI_SLOT, {"lo": 0x10, "hi": 0x14, "cmd": 4}[half], 2 if half == "cmd" else 4, number(value))
    low, high = vpci_read(function, 0x10), vpci_read(function, 0x14)
    address = low & ~0xF | (high << 32 if given["is64"] else 0)
    assert address == function.bars[0].guest
    return {"guest_addr": address, "read_lo": low, "read_hi": high if given["is64"] else None}


def vpci_mapped(vector):
    lines = []
    function = VpciFunction(HostDevice(VPCI_SLOT, bytes(0x1000), (HostBar(0, 0x10000, "mem", False, 0xE0000000),)),
                            Domain(Rules(), lines.append))  # fmt: skip
    function.write(VPCI_SLOT, 4, 2, 2 * bool(vector["in"]["memory_decode"]))
    function.write(VPCI_SLOT, 0x10, 4, 0xE1000000)
    kept = vpci_read(function, 0x10) == 0xE0000000
    warned = any("ignored guest BAR 0 write while mapped" in line for line in lines)
    assert kept == warned == bool(vector["in"]["memory_decode"])
    words = ("ignored", "dropped") if kept else ("accepted", "taken", "stored", "updated")
    return {"effect": agree(vector["expect"]["effect"], *words)}


def vpci_untrapped(vector):
    """A register of a guest's IGD, on a PC, whose functions vPCI owns: the device's own stays as it is."""
    given, expect = vector["in"], vector["expect"]
    register = number(given["reg"])
    rig = GuestRig(Scenario(host=Host(vga="igd"), hypervisor=Hypervisor(kind="vpci"), guest=Guest(ram=128 << 20)))
    slot = rig.machine.pci.slot(IGD)
    before, held = rig.config(register), rig.machine.pci.get(slot, register, 4)
    rig.set_config(register, 0x12345678)
    dropped = rig.config(register) == before and rig.machine.pci.get(slot, register, 4) == held
    rig.close()
    if given.get("op") == "write":
        return {key: agree(text, "dropped" if dropped else "taken", "ignored" if dropped else "taken")
                for key, text in expect.items()}  # fmt: skip
    value = expect["value"]
    return {
        "value": before if str(value).startswith("0x") else agree(value, "all ones" if before == 0xFFFFFFFF else "?")
    }


def vpci_hidden(vector):
    """The ROM BAR, a BAR that the function does not have, and an I/O BAR on Arm."""
    function = vpci((HostBar(0, 0x10000, "mem", False, 0xE0000000), HostBar(1, 0x20, "io", False, 0x1000)))
    found = {vpci_read(function, offset) for offset in (0x30, 0x24, 0x14)}
    return {"value": found.pop() if len(found) == 1 else sorted(found)}


def ecam(vector):
    """The window at Arm's address, on the machine that has one: which function and register the access reached."""
    rig = GuestRig.of("qemu", machine="q35", ram="128M")
    rig.set_config(0x60, ARM_ECAM | 1, bdf=0)
    at = number(vector["in"]["gpa"])
    if not ARM_ECAM <= at < ARM_ECAM + (256 << 20):
        before = rig.machine.recorder.count
        rig.machine.engine.read(at, 4)
        missed = rig.machine.recorder.count == before
        rig.close()
        word = "outside" if missed else "inside"
        return {key: value and agree(value, word) for key, value in vector["expect"].items()}
    rig.machine.engine.read(at, 4)
    event = rig.last
    rig.close()
    assert int(event["space"]) == Space.PCI
    address = int(event["address"])
    assert decode(at, ARM_ECAM) == (address >> 12, address & 0xFFF)
    sbdf = f"0000:{address >> 20:02x}:{address >> 15 & 31:02x}.{address >> 12 & 7:x}"
    return {"sbdf": sbdf, "reg": address & 0xFFF, "target": f"{sbdf}+0x{address & 0xFFF:02x}"}


ROWS = [
    ("qemu-igd-", "device id to generation", device_gen),
    ("qemu-igd-", "GMS decode", gms),
    ("qemu-igd-", "GGMS decode", ggms),
    ("qemu-igd-", "etc/igd-bdsm-size", bdsm_size),
    ("qemu-igd-old", "IOBAR data-port write", iobar_write),
    ("qemu-igd-old", "index latch", iobar_latch),
    ("qemu-igd-new", "IOBAR data-port write", iobar_new),
    ("qemu-xen-pt", "ASLS first guest write", asls_first),
    ("qemu-xen-pt", "ASLS second guest write", asls_second),
    ("qemu-xen-pt", "ASLS read before any write", asls_unwritten),
    ("qemu-xen-pt", "fake ISA bridge", isa_bridge),
    ("xen-vpci", "domU BAR write then read", vpci_bar),
    ("xen-vpci", "domU BAR write while mapped", vpci_mapped),
    ("crosvm", "config 0x50", crosvm_ggc),
    ("xen-vpci", "domU untrapped config register", vpci_untrapped),
    ("xen-vpci", "domU ROM BAR", vpci_hidden),
    ("xen-vpci", "guest ECAM address", ecam),
]
