"""Vectors read from Linux: vfio's OpRegion, DMAR lines, stolen memory and GTT sizes."""

import re

from read_hypervisor import number

from fwsim.devices import vtd_lines
from fwsim.errors import FwsimError
from fwsim.hypervisor.vfio import opregion as vfio_opregion
from fwsim.registers.gms import GGMS, GMS
from fwsim.registers.pte import FORMATS

MIB = 1 << 20
STYLE = re.compile(r"style_([A-D]0?)")
FAMILIES = (("gen6/7", "gen6"), ("gen8", "gen8"), ("CHV", "chv"), ("gen9+", "gen9"))
PTE = {"gen4_5_i965": "gen4", "gen6_snb_ivb": "gen6", "hsw": "hsw", "gen8plus": "gen8"}


def opregion(vector):
    given = vector["in"]
    at = {key.partition("@")[0]: number(value) for key, value in given.items() if not key.startswith("sig")}
    signed = all(value == "IntelGraphicsMem" for key, value in given.items() if key.startswith("sig"))
    fields = (at["host_asls"], at["version_word"], at["size_kb"], at["rvda"], at["rvds"])
    seen = vfio_opregion.view(*fields, signature=signed)
    if seen.errno:
        return {"errno": seen.errno}
    head = bytearray(0x2000)
    head[:16] = b"IntelGraphicsMem"
    fields = ((0x10, 4, "size_kb"), (0x16, 2, "version_word"), (0x3BA, 8, "rvda"), (0x3C2, 4, "rvds"))
    for offset, width, name in fields:
        head[offset : offset + width] = at[name].to_bytes(width, "little")
    region = vfio_opregion.region_bytes(bytes(head), b"$VBT" * 0x4000, at["host_asls"])
    assert len(region) == seen.size
    assert int.from_bytes(region[0x16:0x18], "little") == seen.version
    assert int.from_bytes(region[0x3BA:0x3C2], "little") == seen.rvda
    return {
        "region_size": seen.size,
        "exposed_version": seen.version,
        "exposed_rvda": seen.rvda,
        "vconfig_asls": seen.config_asls,
        "ext_vbt_hpa": seen.vbt,
    }


def fault_line(vector):
    given = vector["in"]
    fault = vtd_lines.Fault.decode(tuple(number(given[f"dword{n}"]) for n in range(4)))
    answer = {}
    for key, want in vector["expect"].items():
        lines = fault.lines(STYLE.match(key)[1])
        answer[key] = lines if isinstance(want, list) else "\n".join(lines)
    return answer


def handling(vector):
    fsts = number(vector["in"]["fsts"])
    status = vtd_lines.Status.decode(fsts)
    return {
        "line": vtd_lines.status_line(fsts),
        "FRI": status.first,
        "PPF": int(status.pending),
        "PFO": int(status.overflow),
    }


def walks(vector):
    return {"walks_records": vtd_lines.Status.decode(number(vector["in"]["fsts"])).pending}


def reason(vector):
    found = vtd_lines.reason(number(vector["in"]["reason"]))
    return {"type": found.kind, "text": found.text}


def family_of(case):
    tail = case.partition(": ")[2]
    return next(name for prefix, name in FAMILIES if tail.startswith(prefix))


def stolen_size(vector):
    case = vector["case"]
    row = "i830" if case.startswith("i830") else "i855" if case.startswith("gen3") else family_of(case)
    size = GMS[row].decode(number(vector["in"]["gmch"]))
    return {"kib": size // 1024, "mib": size // MIB}


def gsm_size(vector):
    family = family_of(vector["case"])
    size = GGMS[family].decode(number(vector["in"]["gmch"]))
    entry = FORMATS["gen6" if family == "gen6" else "gen8"].width
    return {"gtt_mib": size // MIB, "pte_bytes": entry, "ggtt_span_mib": size // entry * 4096 // MIB}


def pte(vector):
    address = number(vector["in"]["addr"])
    answer = {}
    for key, want in vector["expect"].items():
        form = FORMATS[PTE[key]]
        try:
            entry = form.encode(address)
        except FwsimError:
            answer[key] = f"address beyond {(form.address_mask | form.lost_mask).bit_length()} bits"
        else:
            lost = bool(address & form.lost_mask) and str(want).startswith("bit39 lost")
            answer[key] = want if lost else entry
    return answer


ROWS = [
    ("linux-vfio-igd", "OpRegion region size", opregion),
    ("linux-dmar", "FRCD dwords to dmesg line", fault_line),
    ("linux-dmar", "handling line", handling),
    ("linux-dmar", "records are walked only if PPF set", walks),
    ("linux-dmar", "fault reason text", reason),
    ("linux-stolen", "", stolen_size),
    ("linux-ggtt", "GSM (GTT) size", gsm_size),
    ("linux-ggtt", "PTE encode", pte),
]
