"""The story tells what was assumed as assumed, whose base an image carries, and which ports a guest does not get."""

import pytest

from fwsim import cli
from fwsim.report.html.facts import gather
from fwsim.report.html.story import story
from fwsim.results.folder import RunDir

ROM = "\n[rom]\nfile = '{rom}'\nany_device = true\n"
OWN = ROM + "[[call]]\nax = 0x4f02\nbx = 0x4118\n"


@pytest.fixture
def run(request, tmp_path, capsys):
    def made(text, name="run", rom=None, code=0):
        scenario = tmp_path / f"{name}.toml"
        scenario.write_text(text.format(rom=rom or request.config.rootpath / "roms/igd-vbios.rom"))
        assert cli.main(["run", str(scenario), "--out", str(tmp_path / name), "--force", "-v"]) == code
        folder = RunDir(tmp_path / name)
        return folder, dict(story(gather(folder))), " ".join(capsys.readouterr().out.split())

    return made


@pytest.mark.parametrize(
    ("host", "told", "not_told"),
    [
        ("", "Its stolen memory is assumed, as usual for Coffee Lake: 64M at 0x8c000000.", "set 64M"),
        ("bdsm = 0x7c000000", "Its firmware set stolen memory aside at 0x7c000000; how much, is assumed", "64M at"),
        ("ggc = 0x01c1", "set 32M of stolen memory aside; where, is assumed, as usual for Coffee Lake", "at 0x8"),
        ("ggc = 0x01c1\nbdsm = 0x7c000000", "Its firmware set 32M of stolen memory aside at 0x7c000000.", "ory is ass"),
        ("asls = 0x7a000018", "Its OpRegion is at 0x7a000018.", "Where its OpRegion"),
        ("", "Where its OpRegion is, is assumed, as usual for Coffee Lake: 0x8a5b2018.", "Its OpRegion is at"),
        ("device_id = 0x3e98", "graphics device 8086:3e98.", "8086:3e98 ("),
        ("", "graphics device 8086:3e92 (assumed, as usual for Coffee Lake).", "8086:3e92."),
    ],
)
def test_what_is_assumed_of_the_host_is_told_so(run, host, told, not_told):
    _, parts, _ = run(f'[host]\ncpu = "coffeelake"\n{host}\n{OWN}')
    said = " ".join(parts["Host"])
    assert told in said
    assert not_told not in said


def test_the_terminal_says_it_too(run):
    _, _, said = run(f'[host]\ncpu = "coffeelake"\n{OWN}')
    assert "the device id, GGC, BDSM, ASLS assumed: coffeelake's usual" in said
    _, _, said = run(f'[host]\ncpu = "coffeelake"\nggc = 0x01c1\nbdsm = 0x7c000000\n{OWN}', "given")
    assert "the device id, ASLS assumed: coffeelake's usual" in said


def test_a_base_of_another_machine_is_said(run):
    host = '[host]\ncpu = "sandybridge"\nbdsm = 0x{base:x}\n[hypervisor]\nkind = "none"\n'
    folder, _, said = run(host.format(base=0x80000000) + OWN, "there")
    assert "gtt-guest-stolen 8191 of 8191 entries in 0x80000000-0x81ffffff" in said
    again = host.format(base=0xDBA00000) + ROM + 'checksum = "ignore"\n'  # a POSTed image has its own no longer
    _, parts, said = run(again, "here", folder.path / "shadow.rom")
    where = "8191 of 8191 entries at 0x80000000-0x81ffe000: the image carries another machine's base"
    assert f"FAIL gtt-guest-stolen {where}; this host's stolen memory is 0xdba00000-0xdd9fffff" in said
    assert parts["ROM"][-1] == (
        "Its valid entries at the host's own stolen memory: 0; 8,191 entries point at 0x80000000-0x81ffe000, not "
        "there: the image carries another machine's base."
    )
    assert cli.main(["check", str(folder.path.parent / "here")]) == 1


def test_a_guest_without_vga_ports_is_told_so(run):
    _, parts, _ = run(f'[host]\ncpu = "skylake"\n[guest]\nmachine = "q35"\n{ROM}[[call]]\nax = 3\n', code=3)
    why = "the machine is not an i440fx"
    assert f"The guest gets neither the device's VGA ports nor its VGA memory: {why}." in parts["Hypervisor"]
    _, parts, _ = run(f'[host]\ncpu = "skylake"\n{ROM}[[call]]\nax = 3\n', "pc")
    assert not any("VGA ports" in sentence for sentence in parts["Hypervisor"])
