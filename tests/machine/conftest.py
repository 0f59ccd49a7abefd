"""Small programs on a whole machine: bytes in, ending and events out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from handmade import rom
from numpy.typing import NDArray

from fwsim.environment.bios.session import Session
from fwsim.environment.ending import Ending
from fwsim.machine.build import build
from fwsim.machine.built import Built
from fwsim.machine.machine import Machine
from fwsim.rom.chain import load_bytes
from fwsim.scenario.load import loads
from fwsim.trace.event import Actor, Space

ENTRY = 0x100
"""Where ``handmade.rom`` puts the code: C000:0100."""


@dataclass
class Rig:
    """A machine with a program at C000:0100."""

    built: Built
    session: Session

    @property
    def machine(self) -> Machine:
        return self.built.machine

    def post(self) -> Ending:
        return self.session.call_rom(3, 0x10)

    def events(self, first: int = 0) -> NDArray[np.void]:
        return self.machine.recorder.read(first, self.machine.recorder.count)

    def ports(self) -> list[tuple[int, int, int, int]]:
        """(IP, port, value, op) of each port access of the ROM."""
        rows = self.events()
        rows = rows[(rows["space"] == Space.PORT) & (rows["actor"] == Actor.ROM)]
        return [(int(r["ip"]), int(r["address"]), int(r["value"]), int(r["op"])) for r in rows]

    def registers(self) -> list[tuple[int, str, int, int]]:
        """(IP, "r" or "w", BAR0 offset or GTT offset | 80000000, value) of each BAR0 access of the ROM."""
        rows = self.events()
        rows = rows[((rows["space"] == Space.MMIO) | (rows["space"] == Space.GTT)) & (rows["actor"] == Actor.ROM)]
        return [
            (
                int(r["ip"]),
                "rw"[int(r["op"])],
                int(r["address"]) | (int(r["space"]) == Space.GTT) << 31,
                int(r["value"]),
            )
            for r in rows
        ]


@pytest.fixture
def rig() -> Iterator[object]:
    """Makes a machine for some code; ``toml`` is the scenario."""
    made: list[Rig] = []

    def make(
        code: bytes | str, toml: str = "", memory: dict[int, bytes] | None = None, events: Path | None = None
    ) -> Rig:
        image = rom(bytes.fromhex(code) if isinstance(code, str) else code, blocks=8)
        built = build(loads(toml), load_bytes(image, Path("small.rom")), image, events)
        made.append(Rig(built, Session(built)))
        built.machine.ram.write(0xC0000, image)
        for address, data in (memory or {}).items():
            built.machine.ram.write(address, data)
        built.machine.engine.flush_code()
        return made[-1]

    yield make
    for one in made:
        one.machine.recorder.close()
