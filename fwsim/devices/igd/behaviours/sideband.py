"""The units behind Bay Trail's and Cherryview's sideband answer; the power unit's states follow its controls."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Site
from fwsim.devices.igd.rows import Row
from fwsim.registers import sideband
from fwsim.registers.core import Field, Register
from fwsim.registers.mmio_power import IOSF_DOORBELL_REQ

_ALL = 0xFFFFFFFF


def unit(register: type[Register]) -> int:
    """The key of a register behind the sideband: unit << 32 | register (its address in the database is by 0x10000)."""
    number, offset = divmod(register.places[0].address, 0x10000)
    return number << 32 | offset


def iosf(site: Site) -> Behaviour:
    """IOSF_DOORBELL_REQ: a write sends the message, BUSY is clear again; IOSF_DATA and IOSF_ADDR lie behind it.

    Linux i915 vlv_iosf_sb.c.
    """
    return Behaviour("IOSF SB", (Row(site.at(IOSF_DOORBELL_REQ).address, w.WHEN_WRITE, w.OP_SIDEBAND),))


def _state(register: type[Register], states: list[Field], controls: list[Field]) -> tuple[int, int, int, int]:
    """States that follow the controls of the same register, all as far up."""
    return unit(register), sum(each.mask for each in states), unit(register), states[0].lsb - controls[0].lsb


def punit(site: Site) -> Behaviour:
    """PUNIT: PWRGT_STATUS is PWRGT_CTRL; DSPSSPM's states are its controls; DDR_SETUP2's request clears itself.

    Linux i915 vlv_iosf_sb_reg.h.
    """
    power = sideband.PUNIT_DSPSSPM
    chv = site.family.name == "cherryview"
    clock = (power.FREQ_STATE_CHV, power.FREQ_CHV) if chv else (power.FREQ_STATE, power.FREQ)
    nothing = unit(sideband.PUNIT_PWRGT_CTRL) | 0xFFFF
    units = (
        (unit(sideband.PUNIT_PWRGT_STATUS), _ALL, unit(sideband.PUNIT_PWRGT_CTRL), 0),
        _state(
            power, [power.STATE_A, power.STATE_B, power.STATE_C], [power.CONTROL_A, power.CONTROL_B, power.CONTROL_C]
        ),
        _state(power, [clock[0]], [clock[1]]),
        (unit(sideband.PUNIT_DDR_SETUP2), sideband.PUNIT_DDR_SETUP2.ACK.mask, nothing, 0),
    )  # fmt: skip
    return Behaviour("PUNIT", (), units=units)
