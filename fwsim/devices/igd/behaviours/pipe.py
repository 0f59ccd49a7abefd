"""The pipes run by themselves: they count lines and frames, and tell of each vertical blank."""

from collections.abc import Iterable
from itertools import chain

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Behaviour, Maker, Site
from fwsim.devices.igd.rows import ALWAYS, Condition, Row, copies, follows, is_clear, is_set, mask_of
from fwsim.registers import mmio_irq as irq
from fwsim.registers import mmio_plane as plane
from fwsim.registers import mmio_timing as timing
from fwsim.registers.core import Field, Register
from fwsim.registers.mmio_ddi import TRANS_DDI_FUNC_CTL

_EDP_INPUTS = {"A": (0, 4), "B": (5,), "C": (6,)}
"""Each pipe by the numbers with which the eDP transcoder takes it for its input."""


def _runs(site: Site, label: str) -> Condition:
    """The pipe is on."""
    return is_set(site.at(timing.PIPECONF, label=label), timing.PIPECONF.ENABLE)


def _driven(site: Site, pipe: str) -> list[tuple[Condition, str]]:
    """When the pipe runs, and the label of the transcoder whose timing it then has: its own, or eDP's.

    eDP's transcoder drives the pipe that TRANS_DDI_FUNC_CTL names, while its output is on (Linux i915
    display/intel_display.c, hsw_enabled_transcoders).
    """
    ways = [(_runs(site, pipe), pipe)]
    form = TRANS_DDI_FUNC_CTL
    if not site.has(form, "EDP"):
        return ways
    at = site.at(form, label="EDP")
    mask = mask_of(at, form.ENABLE, form.EDP_INPUT)
    for number in _EDP_INPUTS.get(pipe, ()):
        ways.append((Condition(at.address, mask, form.EDP_INPUT.put(form.ENABLE.mask, number)), "EDP"))
    return ways


def scanline(site: Site) -> Behaviour:
    """PIPEDSL counts the lines of a frame while the pipe is on (Intel PRM IVB vol. 3 part 1, pipe registers)."""
    rows = []
    for at in site.all(timing.PIPEDSL):
        for runs, transcoder in _driven(site, at.label):
            total = Condition(site.at(timing.VTOTAL, label=transcoder).address)
            rows.append(Row(at.address, w.WHEN_READ, w.OP_SCANLINE, condition=runs, second=total))
    return Behaviour("PIPE_DSL", tuple(rows))


def _counts(site: Site, *parts: tuple[type[Register], int]) -> Behaviour:
    rows = [
        Row(at.address, w.WHEN_READ, w.OP_FRAME, value=part, condition=runs)
        for form, part in parts
        for at in site.all(form)
        for runs, _ in _driven(site, at.label)
    ]
    return Behaviour("FRAMECOUNT", tuple(rows))


def frame_counter(site: Site) -> Behaviour:
    """PIPE_FRMCOUNT counts frames while the pipe is on."""
    return _counts(site, (timing.PIPE_FRMCOUNT, w.FRAME_WHOLE))


def frame_halves(site: Site) -> Behaviour:
    """To the 965, PIPEFRAME has the count's upper 16 bits, PIPEFRAMEPIXEL the lower 8 (Linux i915 i915_irq.c)."""
    return _counts(site, (timing.PIPEFRAME, w.FRAME_HIGH), (timing.PIPEFRAMEPIXEL, w.FRAME_LOW))


def pipe_state(site: Site) -> Behaviour:
    """PIPECONF: state is enable from generation 4 on: the pipe is on (or off) by the next read.

    From Haswell on the register is the transcoder's, and eDP has one of its own.
    """
    form = timing.PIPECONF
    return Behaviour("PIPECONF", tuple(follows(at, [form.STATE], is_set(at, form.ENABLE)) for at in site.all(form)))


def pipe_status(site: Site) -> Behaviour:
    """PIPESTAT: vertical blank and frame start are set at each frame of a running pipe.

    Generations 2 to 4, Bay Trail and Cherryview (Linux i915 i915_irq.c, i9xx_pipestat_irq_ack).
    """
    form = timing.PIPESTAT
    rows = [
        Row(
            at.address, w.WHEN_READ, w.OP_VBLANK, mask_of(at, form.VBLANK, form.FRAME),
            condition=_runs(site, at.label), second=ALWAYS,
        )
        for at in site.all(form)
    ]  # fmt: skip
    return Behaviour("PIPESTAT", tuple(rows))


def _latched(site: Site, form: type[Register], pipe: str, block: str, blank: Field) -> list[Row]:
    """The interrupt block's pending bit ``blank`` is set at each frame of a running pipe, unless it is masked."""
    pending, mask = site.at(form, label=f"{block}IIR"), site.at(form, label=f"{block}IMR")
    return [
        Row(
            pending.address, w.WHEN_READ, w.OP_VBLANK, mask_of(pending, blank), condition=runs,
            second=is_clear(mask, blank),
        )
        for runs, _ in _driven(site, pipe)
    ]  # fmt: skip


def _blanks(rows: Iterable[list[Row]]) -> Behaviour:
    return Behaviour("DE VBLANK", tuple(chain.from_iterable(rows)))


def ilk_blanks(site: Site) -> Behaviour:
    """DE_IIR of Ironlake and Sandy Bridge: Sandy Bridge images clear the vertical blank and wait for the next.

    Intel PRM SNB vol. 3 part 2, display engine interrupts.
    """
    blanks = (("A", irq.DE_ILK.PIPE_A_VBLANK), ("B", irq.DE_ILK.PIPE_B_VBLANK))
    return _blanks(_latched(site, irq.DE_ILK, pipe, "", blank) for pipe, blank in blanks)


def ivb_blanks(site: Site) -> Behaviour:
    """DE_IIR of Ivy Bridge and Haswell (Linux i915 display/intel_display_regs.h, DE_PIPE_VBLANK_IVB)."""
    form = irq.DE_IVB
    blanks = (("A", form.PIPE_A_VBLANK), ("B", form.PIPE_B_VBLANK), ("C", form.PIPE_C_VBLANK))
    return _blanks(_latched(site, form, pipe, "", blank) for pipe, blank in blanks)


def bdw_blanks(site: Site) -> Behaviour:
    """DE_PIPE_IIR from Broadwell on: Apollo Lake images wait for it (Linux i915, GEN8_PIPE_VBLANK)."""
    form = irq.DE_PIPE
    pipes = [at.label for at in site.all(timing.PIPEDSL)]
    return _blanks(_latched(site, form, pipe, f"{pipe}_", form.VBLANK) for pipe in pipes)


def live_surface(site: Site) -> Behaviour:
    """DSPSURFLIVE and PLANE_SURFLIVE: a surface is shown as soon as it is given (Intel PRM IVB vol. 3 part 1)."""
    old, new = plane.DSPSURFLIVE, plane.PLANE_SURFLIVE
    live, shown, given = (
        (old, old.ADDRESS, plane.DSPSURF) if site.has(old, "A") else (new, new.ADDRESS, plane.PLANE_SURF)
    )
    return Behaviour("SURFLIVE", tuple(copies(at, shown, site.at(given, label=at.label)) for at in site.all(live)))


PIPES: tuple[Maker, ...] = (scanline, frame_counter, pipe_state)
