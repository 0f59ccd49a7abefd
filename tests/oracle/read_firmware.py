"""Vectors read from SeaBIOS, VfioIgdPkg, OVMF, hvmloader, bhyve, ACRN and QEMU's machines."""

import re

import opregion_copy
import rom_entry
from guest_rig import CPU_OF_GEN, GuestRig
from measured_seabios import size_of
from read_hypervisor import agree, number

from fwsim.errors import FwsimError
from fwsim.firmware import acrn, bhyve, hvmloader, ovmf, seabios
from fwsim.firmware.hvmloader import HvmloaderOptions
from fwsim.firmware.ovmf import igd as ovmf_igd
from fwsim.firmware.ovmf.pages import PageAllocator
from fwsim.firmware.ovmf.versions import version_row
from fwsim.firmware.ovmf.window import aperture, window64
from fwsim.firmware.ovmf_options import OvmfOptions
from fwsim.firmware.request import IGD_BDF, Bar, Cpu, Function, Placement, Request, format_bdf, parse_bdf
from fwsim.firmware.seabios import optionrom
from fwsim.firmware.seabios.place import load_int, pcimem_start
from fwsim.memory.e820 import HOLE, E820Map
from fwsim.memory.ramsplit import ram_split
from fwsim.scenario.model import Firmware, Guest, Host, Hypervisor, Scenario

MIB, GIB, FOUR_GIB = 1 << 20, 1 << 30, 1 << 32
IGD_BARS = (Bar(0, 4 * MIB, "mem", True), Bar(2, 256 * MIB, "pref", True), Bar(4, 64, "io"))
MACHINES = {"i440fx": "pc", "pc": "pc", "q35": "q35"}


def igd(bdf="00:02.0", device=0x166, code=0x030000, bars=IGD_BARS, vendor=0x8086, ggc=0x208):
    return Function(parse_bdf(bdf), vendor, device, code, bars, ggc=ggc)


def platform(*functions):
    chips = ((0x00, 0x1237, 0x060000), (0x08, 0x7000, 0x060100), (0x09, 0x7010, 0x010180), (0x0B, 0x7113, 0x068000))
    return (*(Function(bdf, 0x8086, device, code) for bdf, device, code in chips), *functions)


def seabios_request(version, low, bdsm, opregion=0x2000, functions=None, high=0):
    e820 = [(0, low, 1)] + ([(FOUR_GIB, high, 1)] if high else [])
    raw = None if bdsm is None else bdsm.to_bytes(8, "little")
    return Request(
        functions=platform(*(functions or (igd(),))), opregion_size=opregion, bdsm_file=raw, version=version,
        e820=tuple(e820), cpu=Cpu("GenuineIntel", 39),
    )  # fmt: skip


def placement(vector):
    given = vector["in"]
    version = "1.16.1" if ">=" in vector["system"] else "1.16.0"
    numbers = [number(given[key]) for key in ("low_ram_top", "bdsm_size", "opregion_size")]
    out = seabios.place(seabios_request(version, *numbers))
    return {"opregion": out.asls.get(IGD_BDF), "bdsm": out.bdsm.get(IGD_BDF)}


def observed_log(vector):
    given = vector["in"]
    vendor, device = (int(part, 16) for part in given["device"].split(":"))
    size = (8 + 32 * given["x-igd-gms"]) * MIB
    device = igd(device=device, vendor=vendor)
    request = seabios_request("1.12", number(given["low_ram_top"]), size, functions=(device,),
                              high=number(given["high_ram"]))  # fmt: skip
    out = seabios.place(request)
    start, end = out.windows["mem32"]
    sizes = [int(line.split("size ")[1].split("B,")[0][:-1]) for line in out.log]
    return {
        "opregion": out.asls[IGD_BDF],
        "opregion_kb": sizes[0],
        "bdsm": out.bdsm[IGD_BDF],
        "bdsm_mb": sizes[1],
        "pci32": f"{start:x}-{end:x}",
    }


def too_small(vector):
    given = vector["in"]
    out = seabios.place(seabios_request("1.16.2", number(given["low_ram_top"]), number(given["bdsm_size"])))
    failed = not out.bdsm and any("Unable to allocate" in line for line in out.warnings)
    said = agree(vector["expect"]["bdsm"], "fails") if failed else out.bdsm.get(IGD_BDF)
    return {"bdsm": said}


def igd_written(vector):
    given = vector["in"]
    code = number(given.get("class", "0x0300")) << 8
    bdsm = number(given.get("bdsm_size", "0x2000000"))
    if "etc/igd-bdsm-size" in given:
        bdsm = number(given["etc/igd-bdsm-size"])
    device = igd(given.get("bdf", "00:02.0"), number(given.get("device_id", "0x166")), code)
    opregion = None if "etc/igd-opregion" in given and given["etc/igd-opregion"] is None else 0x2000
    out = seabios.place(seabios_request("1.16.2", 0x80000000, bdsm, opregion, (device,)))
    registers = set(out.bdsm_register.values())
    return {
        "asls_written": device.bdf in out.asls,
        "bdsm_written": device.bdf in out.bdsm,
        "config_0x5c_written": 0x5C in registers,
        "config_0xc0_written": 0xC0 in registers,
    }


def file_length(vector):
    length = vector["in"]["file_len"]
    raw = number(vector["in"].get("value", 0x02000000)).to_bytes(16, "little")[:length]
    return {"value_used": load_int(raw)}


def e820_sequence(vector):
    built = E820Map()
    for start, size, kind in vector["in"]["ops"]:
        built.add(number(start), number(size), HOLE if kind == -1 else kind)
    return {"map": [list(row) for row in built.rows()]}


def bars_of(rows):
    return tuple(Bar(index, size, kind, bool(is64)) for index, kind, size, is64 in rows if index < 6)


def rom_of(rows):
    return next((size for index, _, size, _ in rows if index == 6), 0)


def devices_of(rows, code=0x020000):
    out = []
    for name, bars in rows:
        kinds = [[index, "mem" if kind == "rom" else kind, size, is64] for index, kind, size, is64 in bars]
        out.append(Function(parse_bdf(name), 0x8086, 0, code, bars_of(kinds), rom_of(kinds)))
    return tuple(out)


def seabios_bars(vector):
    """BARs alone: the map is chosen so that the window starts where the vector says, the CPU so that top64 is its."""
    given = vector["in"]
    start = number(given["pcimem_start"])
    over = number(given.get("over4g", 0))
    top = number(given.get("top64", 0))
    bits = {0: 40}.get(top, 46 if top == 1 << 44 else top.bit_length() - 1)
    devices = given.get("devices") or [["02.0", given["bars"]]]
    e820 = [(0, start, 1)] + ([(FOUR_GIB, over, 1)] if over else [])
    request = Request(
        functions=devices_of(devices), version="HEAD", e820=tuple(e820), cpu=Cpu("GenuineIntel", bits),
        fw_cfg={"opt/org.seabios/pci64": b"1" if number(given.get("pad", 0)) else b"0"},
    )  # fmt: skip
    out = seabios.place(request)
    if "devices" in given:
        return {f"{format_bdf(bdf)[3:]} bar{index}": base for (bdf, index), base in out.bars.items()}
    window = out.windows.get("mem64")
    answer = {f"bar{index}": base for (_, index), base in out.bars.items()}
    return answer | {"window64": list(window) if window else None, "panic": out.boot != "ok"}


def pci_window(vector):
    given = vector["in"]
    start = pcimem_start(MACHINES[given["host_bridge"]], number(given["RamSize"]))
    return {"pcimem_start": start, "pcimem_end": 0xFEC00000}


def ram(vector):
    given = vector["in"]
    size = number(given["ram"]) if "ram" in given else int(given["ram_gb"] * GIB)
    low = given.get("max-ram-below-4g", given.get("max_ram_below_4g"))
    max_low = size_of(str(low)) if low else None
    answer = {name: list(ram_split(name, size, max_low=max_low)) for name in ("pc", "q35")}
    answer["i440fx"] = answer["pc"]
    answer["below_4g"], answer["above_4g"] = answer[MACHINES[given.get("machine", "pc")]]
    return answer


def option_rom(vector):
    given, want = vector["in"], vector["expect"]["result"]
    if any(key.startswith("PCIR") for key in given):
        image = {"vendor": 0x8086, "device": 0x166, "type": 0, "indicator": 0}
        for key, value in given.items():
            text = str(value)
            image[key.rpartition(".")[2]] = int(text, 0) if text[:1].isdigit() else 0xFFFF  # prose: another id

        def judge(indicator):
            return optionrom.judge_image(image["vendor"], image["device"], image["type"], indicator,
                                         want_vendor=0x8086, want_device=0x166)  # fmt: skip

        verdicts = (judge(0), judge(0x80))
        words = ("run", "take", "match") if verdicts == ("take", "take") else ("skip", "ignored", "reject", "next")
        return {"result": agree(want, *words)}
    checksum = bool(given.get("etc/optionroms-checksum", 1))
    verdict = optionrom.judge_header(number(given.get("sig", 0xAA55)), given.get("len512", 128), given.get("sum8", 0),
                                     enforce_checksum=checksum)  # fmt: skip
    if not verdict.accepted:
        return {"result": agree(want, "reject", "ignored", "invalid")}
    if verdict.text:
        return {"result": agree(want, "run anyway")}
    return {"result": agree(want, "run", "accept", "valid", "ok", "copied")}


def rom_registers(vector):
    """A ROM that stores the registers it is entered with, called by a session on a small machine."""
    given, want = vector["in"], vector["expect"]
    base = number(given["rom_base"])
    found, memory = rom_entry.registers(parse_bdf(given["bdf"]), base)
    answer = {name: found[f"e{name}"] for name in ("ax", "bx", "dx")} | {"es": found["es"]}
    answer["cs:ip"] = f"{found['cs']:04x}:{found['eip']:04x}"
    answer["di"] = agree(want["di"], "$pnp" if memory((found["es"] << 4) + found["edi"], 4) == b"$PnP" else "?")
    answer["flags"] = agree(want["flags"], "if set" if found["eflags"] & 0x200 else "clear")
    others = {found[name] for name in ("ecx", "esi", "ebp", "ds", "ss", "fs", "gs")}
    answer["others"] = others.pop() if len(others) == 1 else sorted(others)
    return answer


def vfio_stolen(vector):
    given = vector["in"]
    pages = PageAllocator([(MIB, number(given["free_end_exclusive"]))])
    base = pages.allocate_aligned("Reserved", number(given["size"]), MIB)
    return {"base": base, "type": "EfiReservedMemoryType"}


def vfio_opregion(vector):
    given = vector["in"]
    size = number(given["fw_cfg_size"])
    free = ((MIB, number(given["free_end_exclusive"])),)
    options = OvmfOptions(free_list=free)
    out = ovmf.place(Request(functions=(igd(),), opregion_size=size, options=options))
    base = out.asls[IGD_BDF]
    types = {row[2] for row in out.e820 if row[0] <= base < row[1]}
    return {"base": base, "type": "EfiACPIMemoryNVS" if types == {"NVS"} else str(types),
            "zero_tail": opregion_copy.tail(ovmf.OVMF, base, size)}  # fmt: skip


EXAMPLES = {"SNB": 0x126, "IVB": 0x166, "HSW": 0x416, "VLV": 0xF31, "BDW": 0x1616, "CHV": 0x22B0, "SKL": 0x1912,
            "GLK": 0x3185, "ICL": 0x8A52, "RPL": 0xA780, "MTL": 0x7D55, "NVL": 0xD740, "TGL": 0x9A49}  # fmt: skip


def vfio_size(vector):
    given = vector["in"]
    names = given["family"].replace("..", "/").split("/")
    found = {ovmf_igd.family_of(EXAMPLES[name]) for name in names}
    assert len(found) == 1, f"{names} are not one family: {found}"
    family = found.pop()
    size = ovmf_igd.stolen_size(family, number(given["ggc"]))
    register = {0: "none", 0x5C: "0x5C/32", 0xC0: "0xC0/64"}[family.bdsm_register]
    return {"mb": size // MIB if family.bdsm_register else None, "bdsm_reg": register}


def vfio_filter(vector):
    given, want = vector["in"], vector["expect"]["result"]
    text = str(given.get("device", "0x166"))
    device = number(text) if text.startswith("0x") else 0x7FFF
    code = number(given.get("class", "0x030000"))
    function = igd(given.get("bdf", "00:02.0"), device, code << 8 if code < 0x10000 else code,
                   vendor=number(given.get("vendor", "0x8086")))  # fmt: skip
    opregion = given.get("etc/igd-opregion", "present")
    size = 0x2000
    if opregion in ("absent", None):
        size = None
    elif re.search(r"\b(zero|empty|0|0x0)\b", str(opregion)):
        size = 0
    pages = PageAllocator([(MIB, 0x7F000000)])
    out = Placement()
    ovmf_igd.run_driver("vfioigd", Request(functions=(function,), opregion_size=size), pages, out)
    if size is None:
        return {"result": agree(want, "nothing written", "unsupported")}
    if size == 0:
        return {"result": agree(want, "protocol_error", "zero size")}
    if not out.asls:
        return {"result": agree(want, "ignored", "skipped entirely")}
    if not out.bdsm:
        return {"result": agree(want, "stolen memory skipped", "no stolen", "opregion only")}
    denied = any(word in want.lower() for word in ("ignored", "nothing", "error", "unsupported"))
    return {"result": "OpRegion and stolen memory set up" if denied else want}


def ovmf_aperture(vector):
    given, want = vector["in"], vector["expect"]
    try:
        found = aperture(MACHINES[given["bridge"]], number(given["low_mem"]), version_row("2026.08"))
    except FwsimError:
        return {key: agree(value, "assert") for key, value in want.items()}
    return {
        "uc32_base": found.uc32_base,
        "mmio32_base": found.mmio_base,
        "mmio32_end_exclusive": found.mmio_end,
        "io": list(found.io),
        "pciexbar": found.pciexbar,
    }


def ovmf_window(vector):
    cpu = Cpu("GenuineIntel", vector["in"]["phys_bits_effective"])
    base, size = window64(cpu, version_row("2026.08"), Request(cpu=cpu).start_map())
    return {"base": base, "size": size}


def xen_bars(vector):
    given = vector["in"]
    names = {"low_mem_pgend": "low_mem_pgend", "high_mem_pgend": "high_mem_pgend", "hole": "mmio_hole_size"}
    options = {name: number(given[key]) for key, name in names.items() if key in given}
    options["allow_relocate"] = given.get("reloc", True)
    options["rmrr"] = tuple(tuple(number(value) for value in row) for row in given.get("rmrr", []))
    request = Request(functions=devices_of(given["devices"]), options=HvmloaderOptions(**options))
    out = hvmloader.place(request)
    hole = hvmloader.grow_hole(request)
    bars = {f"{format_bdf(bdf)[3:]} bar{index}": base for (bdf, index), base in out.bars.items()}
    wanted = vector["expect"].get("bars", {})
    bars |= {name: None for name, value in wanted.items() if name not in bars and not str(value).startswith("0x")}
    return {
        "bars": bars,
        "pci_mem_start": hole.start,
        "low_mem_pgend": hole.low_pages,
        "high_mem_pgend": hole.high_pages,
        "pages_relocated": hole.moved,
    }


def xen_opregion(vector):
    out = hvmloader.place(Request(functions=(igd(),)))
    address = out.asls[IGD_BDF]
    nvs = [row for row in out.e820 if row[2] == "NVS" and row[0] != hvmloader.HOLE_END]
    around = [row[2] for row in out.e820 if nvs[0][0] in row[:2] or nvs[0][1] in row[:2]]
    split = nvs == [(address, address + 0x3000, "NVS")] and around == ["RESERVED", "NVS", "RESERVED"]
    text = "NVS 3 pages, split out of RESERVED" if split else str(out.e820)
    return {"pgbase": address >> 12, "asls_write": address, "pages": 3, "e820": text}


def xen_vga(vector):
    functions = []
    for text in vector["in"].values():
        ids, _, place = text.partition(" at ")
        vendor, _, device = ids.partition(":")
        device = int(device, 16) if device else 0x166
        functions.append(Function(parse_bdf(place), int(vendor, 16), device, 0x030000))
    return {"asls_written": bool(hvmloader.place(Request(functions=tuple(functions))).asls)}


def bhyve_gpa(vector):
    given = vector["in"]
    built = E820Map((number(start), number(end) - number(start), 1) for start, end in given["ram"])
    found = bhyve.allocate(built, number(given["hpa"]), number(given["len"]), number(given["fallback_align"]))
    want = vector["expect"]["gpa"]
    return {"gpa": found if found is not None or str(want).startswith("0x") else want}


def placed_guest(kind, profile, ram, cpu="skylake", **host):
    """A guest of a hypervisor that places itself, the device's memory set up; 64 MiB are stolen."""
    physical = Host(cpu=cpu, vga="igd", ggc=0x2C1, **host)
    return GuestRig(
        Scenario(host=physical, hypervisor=Hypervisor(kind=kind, profile=profile),
                 guest=Guest(ram=ram), firmware=Firmware(kind=kind))
    )  # fmt: skip


def bhyve_bdsm(vector):
    """RAM that ends 64 MiB behind the address: bhyve's fallback. The guest reads the register."""
    given = vector["in"]
    rig = placed_guest("bhyve", "15.0", number(given["gpa"]) + 64 * MIB, bdsm=number(given["host_bdsm"]))
    assert rig.built.placed.bdsm == number(given["gpa"])
    found = rig.config(0x5C)
    rig.close()
    return {"guest_bdsm": found}


def acrn_size(vector):
    size = acrn.dsm_size(number(vector["in"]["ggc"]))
    return {"mb": size // MIB, "setup_aborted": not size}


def acrn_gpa(vector):
    """What a guest of ACRN 3.3 reads: the register is the one that is not the device's own."""
    given = vector["in"]
    raw, asls = number(given["host_bdsm_lo"]), number(given["host_asls"])
    rig = placed_guest("acrn", "3.3", 4 * GIB, CPU_OF_GEN[given["gen"]], bdsm=raw, asls=asls)
    at = rig.built.given.bdsm.offset
    assert rig.config(0xC4) == 0
    found = rig.config(at)
    answer = {
        "dsm_gpa": rig.built.guest_stolen[0],
        "opregion_gpa": min(start for start, end, kind in rig.built.placed.e820 if start <= rig.config(0xFC) < end),
        "asls_guest": rig.config(0xFC),
        "bdsm_guest": found,
        "bdsm_reg": {0x5C: "0x5C", 0xC0: "0xC0 (hi dword 0)"}[at],
    }
    rig.close()
    return answer


def acrn_prelaunched(vector):
    """Where such a guest's OpRegion is: at the page that ASLS names, and in one entry of e820."""
    rig = placed_guest("acrn", "pre-launched", 4 * GIB, asls=0x8B8FE018)
    at = rig.config(0xFC) & ~0xFFF
    size = next(end - start for start, end, kind in rig.built.placed.e820 if start == at and kind == "RESERVED")
    rig.close()
    return {"gpa": at, "size": size}


ROWS = [
    ("seabios>=1.16.1", "IGD OpRegion/BDSM placement", placement),
    ("seabios<=1.16.0", "IGD OpRegion/BDSM placement", placement),
    ("seabios-1.12", "observed log", observed_log),
    ("seabios", "zone too small", too_small),
    ("seabios", "BDSM only at 00:02.0", igd_written),
    ("seabios", "class filter", igd_written),
    ("seabios", "gen11+ BDSM", igd_written),
    ("seabios", "bdsm file absent", igd_written),
    ("seabios", "opregion file absent", igd_written),
    ("seabios", "bdsm file wrong length", file_length),
    ("seabios", "e820_add sequence", e820_sequence),
    ("seabios", "full BAR map replay", seabios_bars),
    ("seabios", "IGD BAR placement alone on bus", seabios_bars),
    ("seabios", "pcimem_start", pci_window),
    ("seabios", "option ROM validation", option_rom),
    ("seabios", "registers at ROM init far call", rom_registers),
    ("qemu-machine", "RAM split", ram),
    ("vfioigdpkg", "stolen memory base", vfio_stolen),
    ("vfioigdpkg", "OpRegion base", vfio_opregion),
    ("vfioigdpkg", "stolen size computed from GGC", vfio_size),
    ("vfioigdpkg", "device filter", vfio_filter),
    ("ovmf", "32-bit MMIO aperture", ovmf_aperture),
    ("ovmf", "dynamic 64-bit MMIO window", ovmf_window),
    ("xen-hvmloader", "BAR sort/hole growth/placement", xen_bars),
    ("xen-hvmloader", "IGD OpRegion address", xen_opregion),
    ("xen-hvmloader", "IGD ignored", xen_vga),
    ("bhyve-gvtd", "GSM/OpRegion GPA", bhyve_gpa),
    ("bhyve-gvtd", "BDSM value", bhyve_bdsm),
    ("acrn-dm", "DSM size", acrn_size),
    ("acrn-dm", "DSM/OpRegion GPA", acrn_gpa),
    ("acrn-hv", "pre-launched VM", acrn_prelaunched),
]
