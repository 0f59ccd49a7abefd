"""``fwsim host import`` writes a host's functions where the dumps tell of groups; ``fwsim host groups`` shows them."""

import json

import pytest

from fwsim import cli
from fwsim.host.hostfile import import_host
from fwsim.scenario.host_functions import asked
from fwsim.scenario.load import load

VERBOSE = """\
00:00.0 Host bridge [0600]: Intel Corporation 2nd Generation Core Processor Family DRAM Controller [8086:0104] (rev 09)
\tIOMMU group: 0
00:01.0 PCI bridge [0604]: Intel Corporation Xeon E3-1200/2nd Generation Core Root Port [8086:0101] (prog-if 00)
\tIOMMU group: 1
\tBus: primary=00, secondary=01, subordinate=01, sec-latency=0
\tCapabilities: [a0] Express (v2) Root Port (Slot+), MSI 00
\tKernel driver in use: pcieport
00:02.0 VGA compatible controller [0300]: Intel Corporation Graphics Controller [8086:0126] (rev 09) (prog-if 00)
\tIOMMU group: 2
\tKernel driver in use: i915
00:1c.0 PCI bridge [0604]: Intel Corporation Root Port [8086:a338] (rev f0) (prog-if 00 [Normal decode])
\tIOMMU group: 3
\tBus: primary=00, secondary=03, subordinate=04, sec-latency=0
\tCapabilities: [40] Express (v2) Root Port (Slot+), MSI 00
\tCapabilities: [140 v1] Access Control Services
\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-
\t\tACSCtl:\tSrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-
\tKernel driver in use: pcieport
01:00.0 VGA compatible controller [0300]: NVIDIA Corporation GK106 [10de:11c0] (rev a1) (prog-if 00)
\tIOMMU group: 1
\tCapabilities: [78] Express (v2) Endpoint, MSI 00
\tKernel driver in use: nouveau
03:00.0 PCI bridge [0604]: ASPEED Technology, Inc. AST1150 PCI-to-PCI Bridge [1a03:1150] (rev 04) (prog-if 00)
\tIOMMU group: 4
\tBus: primary=03, secondary=04, subordinate=04, sec-latency=0
\tCapabilities: [80] Express (v2) PCI-Express to PCI/PCI-X Bridge, MSI 00
04:00.0 VGA compatible controller [0300]: ASPEED Technology, Inc. ASPEED Graphics Family [1a03:2000] (rev 41)
\tIOMMU group: 4
"""


def imported(tmp_path, text, name="lspci.txt", **more):
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / name).write_text(text)
    for other, content in more.items():
        (folder / other).write_text(content)
    import_host([folder], tmp_path / "host.toml")
    return load(tmp_path / "host.toml")


def test_lspcis_text_gives_buses_types_acs_drivers_and_groups(tmp_path):
    scenario = imported(tmp_path, VERBOSE)
    rows = {row.slot: row for row in scenario.host_function}
    assert list(rows) == ["00:00.0", "00:01.0", "00:02.0", "00:1c.0", "01:00.0", "03:00.0", "04:00.0"]
    assert (rows["00:1c.0"].type, rows["00:1c.0"].acs) == ("root-port", "SV+ TB- RR+ CR+ UF+")
    assert (rows["04:00.0"].behind, rows["03:00.0"].type, rows["03:00.0"].behind) == (
        "03:00.0", "pcie-to-pci", "00:1c.0",
    )  # fmt: skip
    assert (rows["01:00.0"].driver, rows["01:00.0"].vendor, rows["01:00.0"].class_code) == ("nouveau", 0x10DE, 0x30000)
    groups = asked(scenario).groups
    assert groups.listed is not None
    assert not groups.differing()  # the rules find the same as that kernel did


def test_the_igd_can_be_run_though_the_host_had_it_when_it_was_dumped(tmp_path):
    scenario = imported(tmp_path, VERBOSE)
    assert asked(scenario).refusal(0x10) is None
    assert 'driver = "vfio-pci"    # i915 when it was dumped' in (tmp_path / "host.toml").read_text()


SHORT = """\
IOMMU Group 0 00:00.0 Host bridge [0600]: Intel Corporation DRAM Controller [8086:0104] (rev 09)
IOMMU Group 1 00:02.0 VGA compatible controller [0300]: Intel Corporation Graphics Controller [8086:0126] (rev 09)
"""
HEADINGS = """\
IOMMU Group 0:
        00:00.0 Host bridge [0600]: Intel Corporation DRAM Controller [8086:0104] (rev 09)
IOMMU Group 1:
        00:02.0 VGA compatible controller [0300]: Intel Corporation Graphics Controller [8086:0126] (rev 09)
"""
PLAIN = SHORT.replace("IOMMU Group 0 ", "").replace("IOMMU Group 1 ", "")
LINKS = "/sys/kernel/iommu_groups/1/devices/0000:00:02.0\n/sys/kernel/iommu_groups/0/devices/0000:00:00.0\n"


@pytest.mark.parametrize(
    ("text", "more"),
    [(SHORT, {}), (HEADINGS, {}), (HEADINGS.replace("        ", "\t"), {}), (PLAIN, {"groups.txt": LINKS})],
)
def test_each_kind_of_listing_gives_the_groups(tmp_path, text, more):
    scenario = imported(tmp_path, text, **more)
    assert {row.slot: row.group for row in scenario.host_function} == {"00:00.0": 0, "00:02.0": 1}


def test_dumps_that_tell_of_no_groups_give_no_functions(tmp_path):
    assert imported(tmp_path, PLAIN).host_function == ()


def test_functions_that_no_host_has_are_left_out_and_said(tmp_path):
    loop = VERBOSE.replace("primary=00, secondary=03", "primary=00, secondary=04")
    loop = loop.replace("primary=03, secondary=04", "primary=03, secondary=03")
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "lspci.txt").write_text(loop)
    result = import_host([folder], tmp_path / "host.toml")
    assert load(tmp_path / "host.toml").host_function == ()
    assert [note.what for note in result.dumps.notes if "functions were not taken" in note.what] == [
        "the host's functions were not taken: a function behind itself"
    ]


def test_the_rmrr_around_stolen_memory_is_the_igds(tmp_path):
    log = "[    0.0] DMAR: RMRR base: 0x000000db800000 end: 0x000000df9fffff\n"
    space = "00:02.0 VGA compatible controller [0300]: Intel Corporation Device [8086:0126]\n"
    config = bytearray(256)
    config[0:4], config[0x0A:0x0C], config[0x5C:0x60] = b"\x86\x80\x26\x01", b"\0\3", b"\1\0\xa0\xdb"
    space += "".join(f"{at:02x}: {config[at : at + 16].hex(' ')}\n" for at in range(0, 256, 16))
    scenario = imported(tmp_path, space, **{"dmesg.txt": log})
    assert scenario.host.rmrr == ("0xdb800000-0xdf9fffff",)


def test_host_groups_shows_why_functions_share_one(tmp_path, capsys):
    imported(tmp_path, VERBOSE)
    assert cli.main(["host", "groups", str(tmp_path / "host.toml")]) == 0
    text = capsys.readouterr().out
    assert "5 groups, as the host's kernel listed them" in text
    assert "group 1   not viable: 01:00.0 (nouveau)" in text
    assert "it is behind 00:01.0, and that has no ACS capability" in text
    assert "bridge 03:00.0 sends its DMA as 04:00.0" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_host_groups_as_json(tmp_path, capsys):
    imported(tmp_path, VERBOSE)
    assert cli.main(["host", "groups", str(tmp_path / "host.toml"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["listed"], found["differing"]) == (True, [])
    group = next(each for each in found["groups"] if each["number"] == 1)
    assert (group["viable"], group["blocked_by"]) == (False, ["01:00.0 (nouveau)"])
    assert [(each["slot"], each["shares_with"]) for each in group["members"]] == [
        ("00:01.0", ""), ("01:00.0", "00:01.0"),
    ]  # fmt: skip
