"""Of the IGD's registers only some are shown: the others read 0 and take no write, by forms of their own.

Forms are what native code goes by anyhow, so that a register which is not shown costs no more than any other.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fwsim.devices.igd import layout as w
from fwsim.devices.igd.device import Igd
from fwsim.native import address_of

_ALL = 0xFFFFFFFF


def show_only(igd: Igd, shown: Iterable[tuple[int, int, bool]]) -> None:
    """Show bytes ``first`` to ``end`` (multiples of 4) of the register file, and let writes in where ``writes`` says.

    A read of what is shown does all that it did: it may clear bits, and what follows the clock moves. The device's own
    workings (pipes, planes, the GTT) see every register as before.
    """
    old, forms = igd.kinds.copy(), [row.copy() for row in igd.forms]
    igd.kinds[:] = len(forms)
    forms.append(_form(read_only=_ALL, hidden=_ALL))
    protected: dict[int, int] = {}
    for first, end, writes in shown:
        for dword in range(first >> 2, min(end >> 2, len(old))):
            kind = int(old[dword])
            if not writes and kind not in protected:
                protected[kind] = len(forms)
                forms.append(_protected(igd, forms[kind]))
            igd.kinds[dword] = kind if writes else protected[kind]
    igd.forms = np.array(forms, np.uint32)
    igd.block[w.G_FORMS] = address_of(igd.forms)


def _form(read_only: int, hidden: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    row = np.zeros(w.FORM_WORDS, np.uint32)
    row[w.F_READ_ONLY], row[w.F_HIDDEN] = read_only, hidden
    return row


def _protected(
    igd: Igd, form: np.ndarray[tuple[int], np.dtype[np.uint32]]
) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:  # fmt: skip
    """``form`` without writes. A form with behaviours is one register's alone, so what its writes set off goes."""
    row = form.copy()
    row[w.F_READ_ONLY] = _ALL
    at = int(row[w.F_ROW])
    while at:
        behaviour = igd.rows[at - 1]
        if behaviour[w.W_WHEN] == w.WHEN_WRITE:
            behaviour[w.W_WHEN] = 0
        at = int(behaviour[w.W_NEXT])
    return row
