"""All rows in one table, and the search for them in a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fwsim.diagnose.case import Evidence, Seen
from fwsim.diagnose.messages import (
    coreboot,
    i915,
    i915_uc,
    intel_iommu,
    kernel_vfio,
    kernel_video,
    ovmf,
    proxmox,
    qemu_igd,
    qemu_vfio,
    seabios,
    tools,
    xen,
)  # fmt: skip
from fwsim.diagnose.messages.row import Row
from fwsim.diagnose.messages.sieve import Sieve
from fwsim.diagnose.text import SHOWN, shown
from fwsim.diagnose.vm.secrets import redact

_SPEAKERS = (
    qemu_igd, qemu_vfio, kernel_vfio, kernel_video, i915, i915_uc, intel_iommu, seabios, ovmf, xen, proxmox, coreboot,
    tools,
)  # fmt: skip
ROWS: dict[str, Row] = {row.id: row for speaker in _SPEAKERS for row in speaker.ROWS}
_BEFORE, _AFTER = 120, 60
"""Characters of a long line that are shown before a message, and what is left for it at least."""
_SIEVE = Sieve(sorted({row.needle for row in ROWS.values()}))


def rows_for(text: str) -> list[Row]:
    """The rows that can be in ``text``: those whose needle it has."""
    there = _SIEVE.found_in(text)
    return [row for row in ROWS.values() if row.needle in there]


def seen_in(line: str, file: str, number: int, rows: Iterable[Row] = ROWS.values()) -> Iterator[Seen]:
    """Each known message of ``rows`` in ``line``."""
    for row in rows:
        groups = row.find(line)
        if groups is not None:
            yield Seen(id=row.id, evidence=Evidence(file=file, line=number, text=_around(line, row)), groups=groups)


def _around(line: str, row: Row) -> str:
    """What is shown of ``line``: of a long one the part with the message, which may come late, as in a JSON log."""
    text = redact(line)
    at = text.find(row.needle)
    return shown(text if len(text) <= SHOWN or at < SHOWN - _AFTER else "..." + text[at - _BEFORE :])
