"""A mirror list that cannot be is refused: by file, field, what was found, what was expected, and what to do."""

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.mirror.model import Span, merged
from fwsim.hypervisor.mirror.read import read_mirror
from fwsim.scenario.load import load

HEAD = 'format = 2\ncpu = "sandybridge"\ngeneration = 6\n'


def row(offset, width, access, bdf="00:00.0"):
    return f'"{bdf}" = [ {{ offset = {offset}, width = {width}, access = "{access}" }} ]'


def rows(*each):
    return '[pci]\n"00:02.0" = [ ' + ", ".join(f"{{ {one} }}" for one in each) + " ]\n"


GGC, GGC_W = 'offset = 0x50, width = 2, access = "r"', 'offset = 0x50, width = 2, access = "rw"'
BAD = {
    "no TOML": ("format = \n", "", "not valid TOML", ""),
    "empty": ("", "format", "another format", "none"),
    "the format before": ('format = 1\ncpu = "haswell"\n', "format", "another format", "1"),
    "no cpu": ("format = 2\n", "cpu", "missing", "None"),
    "no such cpu": ('format = 2\ncpu = "i486"\n', "cpu", "no such host", "i486"),
    "cpu is a number": ("format = 2\ncpu = 6\n", "cpu", "wrong type", "6"),
    "another generation": (HEAD.replace("= 6", "= 7"), "generation", "contradicts itself", "7"),
    "unknown key": (HEAD + "colour = 1\n", "colour", "unknown key", "colour"),
    "unknown key of a table": (HEAD + "[rest]\ngttt = []\n", "rest.gttt", "unknown key", "gttt"),
    "a table that is none": (HEAD + "pci = 3\n", "pci", "wrong type", "3"),
    "bdsm": (HEAD + '[stolen]\nbdsm = "both"\n', "stolen.bdsm", "unknown value", "both"),
    "no function of ours": (HEAD + "[pci]\n" + row(0, 2, "r", "00:03.0"), 'pci."00:03.0"', "no host", "00:03.0"),
    "no function at all": (HEAD + "[pci]\nbridge = []\n", 'pci."bridge"', "no host", "bridge"),
    "rows that are no list": (HEAD + '[pci]\n"00:02.0" = 5\n', 'pci."00:02.0"', "wrong type", "5"),
    "a row that is none": (HEAD + '[pci]\n"00:02.0" = [5]\n', 'pci."00:02.0".0', "wrong type", "5"),
    "a row's key": (HEAD + rows(GGC + ", colour = 1"), 'pci."00:02.0".0.colour', "unknown key", "colour"),
    "no offset": (HEAD + rows('width = 2, access = "r"'), 'pci."00:02.0".0.offset', "missing", "None"),
    "a negative one": (HEAD + "[pci]\n" + row(-4, 2, "r"), 'pci."00:00.0".0.offset', "wrong type", "-4"),
    "a bool": (HEAD + "[pci]\n" + row("true", 2, "r"), 'pci."00:00.0".0.offset', "wrong type", "True"),
    "3 bytes": (HEAD + "[pci]\n" + row(0x50, 3, "r"), 'pci."00:00.0".0', "no function has", "3 bytes"),
    "not aligned": (HEAD + "[pci]\n" + row(0x51, 2, "r"), 'pci."00:00.0".0', "no function has", "0x51"),
    "past the end": (HEAD + "[pci]\n" + row(0x1000, 4, "r"), 'pci."00:00.0".0', "no function has", "0x1000"),
    "access": (HEAD + "[pci]\n" + row(0x50, 2, "x"), 'pci."00:00.0".0.access', "unknown value", "x"),
    "another name": (HEAD + rows(GGC + ', name = "BDSM"'), 'pci."00:02.0".0.name', "the host has not", "BDSM"),
    "twice": (HEAD + rows(GGC, GGC_W), 'pci."00:02.0"', "twice, with other access", "0x50/2 rw"),
    "twice alike": (HEAD + rows(GGC, GGC), 'pci."00:02.0"', "stands twice", "0x50/2 r"),
    "shown and hidden": (
        HEAD + rows(GGC, GGC.replace('"r"', '"hidden"')), 'pci."00:02.0"', "both mirrored and hidden", "hidden",
    ),
    "overlapping": (
        HEAD + rows(GGC, 'offset = 0x50, width = 4, access = "r"'), 'pci."00:02.0"', "overlap", "0x50/4 r",
    ),
    "BAR0 past its end": (
        HEAD + '[bar0]\nregisters = [ { first = 0x200000, end = 0x200004, access = "r" } ]\n', "bar0.registers.0",
        "past what the host has", "0x200004",
    ),
    "half a register": (
        HEAD + '[bar0]\nregisters = [ { first = 0x70002, end = 0x70004, access = "r" } ]\n', "bar0.registers.0",
        "whole registers", "0x70002",
    ),
    "BAR0 twice": (
        HEAD + '[bar0]\nregisters = [ { first = 0x0, end = 0x10, access = "r" }, { first = 0x8, end = 0xc, '
        'access = "rw" } ]\n', "bar0.registers", "overlap", "0x8-0xb rw",
    ),
    "no byte": (
        HEAD + '[rest]\ngtt = [ { first = 8, end = 8, access = "w" } ]\n', "rest.gtt.0", "without a byte", "0x8",
    ),
    "GTT past its end": (
        HEAD + '[rest]\ngtt = [ { first = 0, end = 0x40000000, access = "w" } ]\n', "rest.gtt.0",
        "past what the host has", "0x40000000",
    ),
    "port": (HEAD + '[rest]\nports = ["408"]\n', "rest.ports.0", "form", "408"),
    "a VGA port there": (HEAD + '[rest]\nports = ["in 3da/1"]\n', "rest.ports.0", "cannot be here", "3da"),
    "past the last port": (HEAD + '[rest]\nports = ["in ffff/4"]\n', "rest.ports.0", "cannot be here", "ffff"),
    "no VGA port": (HEAD + '[rest]\nvga = ["in 3df/2"]\n', "rest.vga.0", "cannot be here", "3df"),
    "a port that is a number": (HEAD + "[rest]\nports = [4]\n", "rest.ports.0", "form", "4"),
    "leaf": (HEAD + '[rest]\ninterrupts = ["5f35"]\n', "rest.interrupts.0", "form", "5f35"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said(tmp_path, name):
    text, field, what, found = BAD[name]
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(FwsimError) as caught:
        read_mirror(str(path))
    error = caught.value
    assert error.where == (f"{path}: {field}" if field else str(path))
    assert what in error.what
    assert found in error.found
    assert error.expected
    assert error.hint


@pytest.mark.parametrize(
    ("content", "what"), [(b"\xff\xfe", "not a mirror list"), (b"#" * (1 << 20) + b"#", "not a mirror list"),
                          (b"a = " + b"[" * 5000, "not valid TOML")],
)  # fmt: skip
def test_what_is_no_text_is_refused(tmp_path, content, what):
    (tmp_path / "m.toml").write_bytes(content)
    with pytest.raises(FwsimError, match=what):
        read_mirror(str(tmp_path / "m.toml"))


@pytest.mark.parametrize(
    ("mirror", "what"), [('"none.toml"', "no such file"), ('"."', "cannot be read"), ('""', "no list")]
)
def test_a_scenario_whose_list_is_not_there(tmp_path, mirror, what):
    (tmp_path / "s.toml").write_text(f'[hypervisor]\nkind = "custom"\nmirror = {mirror}\n')
    with pytest.raises(FwsimError) as caught:
        load(tmp_path / "s.toml")
    assert what in str(caught.value)
    assert "hypervisor.mirror" in caught.value.where
    assert caught.value.hint


def test_a_lists_path_is_relative_to_its_scenario(tmp_path):
    (tmp_path / "list.toml").write_text(HEAD)
    (tmp_path / "s.toml").write_text('[hypervisor]\nkind = "custom"\nmirror = "list.toml"\n')
    assert load(tmp_path / "s.toml").hypervisor.mirror == str(tmp_path / "list.toml")


def test_a_changed_list_is_read_again(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(HEAD)
    assert read_mirror(str(path)).gtt == ()
    path.write_text(HEAD + '[rest]\ngtt = [ { first = 0, end = 8, access = "w" } ]\n')
    assert read_mirror(str(path)).gtt == (Span(0, 8, "w"),)


@pytest.mark.parametrize(
    ("rows", "runs"),
    [
        ([(0xF4, 0xF6, "r"), (0xF4, 0xF5, "w")], [(0xF4, 0xF5, "rw"), (0xF5, 0xF6, "r")]),
        ([(0, 4, "r"), (4, 8, "r"), (12, 16, "r")], [(0, 8, "r"), (12, 16, "r")]),
        ([(0, 16, "w"), (4, 8, "r"), (4, 8, "w")], [(0, 4, "w"), (4, 8, "rw"), (8, 16, "w")]),
        ([], []),
    ],
)  # fmt: skip
def test_accesses_become_runs_that_do_not_overlap(rows, runs):
    assert list(merged(rows)) == runs
