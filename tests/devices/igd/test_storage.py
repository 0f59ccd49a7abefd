"""Each register of the database, on each family, is read and written as a guest would, and does what its class says."""

import tokenize
from collections import Counter
from pathlib import Path

import pytest
from guest_rig import GuestRig
from igd.rig import Rig

import fwsim.devices.igd
from fwsim.devices.igd import storage as stored
from fwsim.devices.igd.behaviours.core import Site
from fwsim.devices.igd.behaviours.table import known
from fwsim.devices.igd.behaviours.wiring import wiring
from fwsim.devices.igd.rows import is_set
from fwsim.errors import FwsimError
from fwsim.registers import mmio_clock, mmio_ddi, mmio_timing
from fwsim.registers.core import RESERVED, Field, Register
from fwsim.registers.database import registers
from fwsim.registers.families import families, family
from fwsim.scenario.model import Display, Firmware, Host, Hypervisor, Scenario

ONES = 0xFFFFFFFF

FOLLOWS = "a state that follows its control bit at once"
BEGINS = "a trigger that clears itself"
ENGINE = "an engine of its own answers"
OWNED = {
    ("ro", "PIPECONF"): FOLLOWS, ("ro", "PCH_TRANSCONF"): FOLLOWS, ("ro", "SOUTH_CHICKEN2"): FOLLOWS,
    ("ro", "DDI_BUF_CTL"): FOLLOWS, ("ro", "DBUF_CTL"): FOLLOWS, ("w1c", "DP_TP_STATUS"): FOLLOWS,
    ("ro", "LCPLL_CTL"): FOLLOWS, ("ro", "LCPLL1_CTL"): FOLLOWS, ("ro", "LCPLL2_CTL"): FOLLOWS,
    ("ro", "DE_PLL_ENABLE"): FOLLOWS, ("ro", "BXT_PORT_PLL_ENABLE"): FOLLOWS, ("ro", "DPLL_VLV"): FOLLOWS,
    ("ro", "DPLL_ENABLE"): FOLLOWS, ("ro", "MG_PLL_ENABLE"): FOLLOWS,
    ("ro", "PWR_WELL_CTL"): FOLLOWS, ("ro", "PWR_WELL_CTL_HSW"): FOLLOWS, ("ro", "PWR_WELL_CTL_SKL"): FOLLOWS,
    ("ro", "PWR_WELL_CTL_AUX"): FOLLOWS, ("ro", "PWR_WELL_CTL_DDI"): FOLLOWS,
    ("rw", "CZCLK_CDCLK_FREQ_RATIO"): "Cherryview's shows what the power unit was asked for",
    ("rw", "ADPA"): BEGINS, ("rw", "PORT_HOTPLUG_EN"): BEGINS, ("rw", "SBI_CTL_STAT"): BEGINS,
    ("rw", "PCODE_MAILBOX"): BEGINS, ("rw", "XELPDP_INITIATE_PMDEMAND_REQUEST_1"): BEGINS,
    ("rw", "XELPDP_PORT_BUF_CTL2"): BEGINS, ("rw", "XELPDP_PORT_M2P_MSGBUS_CTL"): ENGINE,
    ("ro", "DBUF_CTL_S2"): FOLLOWS, ("ro", "DBUF_CTL_S34"): FOLLOWS, ("ro", "XELPDP_PORT_BUF_CTL1"): FOLLOWS,
    ("ro", "XELPDP_PORT_BUF_CTL2"): FOLLOWS, ("ro", "XELPDP_PORT_CLOCK_CTL"): FOLLOWS,
    ("ro", "DP_AUX_CH_CTL"): FOLLOWS, ("rw", "DKL_CMN_UC_DW27"): FOLLOWS,
    ("rw", "GPIOCTL"): ENGINE, ("rw", "GMBUS2"): ENGINE,
    ("rw", "DP_AUX_CH_CTL"): ENGINE, ("w1c", "DP_AUX_CH_CTL"): ENGINE,
    ("reset", "CDCLK_CTL"): "Skylake's firmware has chosen 337.5 MHz before the ROM runs",
    ("reset", "LVDS"): "a mobile board's strap",
    ("reset", "PORT_TX_DFLEXDPSP"): "its adapters are modular, as the chip is made",
    ("reset", "XELPDP_PORT_BUF_CTL1"): "the SoC has the PHY ready",
}  # fmt: skip
"""What a behaviour does in the database's place, and why: (access or reset, class)."""


def dwords(row):
    """(class, offset, access of each of 32 bits, reset value or None) of each dword of the family's registers."""
    for register in registers():
        if register.space != "mmio":
            continue
        for place in register.places:
            if row.name not in place.families:
                continue
            by_bit = [register.access_at(place.label)] * 8 * register.width
            for field in register.fields:
                if row.name in field.families and field.access:
                    by_bit[field.lsb : field.msb + 1] = [field.access] * (field.msb - field.lsb + 1)
            for part in range(register.width // 4):
                reset = None if register.reset is None else register.reset >> 32 * part & ONES
                yield register, place.address + 4 * part, by_bit[32 * part : 32 * part + 32], reset


class Guest:
    """A register of the real device: as a guest reaches it, and what hardware sets in it by itself."""

    def __init__(self, rig, at):
        self.rig, self.at, self.file = rig, at, rig.machine.igd.mmio

    def read(self):
        return self.rig.bar0(self.at)

    def write(self, value):
        self.rig.set_bar0(self.at, value)

    def events(self, value):
        self.file[self.at >> 2] = value


def ro(guest, mask):
    before = guest.read()
    guest.write(~before & ONES)
    after = guest.read()
    guest.write(before)
    return (after ^ before) & mask == 0


def w1c(guest, mask):
    guest.events(ONES)
    guest.write(0)
    kept = guest.read()
    guest.events(ONES)
    guest.write(ONES)
    return kept & mask == mask and guest.read() & mask == 0


def rc(guest, mask):
    guest.events(ONES)
    return guest.read() & mask == mask and guest.read() & mask == 0


def wo(guest, mask):
    guest.write(ONES)
    return guest.read() & mask == 0


def rw(guest, mask):
    taken = True
    for value in (ONES, 0, 0x5A5A5A5A):
        guest.write(value)
        taken &= guest.read() & mask == value & mask
    return taken


KINDS = {"ro": ro, "w1c": w1c, "rc": rc, "wo": wo, "rw": rw}


def differences(row):
    """(access or reset, class) of what the device does otherwise than the database says, and how many were asked."""
    rig = GuestRig(
        Scenario(
            host=Host(cpu=row.name, vga="igd"), hypervisor=Hypervisor(kind="none"), firmware=Firmware(kind="none"),
            display=(Display(port="none"),),
        )
    )  # fmt: skip
    found, asked = set(), Counter()
    for register, at, _, reset in dwords(row):
        if reset is not None:
            asked["reset"] += 1
            if rig.bar0(at) != reset:
                found.add(("reset", register.__name__))
    for register, at, by_bit, _ in dwords(row):
        guest = Guest(rig, at)
        held = int(guest.file[at >> 2])
        for kind in sorted(set(by_bit) & set(KINDS)):
            asked[kind] += 1
            if not KINDS[kind](guest, sum(1 << number for number, each in enumerate(by_bit) if each == kind)):
                found.add((kind, register.__name__))
            guest.events(held)
    rig.close()
    return found, asked


@pytest.fixture(scope="module")
def asked_of_all():
    return {row.name: differences(row) for row in families()}


@pytest.mark.parametrize("cpu", [row.name for row in families()])
def test_the_device_does_what_the_database_says(cpu, asked_of_all):
    found, asked = asked_of_all[cpu]
    assert found <= set(OWNED)
    assert min(asked["ro"], asked["rw"], asked["reset"]) > 10


def test_every_exception_is_one_somewhere(asked_of_all):
    assert set().union(*(found for found, _ in asked_of_all.values())) == set(OWNED)


def test_how_many_places_were_asked(asked_of_all):
    asked = sum((count for _, count in asked_of_all.values()), Counter())
    assert asked["ro"] > 2000
    assert asked["w1c"] > 500
    assert asked["reset"] > 30000


class EVERY_KIND(Register, at={"ivybridge": 0x1F0000}, source="made up", gaps=RESERVED, access="wo"):  # noqa: N801
    """A register with a field of each kind."""

    READ_ONLY = Field(31, 28, "", access="ro")
    CLEARED = Field(27, 24, "", access="w1c")
    COUNTED = Field(23, 20, "", access="rc")
    PLAIN = Field(19, 16, "", access="rw")
    LOCKED = Field(15, 8, "", access="lock")
    LOCK = Field(0, 0, "", access="lock")


@pytest.fixture
def every_kind(monkeypatch):
    monkeypatch.setattr(stored, "registers", lambda: (EVERY_KIND,))
    stored.storage.cache_clear()
    yield Rig("ivybridge")
    stored.storage.cache_clear()


def test_each_field_of_a_register_is_accessed_in_its_own_way(every_kind):
    rig = every_kind
    rig.igd.mmio[0x1F0000 >> 2] = 0xFFF00000
    rig[0x1F0000] = 0x05050000
    assert rig[0x1F0000] == 0xFAF50000  # ones cleared bits 26 and 24; the counter was not written
    assert rig[0x1F0000] == 0xFA050000  # the counter was read


def test_a_lock_freezes_the_fields_that_it_names_until_reset(every_kind):
    rig = every_kind
    rig[0x1F0000] = 0x1200
    rig[0x1F0000] = 0x3401
    rig[0x1F0000] = 0x70000
    assert rig[0x1F0000] == 0x73401
    rig.igd.reset()
    rig[0x1F0000] = 0x5600
    assert rig[0x1F0000] == 0x5600


def test_what_firmware_locked_stays():
    rig = Rig("tigerlake")
    held = rig[0xD48]
    assert held & 1
    rig[0xD48] = 0
    assert rig[0xD48] == held


def test_a_narrow_write_clears_no_event_beside_it():
    guest = GuestRig.of("none", cpu="baytrail")
    guest.machine.igd.mmio[0x1F0024 >> 2] = 0x8000_0100  # an underrun and a scan line
    guest.set_bar0(0x1F0025, 1, 1)
    assert guest.bar0(0x1F0024) == 0x8000_0000
    guest.close()


def test_registers_lie_around_the_gtt_of_generation_2():
    guest = GuestRig.of("none", cpu="855")
    guest.set_bar0(0x60000, 0x1234)
    guest.set_bar0(0x10000, 0x5001)
    assert (guest.bar0(0x60000), guest.gtt(0)) == (0x1234, 0x5001)
    assert int(guest.machine.igd.mmio[0x60000 >> 2]) == 0x1234
    guest.close()


def site(cpu):
    row = family(cpu)
    return Site(row, wiring(row), frozenset(), row.ggc, row.bdsm)


def test_a_behaviour_on_a_register_or_a_field_that_the_family_lacks_is_refused():
    with pytest.raises(FwsimError, match="register that the family lacks") as refused:
        site("icelake").at(mmio_clock.LCPLL1_CTL)
    assert (refused.value.where, refused.value.found) == ("icelake", "LCPLL1_CTL")
    with pytest.raises(FwsimError, match="field that the register lacks") as refused:
        is_set(site("915").at(mmio_timing.PIPECONF, label="A"), mmio_timing.PIPECONF.STATE)
    assert refused.value.found == "STATE"
    with pytest.raises(FwsimError, match="field that the register lacks"):
        is_set(site("skylake").at(mmio_timing.PIPECONF, label="A"), mmio_ddi.DDI_BUF_CTL.ENABLE)


@pytest.mark.parametrize("row", families(), ids=lambda row: row.name)
def test_every_family_has_behaviours_of_its_own_row(row):
    assert known(row).makers
    assert known(row).like in {"drivers", ""} | {each.name for each in families() if not known(each).like}


NO_OFFSETS = {
    0x1000: "bytes of a page and of the DPCD", 0x1FFF: "thirteen bits", 0x10000: "a unit's registers in the database",
}  # fmt: skip


def test_no_register_is_named_by_its_offset():
    """Hexadecimal numbers of the IGD's code as large as a register's offset, masks of ones and above 8 MiB left out."""
    found = {}
    for path in sorted(Path(fwsim.devices.igd.__file__).parent.rglob("*.py")):
        with path.open("rb") as source:
            for token in tokenize.tokenize(source.readline):
                number = int(token.string, 16) if token.string.lower().startswith("0x") else 0
                if 0x1000 <= number < 0x800000 and number & number + 1:
                    found.setdefault(number, []).append(f"{path.name}:{token.start[0]}")
    assert set(found) <= set(NO_OFFSETS), found
