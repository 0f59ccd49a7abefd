"""Packages with an allocator of their own, as pip would have put them on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fwsim.firmware import allocators

Install = Callable[..., None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package with ``source`` whose entry point ``point`` names ``value`` of its module."""
    made = []
    monkeypatch.setattr(allocators, "_loaded", {})

    def install(source: str, point: str, value: str, module: str = "fwsim_test_strategy") -> None:
        made.append(module)
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[fwsim.allocators]\n{point} = {module}:{value}\n")
        monkeypatch.syspath_prepend(tmp_path)

    yield install
    for module in made:
        sys.modules.pop(module, None)
