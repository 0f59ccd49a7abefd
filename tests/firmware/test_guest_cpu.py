"""The guest's CPU: QEMU's models as the firmware finds them, and what a placement or a run makes of them."""

from pathlib import Path

import pytest
from handmade import rom
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.firmware.cpu_models import MODELS, guest_cpu
from fwsim.firmware.request import Cpu, Function, Request
from fwsim.firmware.seabios import SEABIOS
from fwsim.firmware.seabios.place import SeaBiosOptions
from fwsim.machine.build import build
from fwsim.placement.allocate import Ask, place
from fwsim.rom.chain import load_bytes
from fwsim.scenario.load import loads
from fwsim.sweep.matrix import ask_of

GIB, MIB = 1 << 30, 1 << 20
IGD = Function(0x10, 0x8086, 0x0126, 0x030000)


@pytest.mark.parametrize(
    ("model", "vendor", "long_mode", "one_gib", "bits"),
    [
        ("qemu64", "AuthenticAMD", True, False, 40), ("max", "AuthenticAMD", True, True, 40),
        ("EPYC", "AuthenticAMD", True, True, 40), ("EPYC-Rome-v2", "AuthenticAMD", True, True, 40),
        ("Opteron_G3", "AuthenticAMD", True, False, 40), ("Dhyana-v2", "HygonGenuine", True, True, 40),
        ("kvm64", "GenuineIntel", True, False, 40), ("Haswell-noTSX-IBRS", "GenuineIntel", True, False, 40),
        ("Skylake-Client-v4", "GenuineIntel", True, False, 40), ("SandyBridge-IBRS", "GenuineIntel", True, False, 40),
        ("Skylake-Server", "GenuineIntel", True, True, 40), ("Icelake-Server-v2", "GenuineIntel", True, True, 40),
        ("qemu32", "GenuineIntel", False, False, 32), ("kvm32", "GenuineIntel", False, False, 36),
        ("pentium3", "GenuineIntel", False, False, 36), ("athlon", "AuthenticAMD", False, False, 36),
    ],
)  # fmt: skip
def test_models_are_what_qemu_says_of_them(model, vendor, long_mode, one_gib, bits):
    """As QEMU 7.2 answers query-cpu-model-expansion under TCG; bits by its source."""
    cpu = guest_cpu(model, accel="tcg")
    assert (cpu.vendor, cpu.long_mode, cpu.one_gib_pages, cpu.phys_bits) == (vendor, long_mode, one_gib, bits)


@pytest.mark.parametrize("model", MODELS)
def test_kvm_gives_every_model_the_hosts_vendor(model):
    """The measured KVM vectors had to say vendor=GenuineIntel, as their host is an AMD: an IGD's is not."""
    assert guest_cpu(model).vendor == "GenuineIntel"


@pytest.mark.parametrize(
    ("model", "family", "bits"),
    [("host", "sandybridge", 36), ("host", "haswell", 39), ("max", "haswell", 39), ("host", "alderlake", 46),
     ("Haswell", "haswell", 40), ("Haswell", "sandybridge", 40)],
)  # fmt: skip
def test_the_hosts_address_bits_reach_host_and_max_only(model, family, bits):
    assert guest_cpu(model, family=family).phys_bits == bits
    assert guest_cpu(model, 44, family=family).phys_bits == 44


@pytest.mark.parametrize("name", ["", "host2", "haswell", "Haswell-v", "Haswell-TSX", "-v4", "qemu64-v1-v1"])
def test_what_is_no_model(name):
    with pytest.raises(FwsimError, match="no such CPU model") as caught:
        guest_cpu(name)
    assert caught.value.where == "guest.cpu"
    assert "Haswell" in caught.value.expected


@pytest.mark.parametrize(
    ("release", "vendor", "bits", "kept"),
    [((7, 1), "AuthenticAMD", 40, True), ((7, 0), "AuthenticAMD", 40, False), ((7, 2), "AuthenticAMD", 39, False),
     ((7, 2), "GenuineIntel", 40, False), ((7, 2), "HygonGenuine", 48, False)],
)  # fmt: skip
def test_who_reserves_the_hypertransport_hole(release, vendor, bits, kept):
    """QEMU from 7.1 on, for AMD's own vendor, where the address space reaches it (hw/i386/pc.c)."""
    rows = Request(cpu=Cpu(vendor, bits, accel="tcg"), release=release).start_map().rows()
    assert ((0xFD00000000, 0x10000000000, "RESERVED") in rows) == kept


def test_ram_of_an_amd_guest_jumps_the_hole():
    """1,100 GiB: QEMU moves all RAM above 4 GiB to 1 TiB, for an AMD that can reach it."""
    cpu = guest_cpu("EPYC", 44, accel="tcg")
    assert ((1 << 40), (1 << 40) + 1097 * GIB, "RAM") in Request(ram=1100 * GIB, cpu=cpu).start_map().rows()
    old = Request(ram=1100 * GIB, cpu=cpu, release=(7, 0)).start_map().rows()
    assert (4 * GIB, 1101 * GIB, "RAM") in old


def test_kvms_clock_takes_a_record_of_temporary_memory():
    """44 bytes, as of every allocation, 48 with their alignment: a BDSM that just fits ends that much lower."""

    def base(accel, size):
        functions = (*(Function(bdf, 0x8086, 0, 0x060000) for bdf in (0x00, 0x08, 0x09, 0x0B)), IGD)
        request = Request(
            ram=512 * MIB, functions=functions, opregion_size=0x2000, bdsm_file=size.to_bytes(8, "little"),
            cpu=guest_cpu("qemu64", accel=accel),
        )  # fmt: skip
        return SEABIOS.place(request).bdsm[0x10]

    most = MIB - 89856  # measured under TCG, with five functions
    tops = [base("tcg", most), base("tcg", most + 1), base("kvm", most - 48), base("kvm", most - 47)]
    assert tops == [tops[0], tops[0] - MIB, tops[0], tops[0] - MIB]


def run(text):
    image = rom(b"\xcb")
    scenario = loads(f'host.cpu = "haswell"\n{text}')
    return build(scenario, load_bytes(image, Path("x.rom")), image, None).placed


def test_legacy_mode_hides_qemu_from_seabios():
    """00:00.0 then has the host's subsystem id: SeaBIOS 1.16.3 and later ask the CPU nothing and leave BARs low.

    Seen with the binary of 1.17.0 and the one compare changed: a 256 MiB BAR is at E0000000, with it at the top.
    """
    guest = 'guest = { ram = "5G" }\nfirmware.version = "1.17.0"\n'
    legacy, plain = run(guest), run(guest + 'hypervisor.legacy = "off"')
    assert legacy.bars[2] == 0xE0000000
    assert plain.bars[2] == (1 << 39) - (1 << 36) + GIB
    older = run(guest.replace("1.17.0", "1.16.2") + 'hypervisor.legacy = "off"')
    assert older.bars[2] == 0xE0000000


def test_alloc_says_where_legacy_mode_matters():
    ask = Ask(gen="haswell", version="1.17.0", ram=8 * GIB)
    plain, legacy = place(ask), place(Ask(gen="haswell", version="1.17.0", ram=8 * GIB, legacy="on"))
    assert any("--legacy on" in note for note in plain.details.notes)
    assert (plain.firmware.bars["0"], legacy.firmware.bars["0"] < 4 * GIB) == (0x7000000000, True)
    assert not any("--legacy" in note for note in legacy.details.notes)
    for quiet in (Ask(gen="haswell", version="1.17.0"), Ask(gen="haswell", ram=8 * GIB),
                  Ask(gen="haswell", version="1.17.0", ram=8 * GIB, machine="q35")):  # fmt: skip
        assert not any("--legacy" in note for note in place(quiet).details.notes)


@pytest.mark.parametrize(
    ("machine", "changes", "base"),
    [
        ("pc", {"cpu": "Haswell"}, 0x240000000), ("q35", {"cpu": "Haswell"}, 0x280000000),
        ("pc", {"phys_bits": 39}, 0x7000000000), ("pc", {"phys_bits": 36}, 0xE00000000),
        ("q35", {"phys_bits": 46}, 0xE0000000000), ("pc", {"cpu": "qemu64", "accel": "tcg"}, 0xC000000000),
    ],
)  # fmt: skip
def test_where_1_17_0_puts_bars_of_an_8_gib_guest(machine, changes, base):
    """As measured, at 8G or with other RAM above 4 GiB; 46 bits are cut to 44."""
    ask = Ask(machine=machine, version="1.17.0", ram=8 * GIB, **changes)
    assert place(ask).firmware.bars["0"] == base


def test_a_scenario_places_by_its_cpu_too():
    guest = 'guest = { ram = "5G", cpu = "qemu64", accel = "tcg" }\nfirmware.version = "1.17.0"\n'
    placed = run(guest + 'hypervisor.legacy = "off"')
    assert placed.bars[2] == 0xC000000000 + GIB
    assert (0xFD00000000, 0x10000000000, "RESERVED") in placed.e820
    kvm = run("")
    assert (0xFEFFC000, 0xFF000000, "RESERVED") in kvm.e820
    bare = run('hypervisor.kind = "none"')
    assert not any(start == 0xFEFFC000 for start, _, _ in bare.e820)


def test_a_sweep_takes_the_cpu_as_axes():
    ask = ask_of({"cpu": "EPYC", "phys_bits": "48", "cpus": 4, "accel": "tcg", "legacy": "on"}, "set")
    assert (ask.cpu, ask.phys_bits, ask.cpus, ask.accel, ask.legacy) == ("EPYC", 48, 4, "tcg", "on")
    with pytest.raises(FwsimError, match="unknown value"):
        ask_of({"accel": "xen"}, "set")


def test_one_socket_a_cpu_reaches_the_map():
    """QEMU 6.1 gives each of 8 CPUs a socket, and so SMBIOS 68 bytes more: a page less comes back."""
    tops = [
        max(row.end for row in place(Ask(cpus=8, profile=profile)).firmware.e820 if row.type == "RAM")
        for profile in ("6.1", "6.2")
    ]
    assert tops[1] - tops[0] == 0x1000


def test_a_request_says_its_tables_in_a_scenario():
    scenario = 'firmware.options = { acpi_tables = "256K", vmgenid = true }'
    ends = [max(end for _, end, kind in run(text).e820 if kind == "RAM") for text in ("", scenario)]
    assert ends[0] - ends[1] == 0x22000


def test_defaults_of_a_request_are_an_intel_hosts():
    assert replace(Request().cpu, model="") == Cpu("GenuineIntel", 39, model="")
    assert SeaBiosOptions().acpi_tables == 128 << 10
