"""``pci``, ``passthrough`` and ``vpci`` from options and from a file: what they mean together, and what contradicts."""

import random

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import Choice, Device
from fwsim.hypervisor.xl.pci_host import check_window, resolved
from fwsim.hypervisor.xl.xl_pci import read
from fwsim.scenario.load import dumps, load, loads, with_overrides

MAIL = ["08:00.0,backend=vpci", "09:00.0,backend=xenpt", "0a:00.0,backend=qemu"]
HOST = (0x0010, 0x0800, 0x0801, 0x0802, 0x0900, 0x0A00)
FILE = """\
name = "arm0"
memory = 512
pci = [ '08:00.0,backend=vpci',   # the first
        "09:00.0,permissive=0" ]
pci_permissive = 1
passthrough = "Enabled"
"""


def refused(given, file="", after=lambda found: found):
    """The error, the character's column in its line, and the characters that are pointed at."""
    with pytest.raises(FwsimError) as caught:
        after(read(given, file))
    error = caught.value
    line, carets = error.found.split("\n")
    first = carets.index("^") - len("  found: ")
    return error, line[first : first + carets.count("^")]


@pytest.fixture
def cfg(tmp_path):
    def write(text):
        path = tmp_path / "guest.cfg"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return write


# --- what is read ----------------------------------------------------------------------------------------------------


def test_the_mails_line():
    found = read({"pci": MAIL})
    assert [(each.sbdf, each.backend) for each in found.devices] == [
        (0x800, "vpci"), (0x900, "xenpt"), (0xA00, "qemu"),
    ]  # fmt: skip
    assert found.prepared
    assert found.iommu
    assert found == read({"pci": tuple(MAIL)})


def test_a_file_and_what_of_it_is_not_used(cfg):
    file = cfg(FILE)
    found = read({}, file)
    assert [(each.title, each.backend, each.options.permissive) for each in found.devices] == [
        ("0000:08:00.0", "vpci", True), ("0000:09:00.0", "", False),
    ]  # fmt: skip
    assert found.passthrough == "enabled"
    assert found.notes == (f"info: not used of {file}: name, memory",)


def test_options_go_before_the_files_lines(cfg):
    file = cfg(FILE)
    found = read({"pci": ["0a:00.0"]}, file)
    assert [each.sbdf for each in found.devices] == [0xA00]
    assert found.passthrough == "enabled"
    assert f"info: hypervisor.options.pci counts, not pci of {file}" in found.notes


def test_words_without_quotes_are_taken_and_said(cfg):
    """xl: syntax error, unexpected IDENT, expecting STRING or NUMBER or '['."""
    file = cfg("passthrough = enabled\n")
    found = read({}, file)
    assert (found.passthrough, found.prepared) == ("enabled", True)
    assert found.notes[0].startswith(f"warning: {file}, line 1: passthrough is taken")


@pytest.mark.parametrize(
    ("given", "prepared", "iommu"),
    [
        ({}, False, False), ({"passthrough": "disabled"}, False, False), ({"passthrough": "default"}, False, False),
        ({"passthrough": "enabled"}, True, True), ({"passthrough": "sync_pt"}, True, True),
        ({"passthrough": "share_pt"}, True, True), ({"pci": ["08:00.0"]}, True, True), ({"pci": []}, False, False),
        ({"vpci": "pci_ecam"}, True, False), ({"vpci": "pci_ecam", "passthrough": "enabled"}, True, True),
    ],
)  # fmt: skip
def test_whether_the_domain_gets_a_bus(given, prepared, iommu):
    """ "It should setup the domain to be prepared to support hot passthrough, including the IOMMU": vpci does not."""
    found = read(given)
    assert (found.prepared, found.iommu) == (prepared, iommu)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"pci": ["08:00.0"]}, "redundant: pci"), ({"passthrough": "enabled"}, 'redundant: passthrough = "enabled"'),
        ({}, "not the IOMMU's part"),
    ],
)  # fmt: skip
def test_vpci_beside_the_others_is_redundant(given, word):
    (note,) = read(given | {"vpci": "pci_ecam"}).notes
    assert note.startswith("warning: vpci")
    assert word in note
    assert read(given).notes == ()


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "where", "at", "what"),
    [
        ({"pci": ["08:00.0", "09:00.0,backend=vpic"]}, "pci.1: column 17", "vpic", "no such backend"),
        ({"pci": ["08:00.0", "0000:08:00.0"]}, "pci.1: column 1", "0000:08:00.0", "a device given twice"),
        ({"pci": ["08:00.1", "08:00.*@3"]}, "pci.1: column 1", "08:00.*", "a device given twice"),
        ({"pci": ["08:00.*@3", "bdf=08:00.1"]}, "pci.1: column 5", "08:00.1", "a device given twice"),
        ({"pci": ["08:00.*@3", "08:00.*@4"]}, "pci.1: column 1", "08:00.*", "a device given twice"),
        ({"pci": ["name=nic", "name=nic"]}, "pci.1: column 6", "nic", "a device given twice"),
        ({"pci": ["08:00.0@3", "09:00.0,vslot=3"]}, "pci.1: column 15", "3", "two devices in one slot of the guest"),
        ({"pci": ["08:00.0"], "passthrough": "disabled"}, "passthrough: column 1", "disabled",
         "passthrough disabled but devices are specified"),
        ({"passthrough": "enable"}, "passthrough: column 1", "enable", "no such passthrough"),
        ({"vpci": "pci-ecam"}, "vpci: column 1", "pci-ecam", "no such virtual bus"),
        ({"vpci": "pci_ecam", "passthrough": "disabled"}, "vpci: column 1", "pci_ecam",
         "pci_ecam, and passthrough disabled"),
        ({"assignable": ["nic"]}, "assignable.0: column 1", "nic", "not a named device"),
        ({"assignable": ["nic=8"]}, "assignable.0: column 6", "", "not a PCI device"),
        ({"assignable": ["nic=08:00.*"]}, "assignable.0: column 5", "08:00.*", "not one function"),
        ({"assignable": ["nic=08:00.0", "nic=09:00.0"]}, "assignable.1: column 1", "nic", "a name given twice"),
        ({"pci_seize": "on"}, "pci_seize: column 1", "on", "not a number"),
    ],
)  # fmt: skip
def test_an_option_that_is_wrong(given, where, at, what):
    error, pointed = refused(given)
    assert (error.where, pointed, error.what) == (f"hypervisor.options.{where}", at, what)


def test_functions_of_one_device_are_several():
    assert len(read({"pci": ["08:00.0", "08:00.1", "0001:08:00.0", "name=a", "name=b"]}).devices) == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("pci", "08:00.0"), ("pci", [1]), ("pci", True), ("passthrough", 1), ("vpci", ["pci_ecam"]), ("pci_seize", [1])],
)  # fmt: skip
def test_an_option_of_another_type(name, value):
    with pytest.raises(FwsimError) as caught:
        read({name: value})
    assert caught.value.where == f"hypervisor.options.{name}"


@pytest.mark.parametrize(
    ("text", "row", "column", "at"),
    [
        (FILE.replace("vpci'", "vpic'"), 3, 26, "vpic"), (FILE.replace("09:00.0", "08:00.0"), 4, 10, "08:00.0"),
        (FILE.replace('"Enabled"', '"enable"'), 6, 16, "enable"), (FILE.replace('"Enabled"', "[]"), 6, 15, "["),
        (FILE.replace("pci = [", "pci = '08:00.0' #").replace('        "09:00.0,permissive=0" ]\n', ""), 3, 7,
         "'08:00.0'"),
        (FILE.replace('"09:00.0', '["09:00.0"], "0'), 4, 9, "["),
        (FILE.replace('0" ]', '0"'), 5, 1, "pci_permissive"),
        (FILE.replace('0" ]', "0 ]"), 4, 9, '"09:00.0,permissive=0'),
        (FILE.replace("permissive = 1", "permissive = 'on'"), 5, 18, "'on'"),
        ("pci = [ 'a\\\\,' , \"08:00.0,x\\\"=1\" ]\n", 1, 9 + 1 + 1, "\\"),
    ],
)  # fmt: skip
def test_an_error_in_a_file_points_into_it(cfg, text, row, column, at):
    file = cfg(text)
    error, pointed = refused({}, file)
    assert (error.where, pointed) == (f"{file}: line {row}, column {column}", at)


@pytest.mark.parametrize("content", [b"\0\1", b"#" * (1 << 20) + b"\n"])
def test_a_file_that_is_none(cfg, content):
    with pytest.raises(FwsimError) as caught:
        read({}, cfg(content))
    assert caught.value.where == "hypervisor.xl_cfg"


def test_a_file_that_is_not_there(tmp_path):
    for name in (tmp_path / "none.cfg", tmp_path):
        with pytest.raises(FwsimError) as caught:
            read({}, str(name))
        assert caught.value.found == str(name)


@pytest.mark.parametrize("seed", range(4))
def test_no_file_gives_a_traceback(cfg, seed):
    chance = random.Random(seed)
    for _ in range(150):
        text = bytearray(FILE.encode())
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(text))
            text[at : at + chance.randrange(3)] = bytes([chance.choice(b"'\"[],=#\n\r\\ @*.:08\xff\xc3a")])
        try:
            resolved(read({}, cfg(bytes(text))), HOST, chance.choice(("pc", "arm-virt")))
        except FwsimError as error:
            assert error.where  # noqa: PT017  # both outcomes are fine


# --- against the host and the machine --------------------------------------------------------------------------------


def test_a_star_is_every_function_that_there_is():
    found = resolved(read({"pci": ["08:00.*@5,backend=qemu", "08:01.0"]}), (*HOST, 0x808))
    assert [(each.sbdf, each.vslot, each.function, each.backend) for each in found.devices] == [
        (0x800, 5, 0, "qemu"), (0x801, 5, 1, "qemu"), (0x802, 5, 2, "qemu"), (0x808, None, 0, ""),
    ]  # fmt: skip


def test_a_function_alone_is_the_guests_function_0():
    """libxl_pci.c: "make sure that virtual function number 0 is always used otherwise guest won't see the device"."""
    (found,) = resolved(read({"pci": ["08:00.2@5"]}), HOST).devices
    assert (found.sbdf, found.vslot, found.function) == (0x802, 5, 0)


def test_a_name_is_looked_up():
    given = {"assignable": ["nic=08:00.1"], "pci": ["name=nic,seize=1"]}
    (found,) = resolved(read(given), HOST).devices
    assert (found.sbdf, found.options.seize, found.name) == (0x801, True, "nic")


@pytest.mark.parametrize(
    ("given", "machine", "at", "what"),
    [
        ({"pci": ["0b:00.0,backend=vpci"]}, "pc", "0b:00.0", "no such function in the host"),
        ({"pci": ["0001:08:00.0"]}, "pc", "0001:08:00.0", "no such function in the host"),
        ({"pci": ["0b:00.*@2"]}, "pc", "0b:00.*", "no such function in the host"),
        ({"pci": ["08:00.*"]}, "pc", "08:00.*", "no slot for a multi-function device"),
        ({"pci": ["name=nic"]}, "pc", "nic", "no assignable device has this name"),
        ({"pci": ["name=nic", "08:00.0"], "assignable": ["nic=08:00.0"]}, "pc", "08:00.0", "a device given twice"),
        ({"pci": MAIL}, "arm-virt", "xenpt", "no backend on Arm: xenpt"),
        ({"pci": ["08:00.0,backend=qemu"]}, "arm-virt", "qemu", "no backend on Arm: qemu"),
        ({"passthrough": "sync_pt"}, "arm-virt", "sync_pt", 'passthrough="sync_pt" not supported on ARM'),
    ],
)  # fmt: skip
def test_what_a_host_or_a_machine_does_not_have(given, machine, at, what):
    error, pointed = refused(given, after=lambda found: resolved(found, HOST, machine))
    assert (error.what, pointed) == (what, at)


def test_arm_has_vpci_for_every_device():
    found = resolved(read({"pci": ["08:00.0,backend=vpci", "09:00.0"]}), HOST, "arm-virt")
    assert [each.backend for each in found.devices] == ["vpci", "vpci"]
    error, _at = refused({"pci": MAIL}, after=lambda found: resolved(found, HOST, "arm-virt"))
    assert "for the time being" in error.hint


@pytest.mark.parametrize(
    ("entry", "buses", "what"),
    [
        ("ff:1f.7", 256, ""), ("08:00.0", 9, ""), ("08:00.0", 8, "past the buses of the window"),
        ("ff:00.0", 255, "past the buses of the window"), ("0001:00:00.0", 256, "in another segment than the window"),
        ("00:00.0", 0, "past the buses of the window"),
    ],
)  # fmt: skip
def test_a_window_has_a_mib_a_bus(entry, buses, what):
    found = read({"pci": [entry]})
    if what:
        with pytest.raises(FwsimError, match=what) as caught:
            check_window(found, buses << 20)
        assert caught.value.where == "hypervisor.options.pci.0: column 1"
    else:
        check_window(found, buses << 20)


# --- in a scenario ---------------------------------------------------------------------------------------------------

SCENARIO = """\
[hypervisor]
kind = "xen"
[hypervisor.options]
pci = ["00:02.0,permissive=1,rdm_policy=relaxed", "08:00.0,backend=vpci"]
passthrough = "enabled"
pci_seize = true
gfx_passthru = "igd"
[firmware]
kind = "hvmloader"
[[host_function]]
slot = "00:02.0"
[[host_function]]
slot = "08:00.0"
type = "endpoint"
"""


def test_lists_in_the_options_are_written_and_read_back():
    scenario = loads(SCENARIO)
    assert scenario.hypervisor.options["pci"] == ("00:02.0,permissive=1,rdm_policy=relaxed", "08:00.0,backend=vpci")
    text = dumps(scenario)
    assert 'pci" = ["00:02.0,permissive=1,rdm_policy=relaxed", "08:00.0,backend=vpci"]' in text
    assert loads(text) == scenario


def test_the_igds_entry_counts_for_the_igd():
    options = loads(SCENARIO).hypervisor.design.options
    assert (options.permissive, options.rdm_policy, len(options.pci.devices)) == (True, "relaxed", 2)
    options = loads(SCENARIO.replace("pci_seize = true", "permissive = false")).hypervisor.design.options
    assert (options.permissive, options.rdm_policy) == (False, "relaxed")


def test_lists_on_the_command_line():
    table = with_overrides({}, ['hypervisor.kind="xen"', 'hypervisor.options.pci=["00:02.0", "08:00.0"]'])
    assert table["hypervisor"]["options"] == {"pci": ["00:02.0", "08:00.0"]}


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("08:00.0,backend", "09:00.0,backend", "scenario: hypervisor.options.pci.1: column 1"),
        ("backend=vpci", "backend=vpic", "scenario: hypervisor.options.pci.1: column 17"),
        ('["00:02.0', '[["x"], "00:02.0', "scenario: hypervisor.options[...][0]"),
        ("pci_seize", "pci_sieze", "scenario: hypervisor.options.pci_sieze"),
        ('gfx_passthru = "igd"', 'domain = "dom0"', "scenario: hypervisor.options.domain"),
        ('kind = "xen"', 'kind = "qemu"\nxl_cfg = "x.cfg"', "scenario: hypervisor.xl_cfg"),
    ],
)  # fmt: skip
def test_a_scenario_that_is_wrong(old, new, where):
    with pytest.raises(FwsimError) as caught:
        loads(SCENARIO.replace(old, new, 1))
    assert caught.value.where == where


def test_a_scenarios_file_is_beside_it(tmp_path):
    (tmp_path / "guest.cfg").write_text("pci = [ '00:02.0,permissive=1' ]\nmemory = 1\n")
    (tmp_path / "s.toml").write_text(
        '[hypervisor]\nkind = "xen"\nxl_cfg = "guest.cfg"\n[firmware]\nkind = "hvmloader"\n'
    )
    scenario = load(tmp_path / "s.toml")
    assert scenario.hypervisor.design.options.permissive
    given = scenario.assignment
    assert given.messages[0] == f"info: not used of {tmp_path / 'guest.cfg'}: memory"
    assert loads(dumps(scenario)) == scenario
    (tmp_path / "guest.cfg").unlink()
    with pytest.raises(FwsimError, match="cannot be read") as caught:
        load(tmp_path / "s.toml")
    assert caught.value.where.endswith("s.toml: hypervisor.xl_cfg")


def test_without_any_of_it_nothing_is_said():
    device = Device(device_id=0x0126, generation=6, ggc=0x0209, bdsm=0xDBA00000, stolen=32 << 20, asls=0xDA9F5018)
    assert kinds.hypervisor(Choice("xen")).assign(device).messages == []
