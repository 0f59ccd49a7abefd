"""Vectors read from QEMU's vfio-igd and Xen code, Xen's vPCI, crosvm."""

from fwsim.hypervisor import vpci
from fwsim.hypervisor import xen as xen_pt
from fwsim.hypervisor.qemu import versions as igd

MIB = 1 << 20
PROFILES = {"qemu-igd-v1": "5.0", "qemu-igd-v2": "9.1", "qemu-igd-new": "next"}
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
    if row.name == "QN":
        answer = {"realize_ok": False} if out.error else {"realize_ok": True, **answer}
    return answer


def old_trap(given):
    """A guest of 9.1 on such a host, whose firmware wrote the guest's base."""
    rig = GuestRig.of("qemu", "9.1", cpu=CPU_OF_GEN[given["gen"]], ggc=number(given["gmch"]),
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


def asls_first(vector):
    given = vector["in"]
    register = xen_pt.AslsRegister(number(given["host_asls"]))
    mapped = register.write(number(given["guest_write"]))
    text = f"guest pfn {mapped.guest_pfn:#x} -> host pfn {mapped.host_pfn:#x}, {mapped.pages} pages"
    return {"guest_asls_readback": register.value, "maps": text}


def asls_second(vector):
    given, expect = vector["in"], vector["expect"]
    register = xen_pt.AslsRegister(number(given.get("host_asls", "0x7a000018")))
    register.write(number(given["first"]))
    kept = register.value
    ignored = register.write(number(given["second"])) is None and register.value == kept
    return {"effect": agree(expect["effect"], "ignored" if ignored else "mapped")}


def isa_bridge(vector):
    found = xen_pt.isa_bridge(number(vector["in"]["gpu"]))
    return {"bridge": found and {"vendor": 0x8086, "device": found[0], "rev": found[1]}}


def vpci_bar(vector):
    given = vector["in"]
    bar = vpci.GuestBar(number(given["size"]), given["is64"], given["pref"], number(given["initial_guest_addr"]))
    for half, value in given["writes"]:
        bar.write(half == "hi", number(value))
    high = bar.read(True) if given["is64"] else None
    return {"guest_addr": bar.guest_address, "read_lo": bar.read(False), "read_hi": high}


def vpci_mapped(vector):
    bar = vpci.GuestBar(0x10000, guest_address=0x23000000, decoding=bool(vector["in"]["memory_decode"]))
    bar.write(False, 0x24000000)
    said = "ignored" if (bar.guest_address, bar.dropped) == (0x23000000, 1) else "accepted"
    return {"effect": agree(vector["expect"]["effect"], said)}


def vpci_untrapped(vector):
    given, expect = vector["in"], vector["expect"]
    if given.get("op") == "write":
        return {key: agree(text, "dropped", "ignored") for key, text in expect.items()}
    ones = vpci.untrapped_read(4)
    value = expect["value"]
    return {"value": ones if str(value).startswith("0x") else agree(value, "all ones" if ones == 0xFFFFFFFF else "?")}


def ecam(vector):
    found = vpci.ecam_decode(number(vector["in"]["gpa"]))
    if found is None:
        return {key: value and agree(value, "outside", "none", "fail") for key, value in vector["expect"].items()}
    bus, device, function, register = found
    sbdf = f"0000:{bus:02x}:{device:02x}.{function:x}"
    return {"sbdf": sbdf, "reg": register, "target": f"{sbdf}+0x{register:02x}"}


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
    ("qemu-xen-pt", "ASLS read before any write", lambda _: {"value": xen_pt.AslsRegister(0x7A000018).value}),
    ("qemu-xen-pt", "fake ISA bridge", isa_bridge),
    ("xen-vpci", "domU BAR write then read", vpci_bar),
    ("xen-vpci", "domU BAR write while mapped", vpci_mapped),
    ("xen-vpci", "domU untrapped config register", vpci_untrapped),
    ("xen-vpci", "domU ROM BAR", lambda _: {"value": vpci.HIDDEN_BAR}),
    ("xen-vpci", "guest ECAM address", ecam),
]
