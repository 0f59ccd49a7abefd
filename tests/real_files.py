"""Files of a folder are found by their SHA-256: what real ROMs and tables are called differs from place to place."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def by_hash(folder: str) -> dict[str, Path]:
    """SHA-256 to file, for every file under ``folder`` that is as large as a ROM may be."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file()) if folder else []
    return {
        hashlib.sha256(path.read_bytes()).hexdigest(): path for path in files if path.stat().st_size <= 16 * 1024 * 1024
    }
