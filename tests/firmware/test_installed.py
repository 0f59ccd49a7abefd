"""Allocators of installed packages: what breaks the contract is refused, and names package and entry point."""

import re

import pytest

from fwsim.errors import FwsimError
from fwsim.firmware.allocators import ROWS, allocator, names
from fwsim.firmware.request import Bar, Function, Request
from fwsim.placement.allocate import Ask, place

MIB = 1 << 20
IGD = Function(0x10, 0x8086, 0x0126, 0x030000, (Bar(0, 4 * MIB, "mem", True), Bar(1, MIB, "mem"), Bar(4, 64, "io")))
REQUEST = Request(functions=(IGD,), opregion_size=0x2000, bdsm_file=(32 * MIB).to_bytes(8, "little"))
HEAD = """from fwsim.errors import FwsimError
from fwsim.firmware.interface import Allocator
from fwsim.firmware.ovmf import Ovmf
from fwsim.firmware.request import Options, Placement
from fwsim.firmware.seabios import SeaBios


class Mine(Allocator):
    name = "mine"

    def place(self, request):
        out = Placement(e820=request.start_map().rows())
        out.bdsm, out.bdsm_register, out.bdsm_size = {0x10: 0x7C000000}, {0x10: 0x5C}, {0x10: 0x2000000}
"""
PLACE = HEAD + "        BODY\n        return out\n"


def refused(call):
    with pytest.raises(FwsimError) as caught:
        call()
    error = caught.value
    assert error.found
    assert error.expected
    assert error.hint
    return error


def test_a_placement_that_keeps_to_the_contract(package):
    package(PLACE.replace("BODY", "out.bars[0x10, 1] = 0xFE000000"), "mine", "Mine")
    assert allocator("mine").place(REQUEST).bdsm == {0x10: 0x7C000000}
    assert names() == [*ROWS, "mine"]


@pytest.mark.parametrize(
    ("body", "what", "found"),
    [
        ("raise ZeroDivisionError('no')", r"place\(\) raised", "ZeroDivisionError: no (fwsim_test_strategy.py:"),
        ("raise SystemExit(3)", r"place\(\) raised", "SystemExit: 3"),
        ("return None", "of the wrong type", "NoneType"),
        ("out.e820 = [(0, 0x8000, 'RAM'), (0x7000, 0x9000, 'RESERVED')]", "two ranges of e820 overlap", "0x0-0x7fff"),
        ("out.e820.reverse()", "not in order", "RAM"),
        ("out.e820 = []", "impossible length", "0 entries"),
        ("out.e820 = [(0, 4096, 'ram')]", "no type of memory", "ram"),
        ("out.e820 = [(4096, 4096, 'RAM')]", "no range of addresses", "0x1000-0xfff"),
        ("out.e820 = [(-4096, 4096, 'RAM')]", "no range of addresses", "-0x1000"),
        ("out.e820 = [('0', 4096, 'RAM')]", "no range of addresses", "'0'"),
        ("out.e820 = 'RAM'", "no list of ranges", "'RAM'"),
        ("out.bdsm[0x10] = 1 << 32", "BDSM holds no such address", "0x100000000"),
        ("out.bdsm[0x10] = 0", "BDSM holds no such address", "0x0"),
        ("out.bdsm[0x10] = -1", "bdsm is no table of numbers", "-1"),
        ("out.bdsm[0x10] = 1.5e9", "bdsm is no table of numbers", "1500000000.0"),
        ("out.bdsm_value[0x10] = 1 << 32", "BDSM holds no such address", "0x100000000"),
        ("del out.bdsm_register[0x10]", "without its register", "None"),
        ("out.bdsm_register[0x10] = 0x50", "without its register", "80"),
        ("del out.bdsm_size[0x10]", "without its size", "None"),
        ("out.asls[0x10] = 1 << 32", "ASLS holds no such address", "0x100000000"),
        ("out.asls[0x18] = 0x7BFFE000", "function that is not there", "00:03.0"),
        ("out.asls = [0x7BFFE000]", "asls is no table", "[2080366592]"),
        ("out.bars[0x10, 1] = 1 << 32", "BAR1 of 00:02.0 holds no such address", "0x100000000"),
        ("out.bars[0x10, 1] = 0xFE080000", "BAR1 of 00:02.0 holds no such address", "0xfe080000"),
        ("out.bars[0x10, 4] = 0x10000", "BAR4 of 00:02.0 holds no such address", "0x10000-0x1003f"),
        ("out.bars[0x10, 1] = True", "has no address", "True"),
        ("out.bars[0x10] = 0", "no BAR", "16"),
        ("out.bars[0x10, 7] = 0", "no BAR", "(16, 7)"),
        ("out.command[0x10] = 0x10000", "command register has 16 bits", "0x10000"),
        ("out.log.append(3)", "log is no list of texts", "[3]"),
        ("out.steps.append('off')", "steps is no list of steps", "off"),
        ("out.boot = None", "boot is no text", "None"),
        ("out.windows['mem32'] = 0xE0000000", "no range in windows", "3758096384"),
        ("out.behind_bar.append((5, 4))", "no range in behind_bar", "(5, 4)"),
        ("out.held.append('BAR5')", "no BAR in held", "BAR5"),
        ("out.held.append((request.functions[0], 5))", "no BAR in held", "5)"),
        ("out.held.append((request.functions[0], 1))", "held has BAR1 of 00:02.0", "BAR1"),
        ("out.ecam = (0xB0000000,)", "no range in ecam", "(2952790016,)"),
        ("out.zeroed = [(0, 0x61)]", "zeroed is no list of such rows", "(0, 97)"),
        ("out.written = [(0, 0x60, 1 << 32)]", "written is no list of such rows", "(0, 96, 4294967296)"),
        ("out.contents = [(0x1000, 'text')]", "contents is no list of such rows", "(4096, 'text')"),
        ("out.kept = ((0, 1),)", "kept is no list of such rows", "((0, 1),)"),
        ("out.holes = [None]", "holes is no list of such rows", "None"),
        ("out.overlaps = [1]", "overlaps is no list of texts", "[1]"),
        ("out.pciexbar = -1", "pciexbar is no number", "-1"),
    ],
)
def test_nonsense_is_refused(package, body, what, found):
    package(PLACE.replace("BODY", body), "mine", "Mine")
    error = refused(lambda: allocator("mine").place(REQUEST))
    assert error.where == "package fwsim_test_strategy 1.0, entry point mine = fwsim_test_strategy:Mine"
    assert re.search(what, error.what), error.what
    assert found in error.found


def test_a_64_bit_bar_and_register_may_lie_past_4_gib(package):
    body = "out.bars[0x10, 0] = out.bdsm[0x10] = 1 << 32; out.bdsm_register[0x10] = 0xC0"
    package(PLACE.replace("BODY", body), "mine", "Mine")
    assert allocator("mine").place(REQUEST).bars == {(0x10, 0): 1 << 32}


def test_a_bad_placement_is_for_the_checks(package):
    package(PLACE.replace("BODY", "out.bdsm[0x10] = 0x1080000"), "mine", "Mine")
    failed = {check.id for check in place(Ask(firmware="mine")).failed}
    assert {"bdsm-aligned", "bdsm-reserved"} <= failed


@pytest.mark.parametrize(
    ("fact", "what"),
    [
        ("uefi = 1", "uefi is of the wrong type"),
        ("versions = ['1']", "versions is of the wrong type"),
        ("versions = ()", "versions is not a tuple of texts"),
        ("options = dict", "no struct of options"),
        ("class options(Options):\n        size: int\n", "an option without a default"),
        ("name = 'other'", "another name than its entry point"),
    ],
)
def test_facts_of_the_wrong_kind_are_refused(package, fact, what):
    package(PLACE.replace("BODY", "pass") + f"\n    {fact}\n", "mine", "Mine")
    error = refused(lambda: allocator("mine"))
    assert what in error.what
    assert "fwsim_test_strategy:Mine" in error.where


@pytest.mark.parametrize(
    ("method", "what"),
    [
        ("def size_from(self, options): return 'thin air'", "size_from gave no source"),
        ("def size_from(self, options): return 1 / 0", r"size_from() raised"),
        ("def announced(self, family, device, ggc, options): return 0.5", "announced() gave the wrong type"),
        ("def ecam(self, machine, version): return 0xE0000000", "ecam gave no range"),
        ("def has_chip(self, machine, bdf): return None", "has_chip() gave the wrong type"),
        ("def knows_version(self, version): return 'yes'", "knows_version() gave the wrong type"),
        (
            "def place(self, request): return Placement(e820=request.start_map().rows())\n"
            "    def why_none(self, request, display, out): return None",
            "why_none() gave the wrong type",
        ),
    ],
)
def test_answers_of_the_wrong_kind_are_refused(package, method, what):
    package(PLACE.replace("BODY", "pass") + f"\n    {method}\n", "mine", "Mine")
    error = refused(lambda: place(Ask(firmware="mine")))
    assert what in error.what
    assert "package fwsim_test_strategy 1.0" in error.where


@pytest.mark.parametrize("answer", ["(1 << 31, 1)", "(1 << 33, 0)", "'low'", "(-1, (1 << 31) + 1)"])
def test_ram_is_split_into_what_there_is(package, answer):
    package(PLACE.replace("BODY", "pass") + f"\n    def ram_left(self, request): return {answer}\n", "mine", "Mine")
    assert "ram_left gave no split" in refused(lambda: allocator("mine").ram_left(REQUEST)).what


def test_its_own_refusal_stays_its_own(package):
    package(PLACE.replace("BODY", "raise FwsimError('no rules for q35')"), "mine", "Mine")
    with pytest.raises(FwsimError, match="no rules for q35") as caught:
        place(Ask(firmware="mine"))
    assert "entry point mine" in caught.value.where


@pytest.mark.parametrize(
    ("source", "value", "what"),
    [
        ("x = 1\n", "Missing", "cannot be loaded"),
        ("import no_such_module\n", "x", "cannot be loaded"),
        ("x = = 1\n", "x", "cannot be loaded"),
        ("raise RuntimeError('not today')\n", "x", "cannot be loaded"),
        ("class X:\n    def __init__(self): raise OSError('gone')\n", "X", "cannot be loaded"),
        (HEAD.partition("    def place")[0], "Mine", "cannot be loaded"),
        ("x = 1\n", "x", "not an allocator"),
        ("class X:\n    name = 'mine'\n    def place(self, request): ...\n", "X", "not an allocator"),
    ],
)
def test_a_broken_package_is_named(package, source, value, what):
    package(source, "mine", value)
    error = refused(lambda: allocator("mine"))
    assert what in error.what
    assert error.where == f"package fwsim_test_strategy 1.0, entry point mine = fwsim_test_strategy:{value}"


def test_a_name_of_ours_is_refused_and_the_others_work(package):
    package(PLACE.replace("BODY", "pass"), "ovmf", "Mine")
    error = refused(lambda: allocator("ovmf"))
    assert "has a name of ours" in error.what
    assert error.where == "package fwsim_test_strategy 1.0, entry point ovmf = fwsim_test_strategy:Mine"
    assert allocator("seabios").name == "seabios"
    assert names() == list(ROWS)


SUBCLASS = (
    HEAD
    + """        return out


class Sub(PARENT):
    name = "sub"
"""
)


@pytest.mark.parametrize(
    ("parent", "module"),
    [("Ovmf", "ovmf"), ("HostBase", "host_base"), ("Bhyve", "bhyve"), ("Acrn", "acrn"), ("Crosvm", "crosvm"),
     ("Hvmloader", "hvmloader"), ("FakeBar", "fake_bar"), ("NoFirmware", "none"), ("SeaBios", "seabios")],
)  # fmt: skip
@pytest.mark.parametrize("ask", [{}, {"gen": "12", "machine": "q35"}, {"gen": "skylake", "slot": "00:03.0"}])
def test_a_subclass_under_another_name_is_judged_as_its_parent(package, parent, module, ask):
    source = f"from fwsim.firmware.{module} import {parent}\n" + SUBCLASS.replace("PARENT", parent)
    package(source, "sub", "Sub")
    name = module.replace("_", "-")
    if (name, ask.get("machine")) == ("hvmloader", "q35") or (name, ask.get("slot")) == ("fake-bar", "00:03.0"):
        return  # both refuse this guest
    ours, theirs = place(Ask(firmware=name, **ask)), place(Ask(firmware="sub", **ask))
    assert theirs.checks == ours.checks
    assert (theirs.details.ecam, theirs.details.announced) == (ours.details.ecam, ours.details.announced)
    assert [note.replace("sub maps", f"{name} maps") for note in theirs.details.notes] == ours.details.notes
