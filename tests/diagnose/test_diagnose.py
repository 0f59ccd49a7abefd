"""What a user's own files give: each case of public reports, and the kinds around it."""

import contextlib
import gzip
import json
import random
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from fwsim.cli import main
from fwsim.diagnose.diagnosis import diagnose
from fwsim.diagnose.take import take
from fwsim.errors import FwsimError
from fwsim.report.diagnose import render

CASES = Path(__file__).parents[1] / "data/cases"
NEWCOMER, LOGS = CASES / "newcomer", CASES / "logs"


def found(*paths):
    result = diagnose([Path(path) for path in paths])
    return result, {each.id: each for each in result.findings}


def stated(result):
    return {each.name: each.value for each in result.facts}


def screen(result):
    console = Console(width=80, height=24, file=open("/dev/null", "w"), record=True)  # noqa: SIM115
    console.print(render(result))
    return console.export_text()


# --- the newcomer ----------------------------------------------------------------------------------------------------


def test_newcomer_has_the_hosts_base_in_his_rom():
    result, by_id = found(NEWCOMER)
    facts = stated(result)
    assert facts["IGD"] == "8086:3e92 Coffee Lake"
    assert facts["stolen memory"] == "8c000000-8fffffff (64M)"
    assert (facts["OpRegion"], facts["RMRR"]) == ("8a5b2018", "8b800000-8fffffff")
    assert (facts["system"], facts["driver"]) == ("Proxmox", "vfio-pci")
    assert facts["command line"] == "intel_iommu=on iommu=pt"
    first = result.findings[0]
    assert (first.id, first.severity) == ("faults-host-stolen", "fatal")
    assert first.what == (
        "3 DMA faults of 00:02.0, and 20,312 more that the kernel did not print: all three lie in the host's stolen "
        "memory 8c000000-8fffffff"
    )
    assert (first.evidence.file, first.evidence.line) == ("dmesg.txt", 6)
    assert "hostpci0:" in first.remedy
    assert "romfile=" in first.remedy
    assert "a2c9" in by_id["lpc-unknown"].what
    assert by_id["lpc-unknown"].evidence.text.startswith("00: 86 80 c9 a2")
    assert result.weighs


def test_newcomer_without_hex_rows_has_the_rmrr():
    result, by_id = found(NEWCOMER / "lspci.txt", NEWCOMER / "dmesg.txt")
    assert "stolen memory" not in stated(result)
    what = by_id["faults-host-stolen"].what
    assert "unknown, because BDSM is not in the dumps" in what
    assert "all three lie in the RMRR 8b800000-8fffffff, which is where stolen memory is" in what
    assert "0 in" not in what
    assert "lspci -nnvvvxxxx" in result.collect[0].command


# --- logs ------------------------------------------------------------------------------------------------------------


def test_vga_region():
    result, by_id = found(LOGS / "qemu-vga-region.log")
    assert set(by_id) == {"qemu-no-vga-region", "qemu-legacy-vga"}
    assert "no BDSM and no OpRegion" in by_id["qemu-legacy-vga"].what
    assert all("VFIO_PCI_VGA" in each.remedy for each in result.findings)


def test_vfio_failed():
    result, by_id = found(LOGS / "vfio-failed.log")
    assert set(by_id) == {"vfio-failed-efault", "vfio-failed-enomem", "vfio-failed-ebusy-framebuffer"}
    assert "mediated device" in by_id["vfio-failed-efault"].why
    assert "decoding is off, or the device is in D3" in by_id["vfio-failed-enomem"].why
    assert "framebuffer" in by_id["vfio-failed-ebusy-framebuffer"].why
    assert [each.severity for each in result.findings] == ["fatal", "fatal", "warning", "warning"]


@pytest.mark.parametrize(
    ("name", "total"), [("dmar-variants.txt", "3 DMA faults"), ("dmar-styles.txt", "12 DMA faults")]
)
def test_dmar(name, total):
    _, by_id = found(LOGS / name)
    assert by_id["faults-unplaced"].what.startswith(total)
    assert "BDSM is not in the dumps" in by_id["faults-unplaced"].what


def test_every_fault_has_its_reason():
    case = take([LOGS / "dmar-styles.txt"])
    assert sorted(each.reason for each in case.faults) == [6] * 10 + [0x71, 0x79]
    assert case.suppressed == 893


def test_xens_faults_have_their_reasons(tmp_path):
    """As 4.23 prints them: reg is left out, and the unit stands at the end."""
    (tmp_path / "xl-dmesg").write_text(
        "(XEN) Xen version 4.17.3 (Debian 4.17.3)\n(XEN) [VT-D] RMRR: [8b800000,8fffffff]\n"
        "(XEN) [VT-D]DMAR:[DMA Read] Request device [0000:00:02.0] fault addr 8e43c000\n"
        "(XEN) [VT-D]DMAR: reason 06 - PTE Read access is not set on iommu:0\n"
        "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:02.0] fault addr 0\n"
        "(XEN) [VT-D]DMAR: reason 02 - Present bit in context entry is clear on iommu:0\n"
    )
    result, by_id = found(tmp_path)
    assert stated(result)["RMRR"] == "8b800000-8fffffff"
    assert stated(result)["system"] == "Xen 4.17.3"
    assert "it lies in the RMRR" in by_id["faults-host-stolen"].what
    assert by_id["faults-no-context"].what == "1 DMA fault of 00:02.0"


@pytest.mark.parametrize("before", ["IOMMU group 2 ", "IOMMU Group 2: ", "\t", "> "])
def test_lspci_in_a_list_of_groups(tmp_path, before):
    (tmp_path / "groups").write_text(
        f"{before}00:02.0 VGA compatible controller [0300]: Intel Corporation [8086:3e92]\n"
    )
    assert stated(found(tmp_path)[0])["IGD"] == "8086:3e92 Coffee Lake"


def test_dmar_variants_in_words():
    _, by_id = found(LOGS / "dmar-variants.txt")
    assert "(1 of its virtual functions)" in by_id["faults-unplaced"].what
    assert "23 in decimal" in by_id["faults-unplaced"].why
    assert "SM: Present bit in first-level paging entry is clear" in by_id["faults-unplaced"].why
    assert by_id["interrupt-refused"].evidence.line == 5


def test_seabios_ran_no_rom():
    result, by_id = found(LOGS / "seabios-rombar-on.log")
    facts = stated(result)
    assert facts["guest's stolen memory"] == "bd700000-bfefffff (40M)"
    assert (facts["guest's OpRegion"], facts["guest's memory map"]) == ("bfffe000", "10 ranges")
    assert facts["guest's BAR2 (GMADR)"] == "e0000000-efffffff"
    finding = by_id["rom-not-run"]
    assert "8086:5917" in finding.what
    assert "fe080000" in finding.what
    assert "0406" in finding.why
    assert "rom fix" in finding.remedy


def test_a_seabios_log_that_is_cut_concludes_nothing(tmp_path):
    text = (LOGS / "seabios-rombar-on.log").read_text()
    log = tmp_path / "x.log"
    log.write_text(text[: text.index("Turning on")])
    assert "rom-not-run" not in found(log)[1]
    log.write_text(text.replace("Turning on", "Running option rom at c000:0003\nTurning on"))
    assert "rom-not-run" not in found(log)[1]
    log.write_text("\n".join(line for line in text.split("\n") if "bar 6" not in line))
    assert "rom-none" in found(log)[1]


def test_i915_conflict():
    result, by_id = found(LOGS / "i915-conflict.txt")
    first = result.findings[0]
    assert first.id == "i915-stolen-conflict"
    assert "7c000000-7fffffff" in first.what
    assert "does not reserve" in first.why
    assert "consequence" in first.why
    assert by_id["i915-pipe-fault"].severity == "warning"


# --- forms -----------------------------------------------------------------------------------------------------------


def changed(text, form):
    if form == "dmesg -T":
        return "\n".join(
            "[Sat Nov 28 13:00:0" + line[10:] if line.startswith("[") else line for line in text.split("\n")
        )
    if form == "syslog":
        return "\n".join(f"Nov 28 13:00:01 pve kernel: {line.partition('] ')[2]}" for line in text.split("\n"))
    if form == "journal":
        return "\n".join(f"2026-11-28T13:00:01+0100 pve kernel: {line.partition('] ')[2]}" for line in text.split("\n"))
    if form == "colour":
        return "\n".join(f"\x1b[32m{line[:15]}\x1b[0m\x1b[33m{line[15:]}\x1b[0m" for line in text.split("\n"))
    return text.replace("\n", "\r\n") if form == "crlf" else text


@pytest.mark.parametrize("form", ["", "dmesg -T", "syslog", "journal", "colour", "crlf", "utf-16", "gz"])
def test_a_log_in_any_form(tmp_path, form):
    text = changed((NEWCOMER / "dmesg.txt").read_text(), form)
    data = text.encode("utf-16") if form == "utf-16" else text.encode()
    (tmp_path / "log").write_bytes(gzip.compress(data) if form == "gz" else data)
    shutil.copy(NEWCOMER / "lspci-x.txt", tmp_path)
    result, by_id = found(tmp_path)
    assert by_id["faults-host-stolen"].what.startswith("3 DMA faults of 00:02.0, and 20,312 more")
    assert stated(result)["RMRR"] == "8b800000-8fffffff"


def test_files_pasted_into_one(tmp_path):
    """The host's lspci and dmesg, and the guest's SeaBIOS log, one after the other: neither's base is the other's."""
    names = [NEWCOMER / "lspci-x.txt", NEWCOMER / "dmesg.txt", LOGS / "seabios-rombar-on.log"]
    (tmp_path / "paste.txt").write_text("\n".join(path.read_text() for path in names))
    result, by_id = found(tmp_path / "paste.txt")
    facts = stated(result)
    assert facts["stolen memory"] == "8c000000-8fffffff (64M)"
    assert facts["guest's stolen memory"] == "bd700000-bfefffff (40M)"
    assert {"faults-host-stolen", "rom-not-run"} <= set(by_id)
    assert "two-machines" not in by_id


def test_a_log_that_is_cut_in_the_middle(tmp_path):
    data = (NEWCOMER / "dmesg.txt").read_bytes()
    for end in range(200, len(data), 97):
        (tmp_path / "dmesg").write_bytes(data[:end])
        result, _ = found(tmp_path / "dmesg")
        assert all(each.evidence.line <= data[:end].count(b"\n") + 1 for each in result.facts)


def test_nothing_that_tells_anything(tmp_path):
    (tmp_path / "note.txt").write_text("my screen is dark\n")
    with pytest.raises(FwsimError, match="nothing here tells") as caught:
        diagnose([tmp_path])
    assert "note.txt" in caught.value.found
    with pytest.raises(FwsimError, match="no such file"):
        diagnose([tmp_path / "absent"])


def test_a_file_of_which_nothing_is_known_is_said(tmp_path):
    shutil.copytree(NEWCOMER, tmp_path / "x")
    (tmp_path / "x/note.txt").write_text("my screen is dark\n")
    result, _ = found(tmp_path / "x")
    assert [(each.file, each.why) for each in result.unread] == [("note.txt", "nothing in it is known")]


@pytest.mark.parametrize(
    ("words", "name"), [("Code 43", "code-43"), ("code43", "code-43"), ("a black screen", "black-screen")]
)
def test_a_symptom_in_place_of_a_file(words, name):
    assert "OpRegion" in found(words)[1][name].why
    result, by_id = found(words, NEWCOMER)
    assert by_id[name].severity == "note"
    assert result.findings[0].id == "faults-host-stolen"


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_two_machines(tmp_path):
    shutil.copytree(NEWCOMER, tmp_path / "x")
    other = (NEWCOMER / "lspci-x.txt").read_text().replace("01 00 00 8c", "01 00 00 7c")
    (tmp_path / "x/other.txt").write_text(other)
    _, by_id = found(tmp_path / "x")
    assert "lspci-x.txt has stolen memory at 8c000000, other.txt has 7c000000" in by_id["two-machines"].what
    (tmp_path / "x/other.txt").write_text((NEWCOMER / "lspci-x.txt").read_text().replace("86 80 92 3e", "86 80 12 59"))
    assert "the IGD 3e92, other.txt has 5912" in found(tmp_path / "x")[1]["two-machines"].what


GUEST = """\
00:00.0 Host bridge [0600]: Intel Corporation 440FX - 82441FX PMC [Natoma] [8086:1237] (rev 02)
00:02.0 VGA compatible controller [0300]: Intel Corporation CoffeeLake-S GT2 [UHD Graphics 630] [8086:3e92]
00: 86 80 92 3e 07 04 10 00 00 00 00 03 00 00 00 00
50: c1 02 00 00 39 00 00 00 00 00 00 00 00 00 00 00
f0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
"""


def test_a_guests_dumps_beside_the_hosts(tmp_path):
    shutil.copytree(NEWCOMER, tmp_path / "x")
    (tmp_path / "x/lspci-inside.txt").write_text(GUEST)
    result, by_id = found(tmp_path / "x")
    assert stated(result)["stolen memory"] == "8c000000-8fffffff (64M)"
    assert stated(result)["guest's stolen memory"] == "none (BDSM is 0)"
    assert by_id["guest-no-bdsm"].severity == "fatal"
    assert by_id["guest-no-bdsm"].evidence.file == "lspci-inside.txt"
    assert "host-no-bdsm" not in by_id
    assert "two-machines" not in by_id


def test_a_guests_log_by_its_dmi(tmp_path):
    shutil.copytree(NEWCOMER, tmp_path / "x")
    (tmp_path / "x/log2").write_text(
        "[ 0.0] DMI: QEMU Standard PC (i440FX + PIIX, 1996)\n" + (LOGS / "i915-conflict.txt").read_text()
    )
    result, by_id = found(tmp_path / "x")
    assert by_id["i915-stolen-conflict"].what.startswith("in the guest: ")
    assert stated(result)["stolen memory"] == "8c000000-8fffffff (64M)"


# --- places ----------------------------------------------------------------------------------------------------------

FAULT = (
    "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr {:#x} "
    "[fault reason 0x06] PTE Read access is not set\n"
)
MAP = """\
BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
BIOS-e820: [mem 0x0000000000100000-0x000000006fffffff] usable
BIOS-e820: [mem 0x0000000070000000-0x00000000700fffff] reserved
BIOS-e820: [mem 0x00000000fed00000-0x00000000fedfffff] reserved
DMAR: Host address width 39
DMAR: RMRR base: 0x0000006a000000 end: 0x0000006a00ffff
DMAR: RMRR base: 0x0000006b000000 end: 0x0000006b0fffff
DMAR: RMRR base: 0x0000008b800000 end: 0x0000008fffffff
"""


@pytest.mark.parametrize(
    ("address", "name", "words"),
    [
        (0x8C000000, "faults-host-stolen", "the host's stolen memory 8c000000-8fffffff"),
        (0x8B900000, "faults-host-stolen", "the host's GTT stolen memory 8b800000-8bffffff"),
        (0x6A001000, "faults-other-rmrr", "another device's RMRR 6a000000-6a00ffff"),
        (0x6B001000, "faults-other-rmrr", "another device's RMRR 6b000000-6b0fffff"),
        (0xC0000000, "faults-bar", "the host's BAR2 (GMADR) c0000000-cfffffff"),
        (0x20000000, "faults-host-ram", "the host's RAM 100000-6fffffff"),
        (0x70001000, "faults-reserved", "reserved memory of the host 70000000-700fffff"),
        (0x80000000, "faults-hole", "a hole of the host's memory map 70100000-fecfffff"),
        (1 << 40, "faults-beyond", "beyond the IOMMU's 39 bits, from 8000000000"),
        (0x200000000, "faults-unplaced", "no place that is known"),
    ],
)
def test_a_fault_is_placed(tmp_path, address, name, words):
    shutil.copy(NEWCOMER / "lspci-x.txt", tmp_path)
    (tmp_path / "dmesg").write_text(MAP + FAULT.format(address))
    _, by_id = found(tmp_path)
    assert words in by_id[name].what
    assert [each for each in by_id if each.startswith("faults-")] == [name]


def test_a_fault_without_context_is_not_the_pages(tmp_path):
    shutil.copy(NEWCOMER / "lspci-x.txt", tmp_path)
    line = FAULT.format(0x8C000000).replace("0x06", "0x02")
    (tmp_path / "dmesg").write_text(line)
    _, by_id = found(tmp_path)
    assert by_id["faults-no-context"].severity == "warning"
    assert "faults-host-stolen" not in by_id


def test_faults_of_another_device_are_left_aside(tmp_path):
    (tmp_path / "dmesg").write_text(FAULT.format(0x8C000000).replace("00:02.0", "00:14.0") * 3)
    result, by_id = found(tmp_path)
    assert by_id["faults-others"].what == "faults of other devices: 00:14.0 (3)"
    assert not result.weighs


def test_a_fault_a_thousand_times_is_counted_once(tmp_path):
    (tmp_path / "dmesg").write_text(FAULT.format(0x8C000000) * 1000 + FAULT.format(0x8C001000))
    _, by_id = found(tmp_path)
    assert by_id["faults-unplaced"].what.startswith("1,001 DMA faults at 2 addresses of 00:02.0")


def test_an_old_kernels_two_lines_are_one_fault(tmp_path):
    """The same fault twice, and a reason that is another device's."""
    first = "DMAR: DMAR:[DMA Read] Request device [{}] fault addr dba01000 \n"
    reason = "DMAR:[fault reason {:02d}] PTE Read access is not set\n"
    ours, theirs = first.format("00:02.0") + reason.format(6), first.format("04:00.0") + reason.format(1)
    (tmp_path / "dmesg").write_text(ours + theirs + ours + first.format("00:02.0") + theirs)
    _, by_id = found(tmp_path)
    finding = by_id["faults-unplaced"]
    assert finding.what.startswith("3 DMA faults at 2 addresses of 00:02.0")
    assert finding.why.count("reason 0x") == 1
    assert by_id["faults-others"].what.endswith("04:00.0 (2)")


def test_more_faults_than_are_kept_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("fwsim.diagnose.take.FAULTS_MAX", 10)
    (tmp_path / "dmesg").write_text("".join(FAULT.format(0x8C000000 + 4096 * n) for n in range(25)))
    _, by_id = found(tmp_path)
    assert by_id["faults-unplaced"].what.startswith("10 DMA faults of 00:02.0, and 15 more that are not placed")


def test_a_message_a_thousand_times(tmp_path):
    line = "vfio-pci 0000:00:02.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff\n"
    (tmp_path / "dmesg").write_text(line * 1000)
    _, by_id = found(tmp_path)
    assert by_id["rom-signature-ffff"].what.endswith("(1,000 times)")
    assert len(by_id["rom-signature-ffff"].also) == 3


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_are_never_a_traceback(tmp_path, seed):
    """Every file cut, mixed and with bytes changed: an answer, or an error of fwsim's own."""
    draw = random.Random(seed)
    for path in [*NEWCOMER.iterdir(), *LOGS.iterdir()]:
        data = bytearray(path.read_bytes())
        for _ in range(draw.randrange(40)):
            data[draw.randrange(len(data))] = draw.choice([0, 10, 13, 27, 32, 48, 91, 102, 255])
        if draw.random() < 0.3:
            del data[draw.randrange(len(data)) :]
        if draw.random() < 0.2:
            data = bytearray(data.decode("utf-8", "replace").encode("utf-16"))
        (tmp_path / path.name).write_bytes(gzip.compress(data) if draw.random() < 0.1 else data)
    with contextlib.suppress(FwsimError):
        screen(diagnose([tmp_path]))


# --- the machine -----------------------------------------------------------------------------------------------------


def edited(tmp_path, *pairs, log=""):
    text = (NEWCOMER / "lspci-x.txt").read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "lspci.txt").write_text(text)
    (tmp_path / "dmesg.txt").write_text(log or "[    0.0] DMAR: IOMMU enabled\n")
    return found(tmp_path)


def test_vga_disabled(tmp_path):
    _, by_id = edited(tmp_path, ("50: c1 02", "50: c3 02"), ("00 00 00 03 00", "00 00 80 03 00"))
    assert by_id["vga-disabled"].what == "the IGD is no VGA device on this host: class 0380, GGC 02c3, IVD set"
    assert by_id["vga-disabled"].severity == "fatal"


def test_display_controller_of_a_plain_lspci(tmp_path):
    (tmp_path / "lspci").write_text("00:02.0 Display controller: Intel Corporation UHD Graphics 630 [8086:3e92]\n")
    assert "class 0380" in found(tmp_path)[1]["vga-disabled"].what


def test_no_host_bridge(tmp_path):
    _, by_id = edited(tmp_path, ("20 07 00 00 06 00", "20 07 00 80 08 00"))
    assert "0880" in by_id["no-host-bridge"].what


def test_no_bdsm(tmp_path):
    _, by_id = edited(tmp_path, ("01 00 00 8c", "01 00 00 00"), ("18 20 5b 8a", "00 00 00 00"))
    assert by_id["host-no-bdsm"].severity == "fatal"
    assert "host-no-opregion" in by_id


def test_gtt_by_its_rmrr(tmp_path):
    """GGMS 0, and an RMRR from 8 MiB below BDSM on: a fault there is of the GTT."""
    log = "DMAR: RMRR base: 0x0000008b800000 end: 0x0000008fffffff\n" + FAULT.format(0x8B900000)
    result, by_id = edited(tmp_path, ("50: c1 02", "50: 01 02"), log=log)
    assert "begins 8M below BDSM" in by_id["gtt-by-rmrr"].what
    assert "the host's GTT stolen memory 8b800000-8bffffff" in by_id["faults-host-stolen"].what
    assert stated(result)["GTT"] == "8b800000-8bffffff (8M)"


@pytest.mark.parametrize(("lpc", "taken"), [("05 a3", True), ("c9 a2", False), ("84 9d", True), ("18 29", False)])
def test_lpc_ids_of_coffee_lake(tmp_path, lpc, taken):
    _, by_id = edited(tmp_path, ("86 80 c9 a2", f"86 80 {lpc}"))
    assert ("lpc-unknown" in by_id) is not taken


# --- the terminal, JSON, exit codes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [NEWCOMER, *sorted(LOGS.iterdir())], ids=lambda path: path.name)
def test_a_terminal_of_80_columns(path):
    result, _ = found(path)
    text = screen(result)
    assert all(len(line) <= 80 for line in text.splitlines())
    for number, each in enumerate(result.findings, 1):
        assert f"{number}. {each.severity}: " in text
    fatal = sum(each.severity == "fatal" for each in result.findings)
    assert text.splitlines()[-1].startswith(f"{fatal} fatal" if fatal else f"{len(result.findings)} warning")


def test_json_is_the_contract(capsys):
    assert main(["diagnose", str(NEWCOMER), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert set(document) >= {"facts", "assumed", "findings", "scenario", "unread", "collect"}
    finding = document["findings"][0]
    assert set(finding) >= {"id", "severity", "what", "why", "remedy", "evidence"}
    assert set(finding["evidence"]) >= {"file", "line", "text"}


def test_exit_codes(tmp_path, capsys):
    (tmp_path / "dmesg").write_text("[    0.0] DMAR: IOMMU enabled\n")
    assert main(["diagnose", str(tmp_path)]) == 0
    assert "nothing wrong was found" in capsys.readouterr().out
    assert main(["diagnose", str(tmp_path / "absent")]) == 2
