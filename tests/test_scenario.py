import re
from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.scenario.load import dumps, load, loads, with_overrides
from fwsim.scenario.model import Budget, Call, Display, Host, Scenario
from fwsim.units import short_size

DESIGN_EXAMPLE = """
name = "x220-legacy"
[host]
cpu = "sandybridge"
vga = "auto"
device_id = 0x0126
ggc = 0x0209
bdsm = 0xdba00000
asls = 0xda9f5018
opregion = "x220.opregion"
lpc_id = 0x1c4f
[[display]]
port = "crt"
edid = "monitor.edid"
[hypervisor]
kind = "qemu"
profile = "5.0"
gms = 2
[guest]
machine = "pc"
ram = "2G"
slot = "00:02.0"
[firmware]
kind = "seabios"
version = "1.16.2"
[rom]
file = "x220.rom"
source = "file"
checksum = "enforce"
posts = 1
[rom.int15]
"5f34" = { ax = 0x005f, cx = 0 }
[[call]]
int = 0x10
ax = 0x4f02
bx = 0x4118
[payload]
draw = "test-card"
"""


def test_every_field_of_the_design():
    scenario = loads(DESIGN_EXAMPLE)
    assert scenario.name == "x220-legacy"
    assert scenario.host == Host(
        cpu="sandybridge", vga="auto", device_id=0x126, ggc=0x209, bdsm=0xDBA00000, asls=0xDA9F5018,
        opregion="x220.opregion", lpc_id=0x1C4F,
    )  # fmt: skip
    assert scenario.display == (Display(port="crt", edid="monitor.edid"),)
    assert (scenario.hypervisor.profile, scenario.hypervisor.gms) == ("5.0", 2)
    assert (scenario.guest.ram, scenario.guest.devfn) == (0x80000000, 0x10)
    assert scenario.rom.answers() == {0x5F34: {"ax": 0x5F, "cx": 0}}
    assert scenario.call == (Call(vector=0x10, ax=0x4F02, bx=0x4118),)


def test_defaults_of_a_sandy_bridge_host():
    scenario = Scenario()
    assert (scenario.host.device_id, scenario.host.ggc, scenario.host.bdsm) == (0x126, 0x209, 0xDBA00000)
    assert (scenario.hypervisor.kind, scenario.firmware.kind, scenario.firmware.version) == (
        "qemu",
        "seabios",
        "1.16.2",
    )
    assert [display.port for display in scenario.display] == ["crt"]
    assert scenario.rom.file == ""


@pytest.mark.parametrize(
    "text",
    ["", DESIGN_EXAMPLE, 'host.cpu = "haswell"\nhypervisor.kind = "none"', '[[display]]\nport = "none"',
     'rom.any_device = true\nrom.file = "a \\"b\\" \\u007f \\t \\u00e9 \\\\"', "[[call]]\n[[call]]\nax = 3",
     "budget = { code = 1000, time = 7, events = 1 }", "firmware.kind = 'none'",
     'hypervisor = { opregion = true, lpc = "off" }'],
)  # fmt: skip
def test_what_is_written_reads_back_the_same(text):
    scenario = loads(text)
    written = dumps(scenario)
    assert loads(written) == scenario
    assert dumps(loads(written)) == written


def test_written_text_names_every_default():
    written = dumps(Scenario())
    for line in ('cpu = "sandybridge"',
    "bdsm = 0xdba00000", 'ram = "2G"', 'time = "300s"', 'code = "8G"', 'profile = "10.0"',
                 "any_device = false", 'slot = "00:02.0"', 'kind = "seabios"', 'version = "1.16.2"'):  # fmt: skip
        assert re.search(f"^{re.escape(line)}$", written, re.MULTILINE), line


@pytest.mark.parametrize(
    ("text", "ram"), [("'512M'", 512 << 20), ("0x1000000", 1 << 24), ("'0x40M'", 64 << 20), ("'4096K'", 4 << 20)]
)
def test_sizes(text, ram):
    assert loads(f"guest.ram = {text}").guest.ram == ram


@pytest.mark.parametrize(
    ("text", "ns"), [("'300s'", 300 * 10**9), ("1500", 1500 * 10**6), ("'20us'", 20_000), ("'2m'", 120 * 10**9)]
)
def test_times(text, ns):
    assert loads(f"budget.time = {text}").budget == Budget(time_ns=ns)


BAD = [
    ("host.bdms = 1", "host.bdms", "bdms", "did you mean bdsm?"),
    ("hots = {}", "hots", "hots", "did you mean host?"),
    ("[[call]]\nxa = 1", "call.0.xa", "xa", ""),
    ("host = 3", "host", "3", ""),
    ("host.bdsm = true", "host.bdsm", "true", ""),
    ("host.bdsm = 1.5", "host.bdsm", "1.5", ""),
    ("host.bdsm = []", "host.bdsm", "a list", ""),
    ("host.bdsm = 'abc'", "host.bdsm", "abc", ""),
    ("host.bdsm = 0xdba80000", "host.bdsm", "0xdba80000", "0xdba00000"),
    ("host.bdsm = 0xdba00002", "host.bdsm", "0xdba00002", "0xdba00000"),
    ("host.bdsm = 0x100000000", "host.bdsm", "0x100000000", "0x5c"),
    ("host.bdsm = -1048576", "host.bdsm", "-1048576", ""),
    ("host.ggc = 0x10000", "host.ggc", "65536", ""),
    ("host.asls = 0x100000000", "host.asls", "4294967296", ""),
    ("host.cpu = 'sandybrige'", "host.cpu", "sandybrige", "did you mean sandybridge?"),
    ("host.vga = 'stdvag'", "host.vga", "stdvag", "did you mean stdvga?"),
    ("guest.ram = 0", "guest.ram", "0", "2G"),
    ("guest.ram = '2T'", "guest.ram", "2T", "a CPU with 42"),
    ("guest.ram = 0x10000000001", "guest.ram", "1099511627777", "2G"),
    ("guest.phys_bits = 60", "guest.phys_bits", "60", "/proc/cpuinfo"),
    ("guest.cpu = 'Hasswell'", "guest.cpu", "Hasswell", "did you mean Haswell"),
    ("guest.accel = 'tcg'", "guest.cpu", "host", "max"),
    ("guest.accel = 'hvf'", "guest.accel", "hvf", "choose one of these"),
    ("guest.cpus = 256", "guest.cpus", "256", "q35 takes 256"),
    ("guest.cpus = 0", "guest.cpus", "0", "one CPU"),
    ("hypervisor.profile = '8.3'", "hypervisor.profile", "8.3", "8.2 below and 9.0 above"),
    ("guest.ram = '4097K'\nguest.machine = 'q36'", "guest.machine", "q36", "did you mean q35?"),
    ("guest.slot = '2'", "guest.slot", "2", "00:02.0"),
    ("guest.slot = '00:20.0'", "guest.slot", "00:20.0", "00:02.0"),
    ("guest.slot = '01:02.0'", "guest.slot", "01:02.0", "00:02.0"),
    ("guest.slot = '00:00.0'", "guest.slot", "00:00.0", "00:02.0"),
    ("guest.slot = '00:01.0'", "guest.slot", "00:01.0", "00:02.0"),
    ("guest.slot = '00:1f.0'", "guest.slot", "00:1f.0", "00:02.0"),
    ("hypervisor.kind = 'qemo'", "hypervisor.kind", "qemo", "did you mean qemu?"),
    ("hypervisor.profile = '2.6'", "hypervisor.profile", "2.6", "2.7"),
    ("hypervisor.profile = 5.0", "hypervisor.profile", "5.0", '"5.0"'),
    ("hypervisor.gms = 256", "hypervisor.gms", "256", ""),
    ("hypervisor.lpc = 'maybe'", "hypervisor.lpc", "maybe", ""),
    ("firmware.kind = 'seebios'", "firmware.kind", "seebios", "did you mean seabios?"),
    ("firmware.version = '1.99'", "firmware.version", "1.99", "did you mean 1.17.0?"),
    ("firmware = { kind = 'none', version = '1.16.2' }", "firmware.version", "1.16.2", "remove"),
    ("firmware.image = 'bios.bin'", "firmware.image", "bios.bin", "remove"),
    ("firmware.drivers = ['a.efi', 'b.efi']", "firmware.drivers", "a.efi, b.efi", "remove"),
    ("firmware.drivers = ['a.efi', 3]", "firmware.drivers.1", "3", '"3"'),
    ("rom.source = 'fil'", "rom.source", "fil", "did you mean file?"),
    ("rom.any_device = 'yes'", "rom.any_device", "yes", ""),
    ("rom.posts = 0", "rom.posts", "0", ""),
    ("rom.file = 'a\\u0000b'".replace("'", '"'), "rom.file", "a", ""),
    ("rom.int15.5f = {}", "rom.int15.5f", "5f", "5f34"),
    ("rom.int15.5f34 = { al = 1 }", "rom.int15.5f34.al", "al", ""),
    ("rom.int15.5f34 = { ax = 0x10000 }", "rom.int15.5f34.ax", "65536", ""),
    ("rom.int15.5f34 = { carry = 2 }", "rom.int15.5f34.carry", "2", ""),
    ("[[display]]\nport = 'vga'", "display.0.port", "vga", ""),
    ("[[display]]\n[[display]]", "display.1.port", "crt", "remove"),
    ("[[display]]\ndefers = 101", "display.0.defers", "101", ""),
    ("[[display]]\nport = 'hdmi-b'\nswing = 1", "display.0.swing", "1, at hdmi-b", "another port"),
    ("[[display]]\nswing = 5", "display.0.swing", "5", ""),
    ("[[display]]\npre_emphasis = -1", "display.0.pre_emphasis", "-1", ""),
    ("[[display]]\n[[display]]\nport = 'none'", "display.1.port", "none", "remove"),
    ("display = 'crt'", "display", "crt", ""),
    ("[[call]]\nint = 0x100", "call.0.int", "256", ""),
    ("[[call]]\n[[call]]\nax = 0x10000", "call.1.ax", "65536", ""),
    ("budget.time = '3h'", "budget.time", "3h", "300s"),
    ("budget.code = 0", "budget.code", "0", ""),
    ("name = '../x'", "name", "../x", "folder"),
    ("name = 3", "name", "3", '"3"'),
    ("payload.draw = 'card'", "payload.draw", "card", "test-card"),
]


@pytest.mark.parametrize(("text", "field", "found", "hint"), BAD, ids=[case[0].splitlines()[-1] for case in BAD])
def test_bad_value_names_file_field_value_and_next_step(text, field, found, hint):
    with pytest.raises(FwsimError) as caught:
        loads(text, "x.toml")
    error = caught.value
    assert error.where == f"x.toml: {field}"
    assert found in error.found
    assert hint in error.hint
    assert error.expected
    assert error.hint


def test_bdsm_lock_bit_is_no_misalignment():
    assert loads("host.bdsm = 0xcd200001").host.bdsm == 0xCD200001


def test_bdsm_past_4g_from_gen_11_on():
    assert loads("host = { cpu = 'icelake', bdsm = 0x44c800000 }").host.bdsm == 0x44C800000


@pytest.mark.parametrize(
    "text",
    [
        "guest.ram = '61G'", "guest = { ram = '62G', phys_bits = 37 }", "host.cpu = 'haswell'\nguest.ram = '509G'",
        "guest.ram = '62G'\nhypervisor.profile = '6.2'", "hypervisor.kind = 'none'\nguest.ram = '63G'",
    ],
)  # fmt: skip
def test_the_whole_address_space_is_not_too_much(text):
    assert loads(text).guest.ram > 60 << 30


def test_syntax_error_names_the_line():
    with pytest.raises(FwsimError, match="line 2") as caught:
        loads("[host]\nbdsm 3", "x.toml")
    assert caught.value.where == "x.toml"


def test_overrides():
    table = with_overrides(
        {"host": {"cpu": "haswell"}, "call": [{"ax": 1}]},
        ["host.bdsm=0xcd200000", "call.0.ax=3", "call.1.ax=0x4f02", "rom.any_device=true", "hypervisor.profile=9.2",
         "rom.int15.5034.ax=0x5f", "display=[{port = 'none'}]", "guest.ram=4M", "hypervisor.lpc=false"],
    )  # fmt: skip
    from fwsim.scenario.text import read_struct

    scenario = read_struct(table, Scenario, "x", None)
    assert (scenario.host.cpu, scenario.host.bdsm) == ("haswell", 0xCD200000)
    assert [call.ax for call in scenario.call] == [3, 0x4F02]
    assert scenario.rom.any_device is True
    assert scenario.hypervisor.profile == "9.2"
    assert scenario.hypervisor.lpc == "off"
    assert scenario.rom.answers() == {0x5034: {"ax": 0x5F}}
    assert scenario.display == (Display(port="none"),)
    assert scenario.guest.ram == 4 << 20


def test_overrides_leave_the_table_alone():
    table = {"host": {"bdsm": 1}}
    with_overrides(table, ["host.bdsm=2"])
    assert table == {"host": {"bdsm": 1}}


@pytest.mark.parametrize(
    "text", ["host.bdsm", "=3", "host..bdsm=3", "call.5.ax=1", "name.x=1", "call.x=1", "display=[{"]
)
def test_bad_override(text):
    with pytest.raises(FwsimError) as caught:
        with_overrides({"name": "x", "call": []}, [text])
    assert caught.value.where.startswith(f"--set {text}")
    assert caught.value.hint


def test_load_finds_files_beside_the_scenario(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.rom").write_bytes(b"x")
    (tmp_path / "sub" / "My x220.toml").write_text('rom.file = "x.rom"')
    monkeypatch.chdir(tmp_path)
    scenario = load(Path("sub/My x220.toml"))
    assert scenario.rom.file == str(tmp_path / "sub" / "x.rom")
    assert scenario.name == "My-x220"


def test_load_with_another_rom_and_overrides(tmp_path, monkeypatch):
    (tmp_path / "x.toml").write_text('name = "n"\nrom.file = "missing.rom"\n')
    (tmp_path / "y.rom").write_bytes(b"y")
    monkeypatch.chdir(tmp_path)
    scenario = load("x.toml", ["guest.ram=64M"], "y.rom")
    assert (scenario.rom.file, scenario.guest.ram, scenario.name) == (str(tmp_path / "y.rom"), 64 << 20, "n")


@pytest.mark.parametrize(
    ("field", "text"),
    [("rom.file", 'rom.file = "no"'), ("host.opregion", 'host.opregion = "no"'),
     ("display.0.edid", '[[display]]\nedid = "no"')],
)  # fmt: skip
def test_missing_file_is_named(tmp_path, field, text):
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(FwsimError, match="no such file") as caught:
        load(tmp_path / "x.toml")
    assert caught.value.where.endswith(f"x.toml: {field}")
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"\x55\xaa\x80\xe9\x00\x00", b"\xff\xfe\x00", b"\x80 = 1"])
def test_a_binary_file_is_no_scenario(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FwsimError, match="not a scenario") as caught:
        load(tmp_path / "x")
    assert "fwsim run FILE" in caught.value.hint


def test_a_huge_file_is_no_scenario(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(FwsimError, match="not a scenario"):
        load(tmp_path / "x")


def test_missing_scenario_and_folder(tmp_path):
    with pytest.raises(FwsimError, match="no such scenario"):
        load(tmp_path / "x.toml")
    with pytest.raises(FwsimError, match="cannot read"):
        load(tmp_path)


@pytest.mark.parametrize("way", ["hypervisor.kind = 'none'", "rom.source = 'shadow'"])
@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("bdsm", 0, "0x0-0x1ffffff"),
        ("bdsm", 0xFE500000, "0xfe500000-0x1004fffff"),  # over the IOAPIC, and past 4 GiB
        ("asls", 0, "0x0-0x1fff"),
        ("asls", 0xF0000, "0xf0000-0xf1fff"),
        ("asls", 0xFFFFF000, "0xfffff000-0x100000fff"),
        ("asls", 0xDBA00000, "0xdba00000, stolen memory is 0xdba00000-0xdd9fffff"),
    ],
)
def test_memory_of_a_host_that_runs_the_rom_has_a_place(way, field, value, found):
    with pytest.raises(FwsimError) as caught:
        loads(f"{way}\nhost.{field} = {value:#x}")
    assert (caught.value.where.rpartition(" ")[2], caught.value.found) == (f"host.{field}", found)


def test_memory_of_a_host_that_runs_no_rom_may_lie_anywhere():
    assert loads("host = { bdsm = 0, asls = 0 }").host.bdsm == 0
    assert loads("hypervisor.kind = 'none'\nhost = { ggc = 0, bdsm = 0 }").host.bdsm == 0  # no stolen memory at all
    assert loads("hypervisor.kind = 'none'\nhost = { cpu = 'icelake', bdsm = 0x44c800000 }").host.bdsm == 0x44C800000
    assert loads("hypervisor.kind = 'none'\nhost.cpu = '855'").host.asls == 0  # a family without OpRegion


@pytest.mark.parametrize(
    ("text", "table"),
    [("cpu = 'skylake'", "[host]"), ("ram = '4G'", "[guest]"), ("ax = 3", "[[call]]"), ("port = 'crt'", "[[display]]")],
)
def test_a_key_that_stands_outside_its_table_is_sent_there(text, table):
    with pytest.raises(FwsimError, match="unknown key") as caught:
        loads(text)
    assert caught.value.hint == f"put it under {table}"


@pytest.mark.parametrize(
    ("size", "text"),
    [(1032212 << 20, "1008.0G"), (17272 << 10, "17272K"), (2096000 << 10, "2046.9M"), (2 << 30, "2G"), (100, "100"),
     (123456, "120.6K"), (0, "0"), ((1 << 50) + 1, "1024.0T")],
)  # fmt: skip
def test_sizes_in_tables_are_short(size, text):
    assert short_size(size) == text
