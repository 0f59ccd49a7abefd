"""What the IGD asks for: its pending interrupts that are enabled, and when the next vertical blank may add one."""

from __future__ import annotations

from collections.abc import Callable

from fwsim.devices.igd.access import FRAME_NS
from fwsim.devices.igd.behaviours.interrupt import Block
from fwsim.devices.igd.device import Igd

_STATES = 0xFFFF


class Pending:
    """The interrupt side of ``igd``. ``look`` reads one of its registers as code would, at the time it is."""

    def __init__(self, igd: Igd, look: Callable[[int], int]) -> None:
        self._igd = igd
        self._look = look

    def _open(self, block: Block) -> int:
        """The enabled bits of a block whose masters are on."""
        register = self._igd.register
        if any(register(at) & bits != bits for at, bits in block.masters):
            return 0
        masters = sum(bits for at, bits in block.masters if at == block.enable)
        return register(block.enable) & ~masters

    @property
    def asserted(self) -> bool:
        """Whether anything is pending that is enabled."""
        register = self._igd.register
        return any(self._open(block) & register(block.pending) for block in self._igd.wires_irq.blocks)

    def next_blank(self, now: int) -> int | None:
        """Virtual time of the next vertical blank that may ask for an interrupt; None: none will."""
        register, made = self._igd.register, self._igd.wires_irq
        if not any(register(at) & bit for at, bit in made.pipes):
            return None
        wanted = any(self._open(block) & block.blanks & ~register(block.mask) for block in made.blocks)
        return (now // FRAME_NS + 1) * FRAME_NS if wanted else None

    def latch(self) -> None:
        """A vertical blank has begun: pending bits take it."""
        for block in self._igd.wires_irq.blocks:
            if not block.stats:
                self._look(block.pending)
                continue
            for at, _ in block.stats:
                self._look(at)
        self.follow()

    def follow(self) -> None:
        """Where PIPESTAT tells events: the live bits follow its enabled states, and IIR takes their rising edges."""
        mmio, register = self._igd.mmio, self._igd.register
        for block in self._igd.wires_irq.blocks:
            for at, bit in block.stats:
                state = register(at)
                live = state & state >> 16 & _STATES
                before = register(block.live) & bit
                if live and not before:
                    mmio[block.live >> 2] |= bit
                    if not register(block.mask) & bit:
                        mmio[block.pending >> 2] |= bit
                elif not live and before:
                    mmio[block.live >> 2] &= ~bit & 0xFFFFFFFF
