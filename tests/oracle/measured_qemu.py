"""Vectors measured with QEMU's hw/vfio/igd.c, seven releases of it, compiled; asked of the hypervisor itself."""

from guest_rig import GuestRig

from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import HOST_BRIDGE, LPC_BRIDGE, OPREGION_FILE, Choice, Device
from fwsim.hypervisor.qemu import steps
from fwsim.hypervisor.qemu.gtt_shift import S_LIMIT
from fwsim.hypervisor.qemu.versions import BDSM_OLD

AT_1F = {"absent": "free", "ICH9": "other", "other device": "other", "vfio-pci-igd-lpc-bridge": "dummy"}
HOST = {
    HOST_BRIDGE: {0x00: 0x8086, 0x02: 0x0154, 0x08: 0x0009, 0x2C: 0x17AA, 0x2E: 0x21FA},
    LPC_BRIDGE: {0x00: 0x8086, 0x02: 0x1E55, 0x08: 0x0004, 0x2C: 0x17AA, 0x2E: 0x21FB},
}
"""The bridges of the host that the vectors were made on, 16 bits at each offset."""
NAMES = {HOST_BRIDGE: "00:00.0", LPC_BRIDGE: "00:1f.0"}
CPU_OF_ID = {
    "0x01": "sandybridge", "0x04": "haswell", "0x0a": "haswell", "0x0f": "ivybridge", "0x16": "broadwell",
    "0x19": "skylake", "0x22": "broadwell", "0x59": "kabylake",
}  # fmt: skip
PORTS = {"index": 0, "data": 4}
COMMAND = 6
"""What the device's command register held there."""


def number(text):
    return int(text, 16)


def devfn(slot):
    bus, _, rest = slot.partition(":")
    device, _, function = rest.partition(".")
    return int(bus, 16) << 8 | int(device, 16) << 3 | int(function)


def asked(vector):
    """(choice, device) of a vector's ``in``."""
    given = vector["in"]
    option = {name: {"default": "auto"}.get(given.get(name, "auto"), given.get(name, "auto"))
              for name in ("x-igd-opregion", "x-igd-lpc", "x-igd-legacy-mode")}  # fmt: skip
    choice = Choice(
        "qemu", vector["system"].removeprefix("qemu-"), number(given["x-igd-gms"]), option["x-igd-opregion"],
        option["x-igd-lpc"], "on" if given["x-vga"] else "auto", option["x-igd-legacy-mode"],
    )  # fmt: skip
    device = Device(
        device_id=number(given["device"]), generation=0, ggc=number(given["ggc_dword"]),
        bdsm=number(given["host_bdsm"]) & ~1, stolen=0, asls=0, class_code=number(given["class_code"]) << 8,
        machine=given["machine"], devfn=devfn(given["slot"]), rom=given["rom_region"], romfile=given["romfile"],
        opregion_region=given["opregion_region"], vga_region=given["vga_region"],
        host_region=given["host_cfg_region"], lpc_region=given["lpc_cfg_region"], hotplugged=given["hotplugged"],
        at_1f=AT_1F[given["1f.0"]],
    )  # fmt: skip
    return choice, device


def emulated(given):
    """Every answered register by dwords."""
    return [
        {"offset": row.offset + at, "bits": 0xFFFFFFFF, "writable": row.writable >> 8 * at & 0xFFFFFFFF,
         "start": row.value >> 8 * at & 0xFFFFFFFF}
        for row in given.registers for at in range(0, row.width, 4)
    ]  # fmt: skip


def traps(given):
    names = {steps.GGC_MIRROR.offset: "vfio-igd-ggc-quirk"}
    mirrors = [
        {"bar": 0, "name": names.get(each.offset, "vfio-igd-bdsm-quirk"), "offset": each.offset, "size": each.width}
        for each in given.overlays
    ]
    ports = [{"bar": 4, "name": f"vfio-igd-{name}-quirk", "offset": at, "size": 4} for name, at in PORTS.items()]
    return mirrors + (ports if given.ports_trapped else [])


def files(vector, given):
    length = vector["in"]["opregion_size"]
    region = [{"name": OPREGION_FILE, "length": length, "content": "copy of the region"}] if given.opregion else []
    return region + [
        {"name": name, "length": len(content), "content": content.hex()} for name, content in given.files.items()
    ]


def start_up(vector):
    choice, device = asked(vector)
    given = kinds.hypervisor(choice).assign(device)
    answer = {
        "generation": given.generation,
        "legacy_mode": not given.refusal,
        "realize": "crash" if given.aborted else "refused" if given.error else "ok",
        "messages": given.messages,
        "emulated": emulated(given),
        "bar_traps": traps(given),
        "fw_cfg": files(vector, given),
        "copied": [
            {"to": NAMES[bdf], "offset": each.offset, "length": each.width, "value": HOST[bdf][each.offset]}
            for bdf, rows in given.copies.items() for each in rows
        ],
        "lpc_bridge_created": given.lpc is not None,
        "vga_access": given.vga,
        "rom_disabled": given.rom_disabled,
    }  # fmt: skip
    if given.aborted:
        answer["crash"] = given.aborted
    if given.cleared:
        answer["gtt_zeroed"] = {
            "count": len(given.cleared), "first": given.cleared[0], "last": given.cleared[-1],
            "limit": given.cleared.stop,
        }  # fmt: skip
        answer["command_writes"] = [[4, COMMAND | 1], [4, COMMAND]]
    in_message = f"error: {given.error}" in given.messages  # then QEMU leaves the error object empty
    if given.error and not in_message:
        answer["error"] = given.error
    extra = {"error", "crash", "gtt_zeroed"} & answer.keys() - vector["expect"].keys()
    assert not extra, f"{sorted(extra)} should not be there"
    return answer


def ports(vector):
    """The accesses of a guest to the port pair, of a machine; what each data write is when it reaches the device."""
    inputs, reached = vector["in"], []
    rig = GuestRig.of("qemu", vector["system"].removeprefix("qemu-"), cpu=CPU_OF_ID[inputs["device"][:4]],
                      device_id=number(inputs["device"]), ggc=number(inputs["ggc"]),
                      bdsm=number(inputs["host_bdsm"]) & ~1)  # fmt: skip
    rig.set_config(BDSM_OLD, number(inputs["guest_bdsm"]))
    for kind, *value in inputs["ops"]:
        if kind.startswith("read"):
            rig.in_(PORTS[kind.removeprefix("read_")])
            reached.append(None)
            continue
        before = rig.machine.recorder.count
        rig.out(PORTS[kind], number(value[0]))
        if rig.aborted:
            reached.append("abort")
            break
        if kind == "index":
            reached.append(None)
            continue
        assert rig.machine.recorder.count > before, "the write left no event"
        reached.append(int(rig.last["value"]))
    limit = int(rig.machine.policy.words[S_LIMIT])
    rig.close()
    return {"writes_reaching_device": reached, "index_limit": limit}


ROWS = [("qemu-", "igd.c: what QEMU does with an IGD", start_up), ("qemu-", "BAR4 index/data trap", ports)]
