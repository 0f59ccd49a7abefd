"""Placement of one configuration: the same as a run's, judged by rules, refused where no machine can be it."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import ROWS, allocator
from fwsim.placement.allocate import (
    Allocation,
    Ask,
    BarAsk,
    decode,
    explain,
    largest_opregion,
    largest_stolen,
    place,
    recheck,
)
from fwsim.placement.ask import parse_bars
from fwsim.registers.families import families, family
from fwsim.results.summary import E820Range
from fwsim.rules.placement import PLACED, SHARED, Placed, check_placed
from fwsim.rules.run import RULES
from fwsim.scenario.load import loads
from fwsim.units import format_size, parse_size

HERE = Path(__file__).parent
MIB, GIB = 1 << 20, 1 << 30


def failing(result):
    return {check.id: check.detail for check in result.failed}


def test_seabios_as_measured():
    """The 1.16.2 case of 2 GiB with 64 MiB: top - 17 MiB - size, the OpRegion in the last pages."""
    result = place(Ask(stolen=64 * MIB, ggc=0x0211))
    assert result.firmware.bdsm == 0x80000000 - 17 * MIB - 64 * MIB
    assert result.firmware.asls == 0x7FFFE000
    assert result.firmware.log == [
        "Intel IGD OpRegion enabled at 0x7fffe000, size 8KB, dev 00:02.0",
        "Intel IGD BDSM enabled at 0x7af00000, size 64MB, dev 00:02.0",
    ]
    assert result.details.register == 0x5C
    assert not result.failed


@pytest.mark.parametrize(
    ("machine", "ram", "profile", "cpu"),
    [("pc", "2G", "10.0", "sandybridge"), ("q35", "4G", "next", "haswell"), ("pc", "6G", "9.2", "ivybridge")],
)
def test_the_same_as_a_run(machine, ram, profile, cpu, tmp_path):
    from fwsim.results.folder import RunDir
    from fwsim.running.pipeline import run

    scenario = loads(
        f'[host]\ncpu = "{cpu}"\n[hypervisor]\nprofile = "{profile}"\n[guest]\nmachine = "{machine}"\nram = "{ram}"\n'
        f'[rom]\nfile = "{HERE.parent / "roms" / "igd-vbios.rom"}"\nany_device = true\n'
    )
    ran = run(scenario, RunDir.create(tmp_path / "run")).firmware
    stolen = scenario.assignment.stolen
    ask = Ask(machine=machine, ram=parse_size(ram), gen=cpu, rom=0x10000, profile=profile, stolen=stolen)
    assert place(replace(ask, ggc=scenario.host.ggc)).firmware == ran


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("cpu", [row.name for row in families()])
def test_every_firmware_takes_every_family(name, cpu):
    if allocator(name).uefi and allocator(name).image and cpu not in ("skylake", "alderlake"):
        pytest.skip("a boot of UEFI's image takes seconds: two families stand for all")
    bits = {"phys_bits": 40} if allocator(name).image else {}
    result = place(Ask(firmware=name, gen=cpu, **bits))
    assert result.ask.gen == cpu
    assert "ggc-usual" in {check.id for check in result.checks}
    assert recheck(result) == result.checks


def test_gen_11_seabios_writes_5c_only():
    result = place(Ask(gen="11"))
    assert result.details.register == 0x5C
    assert failing(result)["bdsm-register"] == "written to 0x5c; gen 11 has BDSM at 0xc0, where it stays 0"
    assert "legacy-mode" not in failing(result)  # 10.0 tries it for every generation that it knows
    assert "generation 11 is not supported" in failing(place(Ask(gen="11", profile="10.1")))["legacy-mode"]


def test_ovmf_writes_c0_from_gen_11_on():
    assert place(Ask(firmware="ovmf", gen="9")).details.register == 0x5C
    assert place(Ask(firmware="ovmf", gen="12")).details.register == 0xC0
    none = place(Ask(firmware="ovmf", gen="meteorlake"))
    assert none.details.register == 0
    assert any("from Meteor Lake on" in note for note in none.details.notes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"slot": "00:03.0"}, "stolen memory is for 00:02.0 only"),
        ({"class_code": 0x038000}, "class 038000: SeaBIOS sets up 0300 only"),
        ({"opregion": 17 * MIB}, "leaves BDSM alone too"),
        ({"firmware": "ovmf", "opregion": 0}, "without etc/igd-opregion"),
        ({"firmware": "ovmf", "driver": "none"}, "upstream OVMF has no IGD driver"),
        ({"firmware": "ovmf", "driver": "gvt", "class_code": 0x038000}, "sets up 030000 only"),
        ({"firmware": "ovmf", "gen": "5"}, "device id 0046"),
        ({"firmware": "hvmloader"}, "the guest reads the host's 0xdba00000"),
    ],
)
def test_why_bdsm_stays_0(changes, reason):
    result = place(Ask(**changes))
    assert result.firmware.bdsm == 0
    detail = failing(result)["bdsm-set"]
    cause, _, rest = detail.partition(": BDSM is 0x0")
    assert reason in cause
    assert rest == f": the firmware placed none of the {format_size(result.ask.stolen)} it was asked for"


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"class_code": 0x038000}, "class 038000: SeaBIOS sets up 0300 only"),
        ({"firmware": "ovmf", "driver": "none"}, "upstream OVMF has no IGD driver: nobody sets BDSM or ASLS"),
        ({"firmware": "ovmf", "driver": "gvt", "class_code": 0x038000}, "class 038000: the driver sets up 030000 only"),
    ],
)
def test_why_asls_stays_0(changes, cause):
    detail = failing(place(Ask(**changes)))["asls-set"]
    assert detail == f"{cause}: ASLS is 0x0: the firmware placed no OpRegion"


def test_the_cause_is_one():
    bare = place(Ask(firmware="none"))
    assert (bare.details.no_bdsm, bare.details.no_asls) == (bare.details.notes[0],) * 2
    full = place(Ask(opregion=17 * MIB))
    assert full.details.no_asls == "WARNING - Unable to allocate resource at intel_igd_setup:300!"
    panic = place(Ask(bars=parse_bars("2:2G:mem")))
    assert panic.details.no_bdsm == panic.details.no_asls == panic.details.boot != "ok"


def test_none_and_crosvm_place_none_and_say_so():
    for name, note in (("none", "BDSM and ASLS stay 0"), ("crosvm", "GMS 0")):
        result = place(Ask(firmware=name))
        assert result.firmware.bdsm == 0
        assert "bdsm-set" not in failing(result)
        assert any(note in each for each in result.details.notes)


def test_size_and_ggc_follow_from_each_other():
    assert place(Ask(stolen=128 * MIB)).ask.ggc == 0x0221
    assert place(Ask(ggc=0x0219)).ask.stolen == 96 * MIB
    assert place(Ask(gen="9", stolen=60 * MIB)).ask.ggc == 0xFEC1
    both = place(Ask(ggc=0x0209, stolen=48 * MIB))
    assert failing(both)["bdsm-size"] == "48M were placed, but GGC 0x0209 announces 32M"
    assert "bdsm-size" not in failing(place(Ask(ggc=0x0209, stolen=34 * MIB, profile="9.2")))  # with the GTT's 2 MiB


def test_legacy_mode_by_profile_and_guest():
    assert "BDSM is then not emulated" in failing(place(Ask(machine="q35", profile="9.2")))["legacy-mode"]
    assert "gets no VGA ranges" in failing(place(Ask(machine="q35")))["legacy-mode"]
    assert "legacy-mode" not in failing(place(Ask(machine="q35", firmware="ovmf")))
    assert "legacy-mode" in failing(place(Ask(machine="q35", firmware="ovmf", profile="9.2")))
    assert not any(check.id == "legacy-mode" for check in place(Ask(firmware="acrn")).checks)


def test_an_opregion_that_qemu_does_not_offer_is_said():
    assert "x-igd-opregion=on" in failing(place(Ask(machine="q35")))["opregion-offered"]  # on by itself from 10.1 on
    for ask in (Ask(), Ask(machine="q35", profile="10.1"), Ask(machine="q35", opregion=0)):
        assert "opregion-offered" not in failing(place(ask)), ask


def test_host_anchors_from_gen_11_on():
    ask = Ask(gen="12", machine="q35", ram=6 * GIB, profile="10.1")
    assert "stay the host's, for 0x4c800000" in failing(place(replace(ask, firmware="ovmf")))["host-anchors"]
    assert not place(replace(ask, firmware="host-base")).failed


def test_fake_bar_steps_and_checks():
    result = place(Ask(firmware="fake-bar", gen="9", holder="bridge"))
    assert failing(result) == {
        "bar-stays": "3 of 8 steps break something, first: Linux sizes BAR0 of 00:03.0 (1 of 3), decoding off"
    }
    assert result.firmware.bdsm == result.details.behind_bar[0][0]


# --- rules beside placements made by hand ----------------------------------------------------------------------------

SNB = family("sandybridge")
E820 = (
    E820Range(start=0x100000, end=0x7DE00000, type="RAM"),
    E820Range(start=0x7DE00000, end=0x7FE00000, type="RESERVED"),
    E820Range(start=0x7FE00000, end=0x7FFDE000, type="RAM"),
    E820Range(start=0x7FFDE000, end=0x80000000, type="NVS"),
)


def good(**changes):
    fields = {
        "family": SNB, "e820": E820, "bdsm": 0x7DE00000, "asls": 0x7FFDE000, "wanted": 32 * MIB, "size": 32 * MIB,
        "opregion": 0x2000, "bars": [("00:02.0 BAR0", 0xFE800000, 4 * MIB), ("00:02.0 BAR2", 0xE0000000, 256 * MIB)],
        "register": 0x5C, "ggc": 0x0209, "announced": 32 * MIB, "announced_gtt": 2 * MIB, "profile": "10.0",
    }  # fmt: skip
    return {check.id: check for check in check_placed(Placed(**(fields | changes)))}


def bad(**changes):
    return {name: check.detail for name, check in good(**changes).items() if not check.ok}


def test_a_placement_without_a_flaw():
    assert not bad()


@pytest.mark.parametrize(
    ("changes", "rule", "detail"),
    [
        ({"bdsm": 0x7DE80000}, "bdsm-aligned", "0x7de80000 is 0x80000 past a multiple of 1 MiB"),
        ({"bdsm": 0x7DD00000}, "bdsm-reserved", "0x7dd00000-0x7fcfffff: 0x7dd00000 is RAM (0x100000-0x7ddfffff)"),
        ({"bdsm": 0xFF000000}, "bdsm-below-4g", "0xff000000-0x100ffffff, a 32-bit register"),
        ({"bdsm": 0x7E000000}, "bdsm-clear", "0x7e000000-0x7fffffff overlaps the OpRegion 0x7ffde000-0x7ffdffff"),
        ({"bdsm": 0xEF000000}, "bdsm-clear",
         "0xef000000-0xf0ffffff overlaps 00:02.0 BAR2 0xe0000000-0xefffffff"),
        ({"ecam": (0xB0000000, 0xC0000000), "bdsm": 0xB8000000}, "bdsm-outside-mmio",
         "0xb8000000-0xb9ffffff overlaps the ECAM 0xb0000000-0xbfffffff"),
        ({"hole": (0xC0000000, 0xFEC00000), "bdsm": 0xBF000000}, "bdsm-outside-mmio",
         "0xbf000000-0xc0ffffff overlaps the MMIO hole 0xc0000000-0xfebfffff"),
        ({"bdsm": 0xFEC00000}, "bdsm-outside-mmio",
         "0xfec00000-0x100bfffff overlaps IOAPIC, LAPIC and flash 0xfec00000-0xffffffff"),
        ({"size": 33 * MIB}, "bdsm-size", "33M were placed, but GGC 0x0209 announces 32M"),
        ({"register": 0xC0}, "bdsm-register", "written to 0xc0; gen 6 has BDSM at 0x5c, where it stays 0"),
        ({"asls": 0x1000000}, "asls-reserved", "0x1000000-0x1001fff: 0x1000000 is RAM (0x100000-0x7ddfffff)"),
        ({"asls": 0xFFFFF000}, "asls-outside-mmio", "0xfffff000-0x100000fff, ASLS has 32 bits"),
        ({"boot": "PCI: out of 32bit address space"}, "firmware-boots", "PCI: out of 32bit address space"),
        ({"missing": ["00:02.0 BAR2"]}, "bars-placed", "no address for 00:02.0 BAR2"),
        ({"bars": [("a", 0x7D000000, MIB)]}, "bars-clear",
         "a 0x7d000000-0x7d0fffff overlaps e820 RAM 0x100000-0x7ddfffff"),
        ({"bars": [("a", 0xE0000000, MIB), ("b", 0xE0080000, MIB)]}, "bars-clear",
         "a 0xe0000000-0xe00fffff overlaps b 0xe0080000-0xe017ffff"),
    ],
)  # fmt: skip
def test_one_flaw(changes, rule, detail):
    from fwsim.memory.ranges import Range

    changes = {key: Range(*value) if key in ("ecam", "hole") else value for key, value in changes.items()}
    assert bad(**changes)[rule] == detail


def test_every_rule_has_an_id_of_its_own_a_purpose_and_a_source():
    rules = [*SHARED, *PLACED]
    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.protects and rule.source for rule in rules)
    assert {rule.id for rule in SHARED} <= {rule.id for rule in RULES}


# --- sizes that do not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["seabios", "bhyve", "fake-bar"])
def test_the_largest_that_fits_is_the_largest(name):
    ask = Ask(firmware=name, ram=512 * MIB)
    largest = largest_stolen(ask)
    assert place(replace(ask, stolen=largest)).firmware.bdsm
    assert not place(replace(ask, stolen=largest + MIB)).firmware.bdsm


def test_the_largest_is_told():
    detail = failing(explain(place(Ask(ram=512 * MIB, stolen=GIB))))["bdsm-set"]
    assert detail.endswith("the largest that fits is 494M")  # 512 - 16 of ZoneHigh - 1 below 1 MiB - 1 in use
    assert failing(explain(place(Ask(opregion=17 * MIB))))["asls-set"].endswith("the largest that fits is 16M")
    assert largest_opregion(Ask()) == 16 * MIB


def test_firmware_that_reads_ggc_fits_in_codes_only():
    ask = Ask(firmware="ovmf", ram=512 * MIB, stolen=992 * MIB)
    assert failing(explain(place(ask)))["bdsm-set"].endswith(f"the largest that fits is {largest_stolen(ask) >> 20}M")
    assert largest_stolen(ask) % (32 * MIB) == 0


def test_a_bar_without_room():
    bars = [BarAsk(index=2, size=2 * GIB, kind="pref")]
    assert failing(explain(place(Ask(firmware="hvmloader", bars=bars))))["bars-placed"] == (
        "no address for 00:02.0 BAR2; the largest BAR2 that fits is 1G"
    )
    panic = explain(place(Ask(ram=3 * GIB, bars=[BarAsk(index=2, size=GIB, kind="pref")])))
    assert failing(panic)["firmware-boots"] == ("PCI: out of 32bit address space; the largest BAR2 that fits is 512M")


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "what", "hint"),
    [
        ({"ram": 512 << 10}, "RAM below 1 MiB", "--ram 2G"),
        ({"ram": (2 << 30) + 1}, "impossible RAM size", "--ram 2G"),
        ({"ram": 62 << 30}, "RAM larger than the address space", "a CPU with 37"),
        ({"ram": 2 << 40, "gen": "haswell"}, "RAM larger than the address space", "a CPU with 42"),
        ({"phys_bits": 53}, "address bits that no CPU has", "/proc/cpuinfo"),
        ({"phys_bits": 31}, "address bits that no CPU has", "/proc/cpuinfo"),
        ({"cpu": "qemu32", "phys_bits": 36}, "without long mode", "qemu32"),
        ({"cpu": "Hasswell"}, "no such CPU model", "did you mean Haswell"),
        ({"accel": "tcg"}, "cpu model host requires KVM", '"max"'),
        ({"accel": "hvf"}, "unknown value", ""),
        ({"cpus": 256}, "pc takes 255", "q35 takes 256 from QEMU 2.8 on"),
        ({"cpus": 5000, "machine": "q35"}, "q35 takes 4096", "take fewer"),
        ({"cpus": 289, "machine": "q35", "profile": "7.2"}, "q35 takes 288", "from QEMU 8.1 on"),
        ({"cpus": 0}, "no CPU", "one CPU"),
        ({"profile": "9.9"}, "no such QEMU release", "9.2 below and 10.0 above"),
        ({"profile": "12.0"}, "no such QEMU release", "11.1 is the newest known here"),
        ({"firmware": "ovfm"}, "no such firmware", "did you mean ovmf?"),
        ({"version": "1.16.7"}, "no rules for this version", "did you mean 1.16.3? 1.17.0 is the nearest above"),
        ({"gen": "sandibridge"}, "no such host cpu", "sandybridge"),
        ({"gen": "14"}, "no such generation", "haswell"),
        ({"machine": "i440fx"}, "unknown value", ""),
        ({"driver": "gtv"}, "unknown value", "did you mean gvt?"),
        ({"profile": "2.6"}, "no such QEMU release", "2.7"),
        ({"slot": "00:01.0"}, "two devices claim slot 00:01.0", "00:03.0 is free"),
        ({"bars": [BarAsk(index=0, size=4096, slot="00:1f.0")]}, "two devices claim slot 00:1f.0", "00:03.0 is free"),
        ({"bars": [BarAsk(index=1, size=4096)]}, "claim register BAR1", ""),
        ({"bars": [BarAsk(index=0, size=3 * MIB)]}, "impossible BAR0", "4M holds as much"),
        ({"bars": [BarAsk(index=4, size=4 * GIB)]}, "impossible BAR4", "the largest that this kind can be is 2G"),
        (
            {"firmware": "ovmf", "stolen": 33 * MIB},
            "GGC has no code for this size",
            "the largest that would fit is 32M",
        ),
        (
            {"firmware": "acrn", "stolen": 2 * GIB},
            "GGC has no code for this size",
            "the largest that would fit is 992M",
        ),
        ({"ggc": 0x10000}, "too large", "unit"),
    ],
)
def test_refusals(changes, what, hint):
    with pytest.raises(FwsimError, match=what) as caught:
        place(Ask(**changes))
    assert hint in caught.value.hint
    assert caught.value.found


def test_bars_as_people_write_them():
    assert parse_bars("0:16M:mem64,2:256M:pref64,4:64:io") == [
        BarAsk(index=0, size=16 * MIB, kind="mem", is64=True),
        BarAsk(index=2, size=256 * MIB, kind="pref", is64=True),
        BarAsk(index=4, size=64, kind="io"),
    ]
    assert parse_bars("04.0=0:64K") == [BarAsk(index=0, size=65536, kind="", slot="00:04.0")]
    for text in ("", "0", "x:4K", "0:4K:rom", "0:", "zz=0:4K"):
        with pytest.raises(FwsimError):
            parse_bars(text)


def test_another_device_takes_part():
    result = place(Ask(bars=parse_bars("00:04.0=0:64M:mem")))
    bar = next(bar for bar in result.details.bars if bar.name == "00:04.0 BAR0")
    assert bar.address
    assert bar.address % (64 * MIB) == 0


# --- the file and the process ----------------------------------------------------------------------------------------


def test_a_bar_is_where_it_ends_up():
    """SeaBIOS maps a q35's SMBus like any BAR, then gives it 0x700 (src/fw/pciinit.c, ich9_smbus_enable)."""
    bars = {bar.name: bar.address for bar in place(Ask(machine="q35")).details.bars}
    assert bars["00:1f.3 BAR4"] == 0x700


def test_json_there_and_back():
    result = place(Ask(firmware="fake-bar", gen="12"))
    assert decode(msgspec.json.encode(result), "x") == [result]
    document = msgspec.json.decode(msgspec.json.encode(result))
    assert set(document["firmware"]) == {"kind", "bdsm", "asls", "e820", "bars", "log"}
    assert set(document["checks"][0]) == {"id", "ok", "detail"}


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"placements": [{}]}', b"\xff\xff", b'"x"'])
def test_what_is_no_allocation(data):
    with pytest.raises(FwsimError, match="not what fwsim alloc --json prints"):
        decode(data, "x.json")


def test_placement_imports_nothing_heavy():
    code = (
        "import sys; from fwsim.placement.allocate import *; from fwsim.firmware.allocators import ROWS\n"
        "for name, (module, _) in ROWS.items():\n"
        "    if not module.startswith('fwsim.running.'): place(Ask(firmware=name))\n"  # those execute an image
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    heavy = ("numpy", "numba", "unicorn", "capstone", "lief", "rich", "PIL")
    result = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_allocation_of_a_strategy_of_ones_own(monkeypatch):
    from fwsim.firmware import allocators
    from fwsim.firmware.none import NONE

    monkeypatch.setitem(allocators._loaded, "seabios", NONE)
    assert isinstance(place(Ask()), Allocation)
    assert place(Ask()).firmware.bdsm == 0


def test_the_documented_case_counts_are_the_vectors():
    import gzip
    import json

    folder = HERE / "data" / "oracle"
    counts = Counter()
    for path in folder.glob("*.json.gz"):
        if path.name.startswith("measured-bios-services"):
            continue  # answers of a BIOS, no placements
        with gzip.open(path, "rt") as stream:
            counts.update(
                vector["system"].partition("/")[0].removeprefix("seabios-rel-") for vector in json.load(stream)
            )
    groups = {
        "SeaBIOS 1.14.0": ["1.14.0"], "SeaBIOS 1.16.0": ["1.16.0"], "SeaBIOS 1.16.2": ["seabios-1.16.2"],
        "SeaBIOS 1.16.3": ["seabios-1.16.3"], "SeaBIOS 1.17.0": ["seabios-1.17.0"], "SeaBIOS rel-1.16.3": ["1.16.3"],
        "SeaBIOS rel-1.17.0": ["1.17.0"], "SeaBIOS 41514a7a": ["seabios-41514a7a"],
        "SeaBIOS, other versions": ["seabios", "seabios-1.12", "seabios<=1.16.0", "seabios>=1.16.1"],
        "OVMF 2022.11": ["ovmf-2022.11"], "OVMF 2022.11-2M": ["ovmf-2022.11-2M"], "OVMF 2025.02": ["ovmf-2025.02"],
        "OVMF 2026.08": ["ovmf-2026.08"], "OVMF's windows, edk2 c5aa7e7d": ["ovmf"],
        "VfioIgdPkg 067328df": ["vfioigdpkg"], "hvmloader 4.23": ["xen-hvmloader"],
        "hvmloader mmconfig": ["hvmloader-mmconfig"], "bhyve": ["bhyve-gvtd"],
        "ACRN": ["acrn-dm", "acrn-hv"], "crosvm": ["crosvm"],
    }  # fmt: skip
    text = (HERE.parent / "docs" / "allocators.md").read_text(encoding="utf-8")
    said = {
        name: int(count) for name, count in re.findall(r"^\| ([^|]+) \| (\d+) \| (?:measured|read) \| all", text, re.M)
    }
    assert said == {name: sum(counts[system] for system in systems) for name, systems in groups.items()}


def test_the_documented_rules_are_the_rules():
    text = (HERE.parent / "docs" / "allocators.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]+) \|$", text, re.MULTILINE)
    assert said == [(rule.id, rule.protects) for rule in (*SHARED, *PLACED)]


def test_bhyves_ecam_is_above_its_ram():
    """FreeBSD usr.sbin/bhyve/pci_emul.h: low RAM ends at 3 GiB, PCI_EMUL_ECFG_BASE is E0000000."""
    result = place(Ask(firmware="bhyve", ram=4 * GIB, gen="9"))
    assert result.details.ecam == (0xE0000000, 0xF0000000)
    assert not {"bars-clear", "bdsm-outside-mmio"} & set(failing(result))
