"""What does each family's display hardware do by itself? The behaviours, by what they model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.rows import (
    Condition,
    Row,
    bit,
    follows,
    gmbus,
    read_only,
    self_clears,
    write_clears,
)
from fwsim.registers.families import Family

PIPES = (0x70000, 0x71000, 0x72000)
TRANSCODERS = (0x60000, 0x61000, 0x62000)


@dataclass(frozen=True)
class Behaviour:
    """Rows that model one thing, the values its registers have at reset, and which inputs are clocks."""

    rows: tuple[Row, ...] = ()
    reset: dict[int, int] = field(default_factory=dict)
    clocks: tuple[int, ...] = ()


def scanline(ports: frozenset[str]) -> Behaviour:
    """PIPE_DSL 0x70000 counts lines, the frame counter 0x70040 frames (Intel PRM IVB vol. 3 part 1, pipe registers)."""
    rows = []
    for pipe, transcoder in zip(PIPES, TRANSCODERS, strict=True):
        rows.append(Row("PIPE_DSL", pipe, w.WHEN_READ, w.OP_SCANLINE, condition=Condition(transcoder + 0xC)))
        rows.append(Row("FRAMECOUNT", pipe + 0x40, w.WHEN_READ, w.OP_FRAME))
    return Behaviour(tuple(rows), clocks=tuple(pipe + at for pipe in PIPES for at in (0, 0x40)))


def pipe_state(ports: frozenset[str]) -> Behaviour:
    """PIPECONF bit 30, pipe state, is bit 31, enable: the pipe is on (or off) by the next read."""
    return Behaviour(tuple(follows("PIPECONF", pipe + 8, bit(30), pipe + 8, bit(31)) for pipe in PIPES))


def crt_detect(ports: frozenset[str]) -> Behaviour:
    """PCH_ADPA 0xE1100: force-trigger bit 16 clears itself; bits 25:24 are 3 when a CRT answered, 0 when none did."""
    found = bit(24, 25) if "crt" in ports else 0
    row = self_clears("ADPA", 0xE1100, bit(16), clear=bit(24, 25), then=found)
    return Behaviour((read_only("ADPA", 0xE1100, bit(24, 25)), row), {0xE1100: found})


def pch_transcoders(ports: frozenset[str]) -> Behaviour:
    """TRANSCONF bit 30 is bit 31; FDI_RX_IIR gets bit lock, symbol lock and interlane alignment once both ends are enabled."""
    rows = []
    for index in range(3):
        conf = 0xF0008 + 0x1000 * index
        rows.append(follows("TRANSCONF", conf, bit(30), conf, bit(31)))
        iir, rx, tx = 0xF0014 + 0x1000 * index, 0xF000C + 0x1000 * index, 0x60100 + 0x1000 * index
        rows.append(write_clears("FDI_RX_IIR", iir))
        rows.append(
            Row(
                "FDI_RX_IIR", iir, w.WHEN_READ, w.OP_SET, bit(8, 9, 10), bit(8, 9, 10),
                condition=Condition(tx, bit(31), bit(31)), second=Condition(rx, bit(31), bit(31)),
            )
        )  # fmt: skip
    return Behaviour(tuple(rows))


def pch_panel_power(ports: frozenset[str]) -> Behaviour:
    """PCH PP_STATUS 0xC7200: bit 31, panel on, follows PP_CONTROL 0xC7204 bit 0."""
    return Behaviour((follows("PP_STATUS", 0xC7200, bit(31), 0xC7204, bit(0)),))


def pch_gmbus(ports: frozenset[str]) -> Behaviour:
    """GMBUS at 0xC5100: pin pair 2 is the CRT's, 3 LVDS, 4 HDMI C, 5 HDMI B, 6 HDMI D (Linux i915 intel_gmbus.c)."""
    return Behaviour(tuple(gmbus("GMBUS", 0xC5100)))


def lvds_strap(ports: frozenset[str]) -> Behaviour:
    """PCH_LVDS 0xE1180 bit 1: the strap that says a panel is wired."""
    return Behaviour((read_only("LVDS strap", 0xE1180, bit(1)),), {0xE1180: bit(1)})


def aux_channels(ports: frozenset[str]) -> Behaviour:
    """DisplayPort AUX, nobody at the other end: send (bit 31) ends at once with done (30) and time-out (28)."""
    rows = []
    for base in (0x64010, 0xE4110, 0xE4210, 0xE4310):
        rows.append(write_clears("AUX", base, bit(30, 28, 25)))
        rows.append(self_clears("AUX", base, bit(31), then=bit(30, 28)))
    return Behaviour(tuple(rows))


def hsw_clocks(ports: frozenset[str]) -> Behaviour:
    """Haswell: LCPLL 0x130040 bit 30, lock, is not bit 31; WRPLL and SPLL have no lock bit (Linux i915 intel_ddi.c)."""
    row = Row("LCPLL", 0x130040, w.WHEN_READ, w.OP_FOLLOW, bit(30), bit(30), condition=Condition(0x130040, bit(31), 0))
    return Behaviour((row,), {0x130040: bit(30)})


def hsw_power_well(ports: frozenset[str]) -> Behaviour:
    """HSW_PWR_WELL_CTL1-4 0x45400-0x4540C: state bit 30 is the OR of the four request bits 31."""
    rows = []
    for at in range(0x45400, 0x45410, 4):
        rows.append(Row("PWR_WELL", at, w.WHEN_READ, w.OP_SET, bit(30), 0))
        for source in range(0x45400, 0x45410, 4):
            rows.append(
                Row("PWR_WELL", at, w.WHEN_READ, w.OP_SET, bit(30), bit(30), condition=Condition(source, bit(31), bit(31)))
            )
    return Behaviour(tuple(rows))


def sideband(ports: frozenset[str]) -> Behaviour:
    """PCH SBI_CTL_STAT 0xC6008: busy bit 0 clears at once, response bits 2:1 are 0, success."""
    return Behaviour((self_clears("SBI", 0xC6008, bit(0), clear=bit(1, 2)),))


def hsw_ddi(ports: frozenset[str]) -> Behaviour:
    """DDI_BUF_CTL idle bit 7 is not enable bit 31; DP_TP_STATUS: idle done 25, FDI auto train done 12, while DP_TP_CTL is on."""
    rows = []
    for index in range(5):
        buf, ctl, status = 0x64000 + 0x100 * index, 0x64040 + 0x100 * index, 0x64044 + 0x100 * index
        rows.append(Row("DDI_BUF", buf, w.WHEN_READ, w.OP_FOLLOW, bit(7), bit(7), condition=Condition(buf, bit(31), 0)))
        rows.append(follows("DP_TP_STATUS", status, bit(25, 12), ctl, bit(31)))
    return Behaviour(tuple(rows), {0x64000 + 0x100 * index: bit(7) for index in range(5)})


def hsw_straps(ports: frozenset[str]) -> Behaviour:
    """SFUSE_STRAP 0xC2014: port B, C, D detected (bits 2-0); CRT not disabled (bit 13 clear)."""
    return Behaviour((read_only("SFUSE_STRAP", 0xC2014),), {0xC2014: bit(0, 1, 2)})


_PCH = (scanline, pipe_state, crt_detect, pch_transcoders, pch_panel_power, pch_gmbus, lvds_strap, aux_channels)
_BY_FAMILY: dict[str, tuple[Callable[[frozenset[str]], Behaviour], ...]] = {
    "sandybridge": _PCH,
    "ivybridge": _PCH,
    "haswell": (*_PCH, hsw_clocks, hsw_power_well, sideband, hsw_ddi, hsw_straps),
}


def behaviours(family: Family, ports: Iterable[str]) -> list[Behaviour]:
    """What ``family`` does by itself with displays on ``ports``."""
    attached = frozenset(ports)
    return [make(attached) for make in _BY_FAMILY.get(family.name, (scanline, pipe_state))]
