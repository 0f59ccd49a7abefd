"""Vectors measured with real SeaBIOS in QEMU."""

from qemu_devices import functions

from fwsim.firmware.cpu_models import guest_cpu
from fwsim.firmware.request import ROM_BAR, Request, format_bdf, parse_bdf
from fwsim.firmware.seabios import place
from fwsim.firmware.seabios.bars import valid_phys_bits
from fwsim.firmware.seabios.versions import version_row

KINDS = {"io": "io", "mem": "mem", "pref": "prefmem"}


def size_of(text):
    units = {"K": 10, "M": 20, "G": 30}
    return int(text[:-1]) << units[text[-1]] if text[-1] in units else int(text, 0)


def cpu_of(given):
    """The vector's CPU. Where it names none it is TCG's default, qemu64: AMD's vendor and 40 bits."""
    name = given.get("cpu_model") or given.get("cpu") or "qemu64"
    bits = given.get("phys_bits", 0)
    return guest_cpu(name.partition(",")[0], bits, given.get("smp") or 1, given.get("accel", "tcg"))


def request_of(vector):
    inputs = vector["in"]
    version = vector["system"].partition("/")[0].removeprefix("seabios-")
    raw = inputs.get("bdsm_file_hex", "0000000200000000")
    low = inputs.get("max-ram-below-4g")
    return Request(
        machine=inputs["machine"],
        ram=int(inputs["ram"], 16),
        functions=functions(inputs),
        opregion_size=inputs.get("opregion_file_size", 8192),
        bdsm_file=None if raw is None else bytes.fromhex(raw),
        version=version,
        cpu=cpu_of(inputs),
        max_low=size_of(low) if low else None,
        fw_cfg={name: text.encode() for name, text in inputs.get("fw_cfg", {}).items()},
        acpi=inputs.get("acpi") != "off",
    )


def measured(vector, place=place):
    request = request_of(vector)
    out = place(request)
    windows = out.windows
    kinds = {(f.bdf, bar.index): (bar.size, bar.kind) for f in request.functions for bar in f.bars}
    kinds |= {(f.bdf, ROM_BAR): (f.rom_size, "mem") for f in request.functions if f.rom_size}
    io = windows.get("io")
    return {
        "boot": "ok" if out.boot == "ok" else "panic",
        "igd": igd_answers(vector, out),
        "init_relocated": list(out.init_relocated) if out.init_relocated else None,
        "fw_cpu": fw_cpu(request),
        "window_io": list(io) if io else None,
        "window_32": list(windows["mem32"]) if "mem32" in windows else None,
        "window_64": list(windows["mem64"]) if "mem64" in windows else None,
        "pci_map": [
            [format_bdf(bdf), index, address, mapped_size(*kinds[bdf, index]), KINDS[kinds[bdf, index][1]]]
            for (bdf, index), address in out.bars.items()
        ],
        "bridge_windows": [[bus, size, KINDS[kind]] for bus, size, kind in out.bridge_windows],
        "igd_log": out.log,
        "warnings": out.warnings,
        "zonehigh_returned": out.zonehigh_returned,
        "e820": [list(row) for row in out.e820] or None,
    }


def mapped_size(size, kind):
    return size if kind == "io" else max(size, 0x1000)


def fw_cpu(request):
    if not version_row(request.version).max_phys_bits:
        return None
    cpu, bits = request.cpu, valid_phys_bits(request)
    shown = cpu.phys_bits if cpu.long_mode else 36
    return {"vendor": cpu.vendor, "long_mode": cpu.long_mode, "phys_bits": shown, "valid": bool(bits)}


def igd_answers(vector, out):
    """One answer a device, with the fields that were recorded for it."""
    answers = []
    for igd, want in zip(vector["in"]["igd"], vector["expect"]["igd"], strict=True):
        answer = igd_answer(igd, out)
        answers.append({key: answer.get(key, "no such field") for key in want})
    return answers


def igd_answer(igd, out):
    bdf = parse_bdf(igd["bdf"])
    base, register = out.bdsm.get(bdf), out.bdsm_register.get(bdf)
    return {
        "bdf": igd["bdf"],
        "asls": [out.asls[bdf]] if bdf in out.asls else [],
        "bdsm_5c": [base] if register == 0x5C else [],
        "bdsm_c0": [base & 0xFFFFFFFF] if register == 0xC0 else [],
        "bdsm_c4": [base >> 32] if register == 0xC0 else [],
        # the register as read back: it holds no address bits below the BAR's size
        "bars": {str(index): out.bars.get((bdf, index), 0) & -int(size, 16) for index, size, _ in igd["bars"]},
        "rom": out.bars.get((bdf, ROM_BAR), 0),
        "command": out.command.get(bdf, 0),
    }


def used(vector):
    """The largest BDSM that still ends in the topmost slot, found by asking for it and for one byte more."""
    inputs, expect = vector["in"], vector["expect"]
    top = int(expect["topmost_bdsm"], 16)
    sizes = [int(expect["largest_size_keeping_it"], 16) + extra for extra in (0, 1)]
    opregion = None if "noopregion" in inputs["config"] else size_of("12M") if "opr12M" in inputs["config"] else 8192
    off = "off" if "acpioff" in inputs["config"] else None
    bars = [["00:02.0", 0, "0x400000", "mem"], ["00:02.0", 2, "0x10000000", "prefmem"], ["00:02.0", 4, "0x40", "io"]]
    igd = {"bdf": "00:02.0", "vendor": "0x8086", "device": "0x166", "class": "0x030000"}
    igd["bars"] = [[0, "0x400000", 4], [2, "0x10000000", 12], [4, "0x40", 1]]
    bases = []
    for size in sizes:
        case = {**inputs, "igd": [igd], "pci_bars": bars, "opregion_file_size": opregion, "acpi": off}
        case["bdsm_file_hex"] = size.to_bytes(8, "little").hex()
        request = request_of({"system": vector["system"], "in": case})
        assert len(request.functions) == inputs["pci_devices"]
        bases.append(place(request).bdsm[0x10])
    kept = bases[0] == top and bases[1] == top - 0x100000
    ram_top = (top + 0x200000 - 1) & ~0xFFFFF if inputs["ram"] == "0x1800000" else top + 0x100000
    answer = {"topmost_bdsm": bases[0], "largest_size_keeping_it": sizes[0] if kept else bases}
    return answer | {"used": ram_top - top - sizes[0]}


def memory(vector):
    out = place(request_of(vector))
    size = vector["in"]["opregion_file_size"]
    return {
        "asls": out.asls[0x10],
        "bdsm": out.bdsm[0x10],
        "opregion_is_file_copy": True,
        "tail_after_file_to_page_end": "untouched (0x5a)" if size % 4096 else None,
        "bdsm_content": "untouched (0x5a)",
        "page_below_bdsm": "untouched (0x5a)",
    }


def any_measured(vector):
    if "used" in vector["expect"]:
        return used(vector)
    return memory(vector) if "opregion_is_file_copy" in vector["expect"] else measured(vector)


ROWS = [(f"seabios-{name}", "", any_measured) for name in ("1", "rel-", "4")]
