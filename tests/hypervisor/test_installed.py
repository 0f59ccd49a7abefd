"""Installed kinds of hypervisor: what fails in one names its package and entry point, and never is a traceback."""

from importlib.metadata import EntryPoint

import pytest
from guest_rig import GuestRig
from msgspec import structs
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import (
    IGD,
    Assignment,
    Choice,
    Device,
    GttPolicy,
    Hypervisor,
    Overlay,
    Register,
)
from fwsim.hypervisor.qemu.kind import Qemu
from fwsim.hypervisor.vpci.kind import Vpci
from fwsim.machine.build_arm import build_arm
from tests.arm_code import CODE, elf, scenario

DEVICE = Device(0x0126, 6, 0x0209, 0xDBA00000, 32 << 20, 0xDA9F5018)
POINT = "entry point theirs = their_package:Theirs"


@pytest.fixture
def installed(monkeypatch):
    """Makes a class the installed kind ``theirs``."""

    def install(kind, name="theirs"):
        point = EntryPoint(name, "their_package:Theirs", kinds.GROUP)
        monkeypatch.setattr(EntryPoint, "load", lambda self: kind)
        monkeypatch.setattr(kinds, "_entry_points", lambda: {name: point})
        kinds._class.cache_clear()
        return lambda **choice: kinds.hypervisor(Choice(name, **choice))

    yield install
    kinds._class.cache_clear()


class Plain(Hypervisor):
    kind = "theirs"


def test_one_that_overrides_nothing_passes_everything(installed):
    made = installed(Plain)()
    given = made.assign(DEVICE)
    assert (given.registers, given.files, given.own_bdsm, made.name) == ([], {}, False, "theirs")
    assert made.story == "theirs stands between ROM and device."


def test_a_subclass_under_another_name_is_what_its_parent_is(installed):
    class Theirs(Qemu):
        kind = "theirs"

    made, ours = installed(Theirs)(profile="9.2"), kinds.hypervisor(Choice("qemu", "9.2"))
    assert made.assign(DEVICE) == ours.assign(DEVICE)
    assert (made.mode, made.title, made.abort_text()) == (ours.mode, "QEMU 9.2", ours.abort_text())
    assert (made.qemu_release, made.vapic) == ((9, 2), True)


def giving(**fields):
    class Theirs(Hypervisor):
        kind = "theirs"

        def assign(self, device):
            return replace(Assignment(), **fields)

    return Theirs


NONSENSE = {
    "a file that is no bytes": ({"files": {"etc/x": "text"}}, "str", "bytes"),
    "a file too large": ({"files": {"etc/x": bytes((1 << 24) + 1)}}, "16,777,217 bytes", "up to"),
    "stolen memory past 4 GiB": ({"stolen": 1 << 32}, "4294967296", "less than 4 GiB"),
    "no number": ({"stolen": "32M"}, "'32M'", "bytes of stolen memory"),
    "two registers in one place": ({"registers": [Register(0x5C, 4), Register(0x5E, 2)]}, "byte 0x5e", "once"),
    "not aligned": ({"registers": [Register(0x5D, 4)]}, "4 bytes at 0x5d", "aligned"),
    "past the end": ({"registers": [Register(0x1000, 4)]}, "0x1000", "4 KiB"),
    "a value too wide": ({"registers": [Register(0x50, 2, value=0x12345)]}, "0x12345", "2 bytes"),
    "an overlay": ({"overlays": [Overlay(-4, 4, 0x5C)]}, "-0x4", "BAR0"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_by_package_and_entry_point(installed, name):
    fields, found, expected = NONSENSE[name]
    with pytest.raises(FwsimError) as caught:
        installed(giving(**fields))().assign(DEVICE)
    error = caught.value
    assert (POINT in error.where, found in error.found, expected in error.expected) == (True, True, True), error


def test_what_is_no_assignment(installed):
    class Theirs(Hypervisor):
        kind = "theirs"

        def assign(self, device):
            return {"stolen": 0}

    with pytest.raises(FwsimError, match="cannot be") as caught:
        installed(Theirs)().assign(DEVICE)
    assert (caught.value.found, caught.value.expected) == ("dict", "an Assignment")


@pytest.mark.parametrize(
    ("name", "answer"),
    [("qemu_release", "10.2"), ("qemu_release", ("10", 2)), ("vapic", "on"), ("placed_by", "bhyve"),
     ("placed_by", ("bhyve", 15))],
)  # fmt: skip
def test_what_its_pc_cannot_be(installed, name, answer):
    """The release chooses the chipset's registers, vapic an option ROM: asked while the machine is built."""
    kind = type("Theirs", (Hypervisor,), {"kind": "theirs", name: property(lambda self: answer)})
    with pytest.raises(FwsimError, match="cannot be") as caught:
        getattr(installed(kind)(), name)
    assert POINT in caught.value.where
    assert caught.value.found == repr(answer)


def test_what_becomes_of_a_reset_is_one_of_three(installed):
    with pytest.raises(FwsimError, match="cannot be") as caught:
        installed(type("Theirs", (Hypervisor,), {"kind": "theirs", "guest_reset": "ignored"}))()
    assert (POINT in caught.value.where, caught.value.found) == (True, "'ignored'")


@pytest.mark.parametrize("answer", [None, 5, (1 << 40, 0), ("2G", 0)])
def test_a_ram_split_that_cannot_be(installed, answer):
    kind = type("Theirs", (Hypervisor,), {"kind": "theirs", "ram_split": lambda self, machine, ram: answer})
    with pytest.raises(FwsimError, match="ram_split cannot be") as caught:
        installed(kind)().ram_split("pc", 1 << 30)
    assert (POINT in caught.value.where, caught.value.found) == (True, repr(answer))


@pytest.mark.parametrize("where", ["__init__", "assign", "story", "opregion"])
def test_one_that_raises(installed, where):
    def fails(self, *arguments):
        raise ZeroDivisionError("their fault")

    kind = type("Theirs", (Hypervisor,), {"kind": "theirs", where: property(fails) if where == "story" else fails})
    make = installed(kind)

    def use():
        made = make()
        return made.assign(DEVICE), made.opregion(b"", 0), made.story

    with pytest.raises(FwsimError) as caught:
        use()
    assert POINT in caught.value.where
    assert "ZeroDivisionError: their fault" in caught.value.found


def test_its_own_error_keeps_its_words(installed):
    class Theirs(Hypervisor):
        kind = "theirs"

        def __init__(self, choice):
            raise FwsimError("no such option", where="options.page", found="3")

    with pytest.raises(FwsimError, match="no such option") as caught:
        installed(Theirs)()
    assert caught.value.where.endswith("options.page")


def test_what_is_no_hypervisor(installed):
    with pytest.raises(FwsimError, match="not a hypervisor") as caught:
        installed(dict)()
    assert POINT in caught.value.where


def test_one_that_cannot_be_loaded(installed, monkeypatch):
    make = installed(Plain)

    def fails(self):
        raise ImportError("no module their_package")

    monkeypatch.setattr(EntryPoint, "load", fails)
    with pytest.raises(FwsimError, match="cannot be loaded") as caught:
        make()
    assert POINT in caught.value.where


def test_a_name_of_ours(monkeypatch):
    point = EntryPoint("qemu", "their_package:Theirs", kinds.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point])
    kinds._entry_points.cache_clear()
    try:
        with pytest.raises(FwsimError, match="a name of fwsim's own") as caught:
            kinds.names()
    finally:
        kinds._entry_points.cache_clear()
    assert "entry point qemu = their_package:Theirs" in caught.value.where


def test_an_unknown_kind_names_those_there_are():
    with pytest.raises(FwsimError, match="no such hypervisor") as caught:
        kinds.hypervisor(Choice("quemu"))
    assert "did you mean qemu?" in caught.value.hint
    assert all(name in caught.value.expected for name in kinds.ROWS)


# --- in a run --------------------------------------------------------------------------------------------------------


@pytest.fixture
def guest(installed):
    made = []

    def make(kind, **host):
        installed(kind)
        made.append(GuestRig.of("theirs", **host))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


class Emulator:
    """A function of its own: an id, and one register that counts its writes."""

    def __init__(self):
        self.writes = 0

    def read(self, bdf, offset, width):
        return {0x00: 0x00011AF4, 0x40: self.writes}.get(offset, 0)

    def write(self, bdf, offset, width, value):
        self.writes += 1

    def state(self):
        return self.writes

    def restore(self, state):
        self.writes = state


class Owning(Plain):
    def owner(self, device, function):
        return Emulator() if function.bdf == IGD else None


def test_an_owner_answers_for_its_function(guest):
    """By CF8 and CFC and, on a q35, by the window alike; a snapshot keeps it."""
    rig = guest(Owning, machine="q35")
    assert rig.config(0) == 0x00011AF4
    before = rig.config(0x40)  # the firmware wrote to it too
    taken = rig.machine.snapshot()
    rig.set_config(0x44, 1)
    assert rig.machine.engine.read(0xB0000000 | IGD << 12 | 0x40, 4) == (before + 1).to_bytes(4, "little")
    rig.machine.restore(taken)
    assert rig.config(0x40) == before


def test_an_owner_that_fails_is_named(guest):
    class Fails(Emulator):
        def read(self, bdf, offset, width):
            return None

    class Theirs(Plain):
        def owner(self, device, function):
            return Fails() if function.bdf == IGD else None

    with pytest.raises(FwsimError, match="cannot be") as caught:
        guest(Theirs)
    assert POINT in caught.value.where


@pytest.mark.parametrize("answer", [-1, 1 << 64, "0x1", 1.5])
def test_a_policy_that_gives_no_entry_is_named(installed, answer):
    class Theirs(Plain):
        def gtt_policy(self, device, given, answer_at):
            return GttPolicy(python=lambda value, offset: answer)

    made = installed(Theirs)()
    policy = made.gtt_policy(DEVICE, made.assign(DEVICE), lambda offset: 0)
    with pytest.raises(FwsimError, match="GTT entry cannot be") as caught:
        policy.python(1, 0)
    assert POINT in caught.value.where


def test_a_policy_in_python_refuses(guest):
    """None kills the guest, as a native one does that says so."""

    class Theirs(Plain):
        def gtt_policy(self, device, given, answer_at):
            return GttPolicy(python=lambda value, offset: None if offset else value + 0x1000)

    rig = guest(Theirs)
    for index in (1, 5):
        rig.out(0, index)
        rig.out(4, 0x10000001)
    assert (rig.gtt(0), rig.gtt(1), rig.aborted) == (0x10001001, 0, True)


@pytest.mark.parametrize("parent", [Hypervisor, Vpci])
def test_no_installed_kind_makes_an_arm_guest(installed, tmp_path, parent):
    class Theirs(parent):
        kind = "theirs"
        machines = frozenset(("arm-virt",))

    installed(Theirs)
    ours = scenario(tmp_path, elf(CODE["waits"].data))
    theirs = structs.replace(ours, hypervisor=structs.replace(ours.hypervisor, kind="theirs"))
    with pytest.raises(FwsimError) as caught:
        build_arm(theirs)
    assert (caught.value.where, caught.value.found) == ("hypervisor.kind", "theirs")
