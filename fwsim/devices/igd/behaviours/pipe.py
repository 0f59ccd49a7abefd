"""The pipes run by themselves: they count lines and frames, and tell of each vertical blank."""

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Maker, Site
from fwsim.devices.igd.rows import ALWAYS, Condition, Row, bit, follows, is_set, write_clears

_EDP = 0xF000


def _pipes(site: Site) -> list[tuple[int, int]]:
    """Where each pipe's registers lie, and its transcoder's timings."""
    steps = [0, 0x1000] if site.family.gen <= 6 or site.family.name == "baytrail" else [0, 0x1000, 0x2000]
    pairs = [(site.base + 0x70000 + step, site.base + 0x60000 + step) for step in steps]
    if site.family.name == "cherryview":
        pairs[2] = (site.base + 0x74000, site.base + 0x63000)
    return pairs


def scanline(site: Site) -> Behaviour:
    """PIPE_DSL 0x70000 counts the lines of a frame while the pipe is on.

    Intel PRM IVB vol. 3 part 1, pipe registers.
    """
    rows = [
        Row(pipe, w.WHEN_READ, w.OP_SCANLINE, condition=is_set(pipe + 8, bit(31)), second=Condition(timings + 0xC))
        for pipe, timings in _pipes(site)
    ]
    return Behaviour("PIPE_DSL", tuple(rows))


def frame_counter(site: Site) -> Behaviour:
    """PIPE_FRMCOUNT 0x70040 counts frames while the pipe is on.

    To the 965, 0x70040 bits 15:0 are its upper 16 bits and 0x70044 bits 31:24 the lower 8 (Linux i915 i915_irq.c).
    """
    rows = []
    old = site.family.gen <= 4 and site.family.name not in ("G45", "GM45")
    for pipe, _ in _pipes(site):
        on = is_set(pipe + 8, bit(31))
        parts = ((0x40, w.FRAME_HIGH), (0x44, w.FRAME_LOW)) if old else ((0x40, w.FRAME_WHOLE),)
        rows += [Row(pipe + at, w.WHEN_READ, w.OP_FRAME, value=part, condition=on) for at, part in parts]
    return Behaviour("FRAMECOUNT", tuple(rows))


def pipe_state(site: Site) -> Behaviour:
    """PIPECONF bit 30, pipe state, is bit 31, enable: the pipe is on (or off) by the next read.

    From Haswell on the register is the transcoder's, and eDP has one of its own.
    """
    places = [pipe + 8 for pipe, _ in _pipes(site)]
    if site.family.gen >= 9 or site.family.name in ("haswell", "broadwell"):
        places.append(0x70008 + _EDP)
    return Behaviour("PIPECONF", tuple(follows(at, bit(30), is_set(at, bit(31))) for at in places))


def pipe_status(site: Site) -> Behaviour:
    """PIPESTAT 0x70024: vertical blank bits 2 and 1 are set at each frame of a running pipe; writing ones clears them.

    Generations 2 to 4, Bay Trail and Cherryview (Linux i915 i915_irq.c, i9xx_pipestat_irq_ack).
    """
    rows = []
    for pipe, _ in _pipes(site):
        at = pipe + 0x24
        rows.append(write_clears(at, 0xFFFF))
        rows.append(Row(at, w.WHEN_READ, w.OP_VBLANK, bit(1, 2), condition=is_set(pipe + 8, bit(31)), second=ALWAYS))
    return Behaviour("PIPESTAT", tuple(rows))


PIPES: tuple[Maker, ...] = (scanline, frame_counter, pipe_state)
