"""Names and offsets are held against two lists that others made: igt's registers, and i915's macros.

``tests/data/registers/igt.json.gz``: by host cpu, [offset, name] of /usr/share/igt-gpu-tools/registers (Debian's
igt-gpu-tools 1.27); Bay Trail's and Cherryview's with their display base. ``i915.json``: [uses, macro, offsets] of
macros that the display code of Linux 6.12 uses, arguments counted from 0.
"""

import ast
import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.registers.aliases import ALIASES, ATOM, other_names
from fwsim.registers.database import all_at, name_of, named, registers

DATA = Path(__file__).parents[1] / "data" / "registers"
IGT = json.loads(gzip.decompress((DATA / "igt.json.gz").read_bytes()))
I915 = json.loads((DATA / "i915.json").read_text(encoding="utf-8"))
PACKAGE = Path("/usr/share/igt-gpu-tools/registers")
PACKAGE_FILES = {"baytrail": "valleyview"}
"""The list of a host cpu, where its name is another."""

PARTIAL = {"baytrail", "cherryview"}
"""Their lists have the MIPI controller, audio blocks and sprites, of which the database has a part: both are compared
where both have a register."""

SLIPS = {
    "DP2": "PORT_DFT2_G4X, cut short",
    "PFIT_AUTO_RATION": "PFIT_AUTO_RATIOS",
    "PIPEA_BLC_PWM_CLT2": "CTL2",
    "PIPEB_BLC_PWM_CLT2": "CTL2",
    **{f"PLANE_WM_TRANS_{plane}_C": "given the offset of plane 3's" for plane in (4, 5, 6, 7)},
}
"""Names that igt's lists have wrong; their offsets count."""


def bears(name: str, offset: int, cpu: str) -> bool:
    """Whether the register at ``offset`` of this host cpu is found by ``name``."""
    try:
        return any(p.address == offset and cpu in p.families for places in named(name).values() for p in places)
    except FwsimError:
        return False


@pytest.mark.parametrize("cpu", IGT)
def test_igt_list(cpu):
    count: Counter[str] = Counter()
    wrong = []
    for offset, names in IGT[cpu]:
        hit = name_of("mmio", offset, cpu)
        if hit is None or hit.address != offset:
            count["not here"] += 1
            wrong += [] if cpu in PARTIAL else [(hex(offset), names, "is not in the database")]
        elif any(bears(name, offset, cpu) for name in names.split("/")):
            count["equal"] += 1
        elif names in SLIPS:
            count["igt's slips"] += 1
        else:
            wrong.append((hex(offset), names, f"is {hit.name} here"))
    print(f"{cpu}: {len(IGT[cpu])} registers, {dict(count)}")
    assert not wrong
    assert count["equal"] > 190


def read_package(name: str) -> set[tuple[int, str]]:
    """A list of the package with those that it takes over: (offset with the display base, name) of MMIO registers."""
    found = set()
    for line in (PACKAGE / name).read_text(encoding="ascii").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("("):
            register, offset, base = ast.literal_eval(text)
            if not base or base.startswith("0x"):
                found.add((int(offset, 16) + int(base or "0", 16), register))
        elif text:
            found |= read_package(text)
    return found


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="igt-gpu-tools is not installed")
@pytest.mark.parametrize("cpu", IGT)
def test_the_committed_list_is_the_packages(cpu):
    assert {(offset, name) for offset, name in IGT[cpu]} == read_package(PACKAGE_FILES.get(cpu, cpu))


# Offsets that a macro gives for an argument no part has.
NOWHERE = {
    "BXT_PORT_PLL_EBB_4": {0x164038: "there are three PHYs"},
    "DMC_PROGRAM": dict.fromkeys(range(4), "its first argument is the program's address, 0x80000"),
    "DSI_LP_MSG": dict.fromkeys((0x688D8, 0x690D8, 0x698D8, 0x6A0D8), "transcoders are counted from DSI 0, not from 0"),
    "DSI_TRANS_FUNC_CONF": dict.fromkeys((0x68830, 0x69030, 0x69830, 0x6A030), "counted from DSI 0"),
    "DVSGAMCMAX_ILK": dict.fromkeys((0x74340, 0x75340), "Ironlake and Sandy Bridge have two pipes"),
    "ILK_DPFC_CHICKEN": dict.fromkeys((0x432A4, 0x432E4), "there are two compressors"),
    "ILK_DPFC_CONTROL": dict.fromkeys((0x43288, 0x432C8), "there are two compressors"),
    "PIPE_LINK_M_G4X": dict.fromkeys((0x72060, 0x73060), "G4x has two pipes"),
    "PIPE_LINK_N_G4X": dict.fromkeys((0x72064, 0x73064), "G4x has two pipes"),
    "SPRSCALE": {0x73304: "Ivy Bridge has three pipes"},
    "VLV_DDL": {0x1F005C: "Cherryview has three pipes"},
    "XELPDP_INITIATE_PMDEMAND_REQUEST": dict.fromkeys((0x45238, 0x4523C), "there are two words"),
    **{name: {at: "Cherryview has three pipes"} for name, at in (
        ("CGM_PIPE_DEGAMMA", 0x1EC000), ("CGM_PIPE_GAMMA", 0x1ED000), ("CGM_PIPE_MODE", 0x1EDA00),
        ("SPSURF", 0x1F279C), ("VLV_TVIDEO_DIP_CTL", 0x1E1270), ("VLV_TVIDEO_DIP_DATA", 0x1E1274),
        ("VLV_TVIDEO_DIP_GCP", 0x1E1278),
    )},
    **{name: {at: "the PCH has three transcoders"} for name, at in (
        ("PCH_TRANS_DATA_M2", 0xE3038), ("PCH_TRANS_DATA_N2", 0xE303C), ("PCH_TRANS_LINK_M2", 0xE3048),
        ("PCH_TRANS_LINK_N2", 0xE304C), ("TVIDEO_DIP_GCP", 0xE3210),
    )},
    **{name: {at: "there are three adapters"} for name, at in (
        ("PORT_TX_DFLEXDPCSSS", 0x170894), ("PORT_TX_DFLEXDPMLE1", 0x1708C0), ("PORT_TX_DFLEXDPSP", 0x1708A0),
    )},
}  # fmt: skip
BASE = 0x180000
"""Bay Trail's display base: the list has the wide gamut registers, which are Bay Trail's alone, without it."""


def places(macro: str, offset: int) -> list[int]:
    """Where the macro's register is: at the offset or, for Bay Trail's own, at the display base plus it."""
    if macro.startswith("PIPE_WGC"):
        return [offset + BASE] if offset < 0x62000 else []
    return [] if offset in NOWHERE.get(macro, {}) else [offset]


def test_i915_macros():
    count: Counter[str] = Counter()
    wrong = []
    for _, macro, offsets in I915:
        wanted = [at for text in offsets for at in places(macro, int(text, 16))]
        known = {p.address for found in named(macro).values() for p in found}
        count["offsets that no part has"] += len(offsets) - len(wanted)
        count["macros"] += 1
        for at in wanted:
            count["offsets"] += 1
            if at not in known or not any(hit.address == at for hit in all_at("mmio", at, None)):
                wrong.append((macro, hex(at)))
    print(dict(count))
    assert not wrong
    assert count["macros"] == 182


def test_what_i915_means_by_transconf():
    """The processor's transcoder, 0x70008; the PCH's is PCH_TRANSCONF."""
    assert {p.address for p in next(iter(named("TRANSCONF").values()))} >= {0x70008, 0x71008, 0x1F0008}
    assert {p.address for found in named("PCH_TRANSCONF").values() for p in found} == {0xF0008, 0xF1008, 0xF2008}


def test_every_alias_is_of_a_register():
    forms = {register.name for register in registers()}
    one = {f"{register.name}_{place.label}" for register in registers() for place in register.places}
    assert not {name for name in (*ALIASES, *ATOM) if name not in forms and name not in one}


def test_aliases_of_a_place():
    (dspcntr,) = named("DSPCNTR")
    second = next(place for place in dspcntr.places if place.label == "B")
    assert list(other_names(dspcntr, second)) == ["DSPBCNTR"]
    assert named("dspbcntr") == {dspcntr: tuple(p for p in dspcntr.places if p.label == "B")}
    assert named("PLANE_WM_3_B_5") == named("PLANE_WM_3B_5")
