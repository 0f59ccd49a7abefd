"""The IGD asks for an interrupt: which registers hold what is pending, enabled and masked, by generation.

Sources: Linux i915_irq.c and display/intel_display_irq.c (i9xx_pipestat_irq_ack: IIR takes edges of the pipe events
that PIPESTAT's enabled states make; ilk_irq_handler: DEIER bit 31 is the master enable; valleyview_irq_handler:
VLV_MASTER_IER; gen8_irq_handler and cherryview_irq_handler: GEN8_MASTER_IRQ bit 31; gen11: GEN11_DISPLAY_INT_CTL bit
31). From generation 11 on GFX_MSTR_IRQ, which the database lacks, counts as open.
"""

from __future__ import annotations

from msgspec import Struct

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.behaviours.core import Site
from fwsim.devices.igd.rows import Condition, Row
from fwsim.registers import mmio_irq as irq
from fwsim.registers import mmio_timing as timing
from fwsim.registers.core import Register


class Block(Struct, frozen=True):
    """One block by its registers' offsets: live state, mask, pending, enable; ``masters`` are (offset, bits) of which
    all must be set, ``blanks`` the bits of vertical blanks, ``stats`` (PIPESTAT's offset, the live bit it makes).
    """

    live: int
    mask: int
    pending: int
    enable: int
    masters: tuple[tuple[int, int], ...]
    blanks: int
    stats: tuple[tuple[int, int], ...] = ()


class Wires(Struct, frozen=True):
    """A family's blocks, and the (offset, bit) by each of which a pipe is on."""

    blocks: tuple[Block, ...] = ()
    pipes: tuple[tuple[int, int], ...] = ()


def wires(site: Site) -> Wires:
    """The display's interrupts of the site's family; none where the database has no registers for them."""
    runs = timing.PIPECONF.ENABLE.mask
    pipes = tuple((at.address, runs) for at in site.all(timing.PIPECONF)) if _has(site, timing.PIPECONF) else ()
    if site.has(irq.IRQ_GEN2, "IIR"):
        return Wires((_event_block(site),), pipes)
    for form in (irq.DE_ILK, irq.DE_IVB):
        if site.has(form, "IIR"):
            master = (site.at(form, label="IER").address, form.MASTER.mask)
            return Wires((_block(site, form, "", (master,)),), pipes)
    masters = tuple(
        (site.at(form).address, form.ENABLE.mask)
        for form in (irq.MASTER_IRQ, irq.DISPLAY_INT_CTL)
        if site.has(form)
    )  # fmt: skip
    letters = [letter for letter in "ABCD" if site.has(irq.DE_PIPE, f"{letter}_IIR")]
    return Wires(tuple(_block(site, irq.DE_PIPE, f"{letter}_", masters) for letter in letters), pipes)


def _has(site: Site, form: type[Register]) -> bool:
    return any(site.has(form, letter) for letter in "ABCD")


def _block(site: Site, form: type[Register], prefix: str, masters: tuple[tuple[int, int], ...]) -> Block:
    live, mask, pending, enable = (
        site.at(form, label=prefix + name).address for name in ("ISR", "IMR", "IIR", "IER")
    )  # fmt: skip
    family = site.family.name
    blanks = sum(each.mask for each in form.fields if each.name.endswith("VBLANK") and family in each.families)
    return Block(live, mask, pending, enable, masters, blanks)


def _event_block(site: Site) -> Block:
    """Generations 2 to 4, Bay Trail, Cherryview: a vertical blank is an event of its pipe, told by PIPESTAT."""
    form = irq.IRQ_GEN2
    masters = tuple(
        (site.at(each).address, each.ENABLE.mask)
        for each in (irq.VLV_MASTER_IER, irq.MASTER_IRQ)
        if site.has(each)
    )  # fmt: skip
    made = _block(site, form, "", masters)
    events = {"A": form.PIPE_A.mask, "B": form.PIPE_B.mask, "C": form.PIPE_C.mask}
    stats = tuple((at.address, events[at.label]) for at in site.all(timing.PIPESTAT) if at.label in events)
    blanks = sum(bit for _, bit in stats)
    return Block(made.live, made.mask, made.pending, made.enable, masters, blanks, stats)


def rows(made: Wires) -> list[Row]:
    """Who writes one of these registers while something is enabled may change what the device asks for: it is told.

    A write costs nothing more while nothing is.
    """
    found = []
    for block in made.blocks:
        any_enabled = Condition(block.enable, 0xFFFFFFFF)
        told = {block.mask, block.pending, block.enable, *(at for at, _ in block.stats)}
        told |= {at for at, _ in (*block.masters, *made.pipes)}
        found += [Row(at, w.WHEN_WRITE, w.OP_IRQ, condition=any_enabled) for at in sorted(told)]
    return found + _pipes_of_master(made)


def _pipes_of_master(made: Wires) -> list[Row]:
    """From Broadwell on the master register shows which pipe has something pending that is enabled."""
    found = []
    for number, block in enumerate(made.blocks):
        for at, _ in block.masters:
            if at == block.enable or block.stats:
                continue
            shown = 1 << irq.MASTER_IRQ.PIPES.lsb + number
            pending, enabled = (Condition(each, block.blanks, block.blanks) for each in (block.pending, block.enable))
            found.append(Row(at, w.WHEN_READ, w.OP_FOLLOW, shown, shown, condition=pending, second=enabled))
    return found
