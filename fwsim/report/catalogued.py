"""The Intel images of the catalogue that are in a folder: what pages are made from that are made of real images."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from fwsim.rom.catalog import KnownRom, catalog
from fwsim.rom.chain import load
from fwsim.units import MIB

OWN = "igd-vbios.rom"
_INTEL = 0x8086


def catalogued(folder: str) -> list[tuple[KnownRom, Path]]:
    """Each with its file directly in ``folder``, in the catalogue's order; our own ROM is none of them."""
    files = {
        sha256(path.read_bytes()).hexdigest(): path
        for path in sorted(Path(folder).iterdir()) if path.is_file() and path.stat().st_size <= MIB
    }  # fmt: skip
    found = [(known, files[known.sha256]) for known in catalog() if known.sha256 in files and known.cpu]
    return [(known, path) for known, path in found if known.name != OWN and load(str(path)).vendor == _INTEL]


def build_of(known: KnownRom) -> str:
    """The image's name without its ending, as pages call it."""
    return known.name.rpartition(".")[0] + (" (posted)" if known.state == "posted" else "")
