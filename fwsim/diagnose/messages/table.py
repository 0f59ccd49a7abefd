"""All rows in one table, and the search for them in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwsim.diagnose.case import Evidence, Seen
from fwsim.diagnose.messages import qemu
from fwsim.diagnose.messages.row import Row
from fwsim.diagnose.text import shown

ROWS: dict[str, Row] = {row.id: row for row in (*qemu.ROWS,)}
_NEEDLES = re.compile("|".join(sorted({re.escape(row.needle) for row in ROWS.values()})))


def seen_in(line: str, file: str, number: int) -> Iterator[Seen]:
    """Each known message in ``line``."""
    if _NEEDLES.search(line) is None:
        return
    for row in ROWS.values():
        if row.needle in line and (found := row.compiled.search(line)):
            groups = {name: text for name, text in found.groupdict().items() if text is not None}
            yield Seen(id=row.id, evidence=Evidence(file=file, line=number, text=shown(line)), groups=groups)
