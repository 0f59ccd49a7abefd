"""The AArch64 guest programs are what their sources give, and do on QEMU's virt what they say they do.

Where arm-linux places things is compared with what Debian's own kernel did on the same machine (``arm_kernel.py`` asked
it); what is decoded at the end, with QEMU's query-pci.
"""

import os
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import arm_kernel
import pytest
from arm_qemu import DISPLAY, E1000E, EDU, QEMU, ROMS, TOPOLOGIES, functions, run

SOURCES = ROMS / "src" / "arm"
NAMES = ("arm-linux.elf", "arm-careless.elf")
RAM, FREE_FOR_TREE = 0x40000000, 0x200000
UNMAPPED = (1 << 64) - 1
RECORDED = {each["name"]: each for each in tomllib.loads(arm_kernel.DATA.read_text())["topology"]}
WINDOWS = {"io": "io", "mem32": "memory", "pref32": "prefetch", "pref64": "prefetch"}
RANGES = {"io": "io_range", "mem32": "memory_range", "pref32": "prefetchable_range", "pref64": "prefetchable_range"}


@pytest.fixture
def qemu(require_program):
    return require_program(QEMU, "qemu-system-arm")


@pytest.fixture(params=TOPOLOGIES)
def topology(request, qemu):
    return request.param


# --- the files -------------------------------------------------------------------------------------------------------


def test_the_compiler_gives_the_committed_programs(tmp_path):
    pytest.importorskip("ziglang")
    subprocess.run([sys.executable, "-B", "build.py", str(tmp_path)], cwd=SOURCES, check=True, timeout=300)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (ROMS / name).read_bytes(), name


def test_every_source_names_its_licence():
    for source in filter(Path.is_file, SOURCES.iterdir()):
        assert "SPDX-License-Identifier: GPL-2.0-or-later" in source.read_text()[:120], source.name


@pytest.mark.parametrize("name", NAMES)
def test_one_segment_behind_the_room_for_a_tree(name):
    """ELF-64, little endian, EM_AARCH64 (183); the bytes in the file are few, the rest of the segment is zeros."""
    data = (ROMS / name).read_bytes()
    assert (data[:6], struct.unpack_from("<HH", data, 16)) == (b"\x7fELF\2\1", (2, 183))
    entry, headers = struct.unpack_from("<QQ", data, 24)
    loads = [
        struct.unpack_from("<QQQQQ", data, headers + 56 * n + 8)
        for n in range(struct.unpack_from("<H", data, 56)[0])
        if struct.unpack_from("<I", data, headers + 56 * n)[0] == 1
    ]
    assert [(physical, virtual) for _, virtual, physical, _, _ in loads] == [(RAM + FREE_FOR_TREE,) * 2]
    assert entry == RAM + FREE_FOR_TREE
    assert loads[0][3] < 1 << 15
    assert loads[0][4] < 1 << 18


# --- arm-linux -------------------------------------------------------------------------------------------------------


def places(run):
    """A line for each resource and bus, in the words of the recorded ones."""
    for one in run.functions.values():
        if one.buses:
            yield f"{one.address} bus {one.buses}"
        for name, each in one.resources.items():
            said = f"window {WINDOWS[each.kind]}" if name.startswith("window") else name
            yield f"{one.address} {said} " + (
                "no room" if each.at is None else f"{each.at:x}-{each.at + each.size - 1:x}"
            )


def test_everything_lies_where_linux_puts_it(topology):
    assert sorted(places(run("arm-linux.elf", TOPOLOGIES[topology]))) == sorted(RECORDED[topology]["places"])


def test_linux_says_it_again(topology):
    kernel = os.environ.get("FWSIM_ARM_KERNEL") or pytest.skip("$FWSIM_ARM_KERNEL is not a kernel for arm64")
    assert arm_kernel.asked(kernel, TOPOLOGIES[topology])[1] == set(RECORDED[topology]["places"])


def kind(region):
    if region["type"] == "io":
        return "io"
    return ("pref" if region["prefetch"] else "mem") + ("64" if region["mem_type_64"] else "32")


def test_qemu_decodes_what_was_said(topology):
    """A BAR that has no room, and those of a function that one has, are not decoded."""
    told = run("arm-linux.elf", TOPOLOGIES[topology])
    assert told.functions.keys() == told.devices.keys()
    for address, one in told.functions.items():
        device = told.devices[address]
        assert one.ids == f"{device['id']['vendor']:04x}:{device['id']['device']:04x}"
        regions = {each["bar"]: each for each in device["regions"]}
        bars = {int(name[4:]): bar for name, bar in one.resources.items() if name.startswith("bar")}
        assert bars.keys() == regions.keys() - {6}
        whole = all(bar.at is not None for bar in bars.values())
        for number, bar in bars.items():
            assert (bar.kind, bar.size) == (kind(regions[number]), regions[number]["size"])
            decoded = regions[number]["address"] & UNMAPPED
            assert decoded == (bar.at if whole or bar.kind == "io" else UNMAPPED), (address, number)
            assert bar.at is None or int(bar.back, 16) == bar.at


def test_qemu_forwards_what_was_read_back(topology):
    """The windows are as written, but for one: a port with io-reserve=0 has none for I/O, and Linux does not notice."""
    told, kept_none = run("arm-linux.elf", TOPOLOGIES[topology]), []
    for address, one in told.functions.items():
        if one.kind != 1:
            continue
        bus = told.devices[address]["pci_bridge"]["bus"]
        assert one.buses == f"{bus['secondary']:02x}-{bus['subordinate']:02x}"
        assert int(one.said[-1].split()[-1], 16) & 4  # else it forwards no DMA (PCI-to-PCI Bridge 1.2, 3.2.4.3)
        for name, window in one.resources.items():
            if not name.startswith("window"):
                continue
            base, limit = (bus[RANGES[window.kind]][end] for end in ("base", "limit"))
            assert window.back == f"{base:08x}-{limit:08x}"
            if (base, limit - base + 1) != (window.at, window.size):
                kept_none.append((address, name))
    assert kept_none == [("00:01.0", "window io")] * (topology == "reserving ports")


def test_edu_is_read_through_its_bar_and_its_dma_meets_ram_only(qemu):
    """Its id, the complement of what was written, 0 from an address that nothing answers (QEMU docs/specs/edu.rst)."""
    told = run("arm-linux.elf", TOPOLOGIES["a switch"]).functions["05:00.0"]
    assert told.resources["bar 0"].reads[0] == 0x010000ED
    assert "edu id 010000ed live 12345678 -> edcba987" in told.said
    dma = [line.split() for line in told.said if line.startswith("edu dma")]
    assert [(words[2], words[-1]) for words in dma] == [("ram", "600df00d"), ("nowhere", "00000000")]
    assert int(dma[1][3], 16) == RAM + (512 << 20)


def test_dma_that_the_device_clamps_does_not_come_back(qemu):
    told = run("arm-linux.elf", "-device edu").functions["00:01.0"]  # 28 address bits: RAM is out of its reach
    assert next(line for line in told.said if line.startswith("edu dma ram")).split()[-1] != "600df00d"


def test_messages_are_enabled_and_read_back(qemu):
    """e1000e: MSI with 64-bit addresses; five MSI-X vectors in BAR 3 (QEMU hw/net/e1000e.c)."""
    told = run("arm-linux.elf", TOPOLOGIES["a switch"]).functions["00:02.0"]
    caps = {words[1]: int(words[3], 16) for words in map(str.split, told.said) if words[0] == "cap"}
    assert caps == {"pm": 0xC8, "msi": 0xD0, "express": 0xE0, "msix": 0xA0}
    assert "msi control 0080 -> 0081 address 08020040 data 0050" in told.said
    (msix,) = (line for line in told.said if line.startswith("msix"))
    assert msix.startswith("msix 5 table bar 3 offset 00000000 control 0004 -> 8004")
    assert msix.endswith("entry 08020040 00000000 00000051 00000000")
    assert [line for line in told.said if line.startswith("ext")] == ["ext 0001 at 100", "ext 0003 at 140"]


def test_what_is_plugged_while_it_waits_is_found_and_placed_behind_its_port(qemu):
    told = run("arm-linux.elf", TOPOLOGIES["five ports"], arguments="key", plug="driver=e1000e,romfile=,bus=r3")
    waited = told.lines.index("waiting")
    (new,) = list(functions(told.lines[waited:]))
    assert told.lines[-2:] == ["new 1", "off"]
    port = told.functions["00:03.0"]
    assert (new.ids, new.address) == ("8086:10d3", f"{port.buses[:2]}:00.0")
    regions = {each["bar"]: each["address"] for each in told.devices[new.address]["regions"]}
    assert {f"bar {bar}": at for bar, at in regions.items()} == {name: bar.at for name, bar in new.resources.items()}
    window = port.resources["window mem32"]
    assert all(window.at <= regions[bar] < window.at + window.size for bar in (0, 1, 3))


@pytest.fixture
def edited_tree(require_program, qemu, tmp_path):
    """``edited_tree(change)``: the device tree of QEMU's virt as text, changed, as a file for -dtb."""
    dtc = require_program("dtc", "device-tree-compiler")

    def make(change):
        subprocess.run([qemu, "-M", f"virt,dumpdtb={tmp_path}/all.dtb", "-m", "512"], check=True, capture_output=True)
        said = subprocess.run([dtc, "-q", "-O", "dts", f"{tmp_path}/all.dtb"], check=True, capture_output=True)
        changed = change(said.stdout.decode()).encode()
        made = subprocess.run([dtc, "-q", "-O", "dtb"], check=True, capture_output=True, input=changed)
        (tmp_path / "edited.dtb").write_bytes(made.stdout)
        return f"{tmp_path}/edited.dtb"

    return make


def test_the_generic_uart_of_xens_tree_is_a_console_too(edited_tree):
    """SBSA's is the PL011's data and flag registers; QEMU's PL011 stands for it."""
    tree = edited_tree(lambda text: text.replace(r'"arm,pl011\0arm,primecell"', '"arm,sbsa-uart"'))
    assert b"arm,sbsa-uart" in Path(tree).read_bytes()
    assert run("arm-linux.elf", "", tree=tree).lines[-1] == "off"


def test_an_abort_is_told_and_ends_the_run(edited_tree):
    """DDI 0487, D24.2.40: EC 25h, a data abort of the same level; an instruction of 32 bits; external, 10h."""
    ecam = edited_tree(lambda text: text.replace("reg = <0x40 0x10000000 0x00", "reg = <0x50 0x00 0x00"))
    told = run("arm-linux.elf", EDU, tree=ecam)
    assert "host 0 ecam 5000000000 size 10000000 bus 00-ff" in told.lines
    assert re.fullmatch(r"exception 4 at 402\w+ far 5000000000 esr 96000010", told.lines[-2])


def with_second_host(text):
    """The tree with another host bridge for buses 80h to ffh, each with a window of 256 MiB."""
    node = re.search(r"\tpcie@10000000 \{.*?\n\t\};\n", text, re.S)[0]
    ranges = "ranges = <0x2000000 0x00 {0} 0x00 {0} 0x00 0x10000000>"
    first, second = (re.sub(r"\branges = <[^>]*>", ranges.format(base), node) for base in ("0x10000000", "0x20000000"))
    first = first.replace("0x00 0xff>", "0x00 0x7f>")
    second = second.replace("@10000000", "@18000000").replace("reg = <0x40 0x10000000", "reg = <0x40 0x18000000")
    second = second.replace("0x00 0xff>", "0x80 0xff>").replace("pci-domain = <0x00>", "pci-domain = <0x01>")
    return text.replace(node, first + second)


def test_a_second_host_bridge_of_the_tree(edited_tree):
    """QEMU's expander has a root bus of its own in the same ECAM; the tree gets a node for it."""
    devices = f"-device pxb-pcie,id=p,bus_nr=128 -device pcie-root-port,id=q,bus=p {E1000E},bus=q {EDU},bus=pcie.0"
    told = run("arm-linux.elf", devices, tree=edited_tree(with_second_host))
    assert "host 1 ecam 4018000000 size 10000000 bus 80-ff" in told.lines
    assert told.functions["00:02.0"].resources["bar 0"].reads[0] == 0x010000ED
    card = told.functions["81:00.0"]
    assert (card.ids, told.functions["80:00.0"].buses) == ("8086:10d3", "81-81")
    assert 0x20000000 <= card.resources["bar 0"].at < 0x30000000
    assert card.resources["bar 0"].reads[0] == E1000E_CONTROL


# --- arm-careless ----------------------------------------------------------------------------------------------------

E1000E_CONTROL = 0x00140241
"""CTRL as QEMU resets it (hw/net/e1000e_core.c)."""


@pytest.fixture
def steps(qemu):
    """The numbers that each step said, by step and line, of an e1000e and an edu; and the run."""
    told = run("arm-careless.elf", f"{E1000E} {EDU}")
    found, step = {}, ""
    for line in told.lines:
        if line.startswith("step "):
            step = line[5:]
        elif step and (words := re.fullmatch(r"  (.*?) ([0-9a-f]+) ([0-9a-f]+)", line)):
            found[step, words[1]] = (int(words[2], 16), int(words[3], 16))
    return found, told


def test_decoding_follows_the_bar_while_it_is_sized_and_moved(steps):
    found, _ = steps
    sized, moved = "sized while decoded", "moved while decoded"
    assert found[sized, "reads"][0] == E1000E_CONTROL
    assert found[sized, "ones, at the old place"] == (0xFFFE0000, 0xFFFFFFFF)
    assert found[sized, "restored, reads"] == (0x23000000, E1000E_CONTROL)
    assert found[moved, "bar"] == (0x24000000, 2)
    assert found[moved, "new place, old place"] == (E1000E_CONTROL, 0xFFFFFFFF)


def test_of_two_at_one_place_one_answers(steps):
    found, _ = steps
    step = "two at one place"
    assert found[step, "first alone"][0] == E1000E_CONTROL
    assert found[step, "both"][0] in (E1000E_CONTROL, 0x010000ED)
    assert found[step, "the first function's decoding off"][0] == 0x010000ED


def test_a_bar_outside_of_the_windows_is_out_of_reach_and_ram_stays_ram(steps):
    found, told = steps
    assert found["outside of every window", "bar, command"] == (0xE0000000, 2)
    assert found["outside of every window", "reads"] == (0x0BAD0BAD,) * 2
    assert any(re.fullmatch(r"  abort at 402\w+ far e0000000 esr 96000010", line) for line in told.lines)
    assert found["over RAM", "bar, command"] == (0x41000000, 2)
    assert found["over RAM", "reads"] == found["over RAM", "off, reads"] == (0x600DF00D,) * 2
    assert found["decoded before placed", "placed, reads"] == (0x23000000, E1000E_CONTROL)


def test_read_only_registers_keep_their_values(steps):
    found, _ = steps
    values = {name: value for (step, name), value in found.items() if step == "read-only registers"}
    assert values["ids"] == (0x10D38086,) * 2
    assert values["class"] == (0x02000000,) * 2
    assert values["capabilities"] == (0xC8,) * 2
    assert values["capability header"] == (0xD001,) * 2
    assert all(before == after for before, after in values.values())


def test_parts_of_a_bar_are_merged_and_the_last_one_stays(steps):
    found, told = steps
    step = "odd accesses"
    assert found[step, "64 bits at 0 and 8"][0] & 0xFFFFFFFF == 0x10D38086
    assert found[step, "16 bits written to a BAR"] == (0x23000000, 0x27000000)
    assert found[step, "8 bits written to a BAR"] == (0x23000000, 0x28000000)
    assert all(region["address"] & UNMAPPED == UNMAPPED for region in told.devices["00:01.0"]["regions"])


def test_aborts_past_the_last_bus_are_survived_and_counted(steps):
    found, told = steps
    aborts = [line for line in told.lines if line.startswith("  abort at")]
    assert found["past the buses", "last bus of the range, its last device"] == (0xFFFFFFFF,) * 2
    assert found["past the buses", "behind"] == (0x0BAD0BAD,) * 2
    assert [line.split()[4] for line in aborts[-3:]] == ["4020000000", "4020000004", "4020000000"]
    assert aborts[-1].endswith("esr 96000050")  # bit 6 of the syndrome: a write (DDI 0487, D24.2.40)
    assert told.lines[-2:] == [f"aborts {len(aborts):x}", "off"]


def test_without_a_bar_there_is_nothing_to_be_careless_with(qemu):
    told = run("arm-careless.elf", "")
    assert not any(line.startswith(("target", "step sized")) for line in told.lines)
    assert told.lines[-1] == "off"


def test_the_bars_of_one_function_are_both_taken(qemu):
    told = run("arm-careless.elf", DISPLAY)
    targets = [line for line in told.lines if line.startswith("target")]
    assert [line.split()[2:] for line in targets] == [
        ["bar", "0", "size", "01000000"], ["bar", "2", "size", "00001000"],
    ]  # fmt: skip
