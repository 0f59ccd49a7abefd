"""INT 15h as a mainboard's code under coreboot answers it: a table of leaves, and nothing besides."""

from __future__ import annotations

from fwsim.environment.bios.context import Context
from fwsim.firmware.callers import Board


def answered(board: Board, c: Context, ax: int) -> bool:
    """Answer the leaf ``ax``; whether the board's handler says that it did. Where it did not no register changes.

    Source: coreboot src/drivers/intel/gma/int15.c, intel_vga_int15_handler, and the boards' own handlers.
    """
    for hook in board.hooks:
        if hook.ax == ax and all(c.get(name) in values for name, values in hook.when.items()):
            for name, value in hook.sets.items():
                c.set(name, value)
            return True
    return board.rest and not any(hook.ax == ax for hook in board.hooks)
