"""How well a number is known: measured on the real thing, read in its source, or assumed; and on what grounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Certainty = Literal["measured", "read", "assumed"]


class Known(msgspec.Struct, frozen=True):
    """``certainty`` with its ``source``: what was measured or read, or what the assumption rests on."""

    certainty: Certainty
    source: str


def of_each(names: str, known: Known) -> dict[str, Known]:
    """``known`` for each of the numbers in ``names``, as ``Allocator.exactness`` gives them."""
    return dict.fromkeys(names.split(), known)


Exactness = Mapping[str, Known]
"""A number's name (bdsm, asls, bars, e820, hypervisor, or a field of the scenario) to how it is known."""
