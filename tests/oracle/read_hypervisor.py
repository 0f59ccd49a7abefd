"""Vectors read from QEMU's vfio-igd and Xen code, Xen's vPCI, crosvm."""

import numpy as np
from guest_rig import CPU_OF_GEN, GuestRig

from fwsim.devices.igd.layout import G_DMA_COUNT
from fwsim.hypervisor.interface import IGD
from fwsim.hypervisor.qemu import versions as igd
from fwsim.scenario.model import Function, Guest, Host, Hypervisor, Scenario
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


def vpci(bars=(), decoding=False, machine="pc"):
    """A domU with a function of these BARs at 00:04.0, its decode off or on."""
    function = Function(slot="04.0", bars=bars)
    rig = GuestRig(
        Scenario(host=Host(vga="igd"), hypervisor=Hypervisor(kind="vpci"), function=(function,),
                 guest=Guest(ram=128 << 20, machine=machine))
    )  # fmt: skip
    rig.set_config(4, 2 if decoding else 0, 2, VPCI_SLOT)
    return rig


def vpci_bar(vector):
    given = vector["in"]
    kind = ("pref" if given["pref"] else "mem") + ("64" if given["is64"] else "")
    rig = vpci((f"{kind} {number(given['size']) >> 10}K",))
    start = number(given["initial_guest_addr"])
    for at, value in ((0x10, start & 0xFFFFFFFF), (0x14, start >> 32))[: 1 + given["is64"]]:
        rig.set_config(at, value, bdf=VPCI_SLOT)
    for half, value in given["writes"]:
        rig.set_config(0x14 if half == "hi" else 0x10, number(value), bdf=VPCI_SLOT)
    low, high = rig.config(0x10, bdf=VPCI_SLOT), rig.config(0x14, bdf=VPCI_SLOT)
    rig.close()
    address = low & ~0xF | (high << 32 if given["is64"] else 0)
    return {"guest_addr": address, "read_lo": low, "read_hi": high if given["is64"] else None}


def vpci_mapped(vector):
    rig = vpci(("mem 64K",))
    rig.set_config(0x10, 0xE0000000, bdf=VPCI_SLOT)
    rig.set_config(4, 2 * bool(vector["in"]["memory_decode"]), 2, VPCI_SLOT)
    rig.set_config(0x10, 0xE1000000, bdf=VPCI_SLOT)
    said = "ignored" if rig.config(0x10, bdf=VPCI_SLOT) == 0xE0000000 else "accepted"
    rig.close()
    return {"effect": agree(vector["expect"]["effect"], said)}


def vpci_untrapped(vector):
    given, expect = vector["in"], vector["expect"]
    rig = vpci()
    before = rig.config(0x5C)
    rig.set_config(0x5C, 0x12345678)
    after = rig.config(0x5C)
    held = rig.machine.pci.get(rig.machine.pci.slot(IGD), 0x5C, 4)
    rig.close()
    if given.get("op") == "write":
        dropped = after == before and held == Host().bdsm | 1
        return {key: agree(text, "dropped" if dropped else "taken", "ignored" if dropped else "taken")
                for key, text in expect.items()}  # fmt: skip
    value = expect["value"]
    return {
        "value": before if str(value).startswith("0x") else agree(value, "all ones" if before == 0xFFFFFFFF else "?")
    }


def vpci_hidden(vector):
    """The ROM BAR and a BAR that the function does not have."""
    rig = vpci(("mem 64K",))
    found = {rig.config(0x30, bdf=VPCI_SLOT), rig.config(0x24, bdf=VPCI_SLOT), rig.config(0x30)}
    rig.close()
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
