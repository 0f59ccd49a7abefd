"""Real ROMs come from $FWSIM_ROMS, by SHA-256, and from packages of Debian, whose lack is named or forbidden.

A line for a shell has a ``fwsim`` that is there at once.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import warm
from hypothesis import HealthCheck, settings
from real_files import by_hash

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

GONE_SINCE = {"vgabios": "newer distributions do not have it any more"}
"""Packages that a distribution may lack altogether: then even FWSIM_REQUIRE=packages does not ask for them."""


@cache
def _offered(package: str) -> bool:
    """Whether apt knows a version of ``package`` that it could install."""
    if shutil.which("apt-cache") is None:
        return False
    shown = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    return shown.returncode == 0 and bool(shown.stdout.strip())


@pytest.fixture(scope="session")
def real_rom() -> Callable[[str, str], Path]:
    """``real_rom(name, sha256)``: that file under $FWSIM_ROMS, whatever it is called there; skips without it."""

    def find(name: str, sha256: str) -> Path:
        found = by_hash(os.environ.get("FWSIM_ROMS", "")).get(sha256)
        return found or pytest.skip(f"{name} is not under $FWSIM_ROMS")

    return find


@pytest.fixture(scope="session")
def require_package() -> Callable[..., Path]:
    """``require_package(package, path)``: the file of a Debian package. Skips without it, naming the package.

    Under FWSIM_REQUIRE=packages its lack is a failure, unless the distribution has no such package at all.
    """

    def find(package: str, path: str | Path) -> Path:
        path = Path(path)
        if path.is_file():
            return path
        if path.parent.is_dir():
            pytest.skip(f"this version of package {package} has no {path.name}")
        if package in GONE_SINCE and not _offered(package):
            pytest.skip(f"no package {package} here: {GONE_SINCE[package]}")
        return _lacking(package)

    return find


@pytest.fixture(scope="session")
def require_program() -> Callable[[str, str], str]:
    """``require_program(program, package)``: where that program of a Debian package is; without it as above."""
    return lambda program, package: shutil.which(program) or _lacking(package)


@pytest.fixture(scope="session")
def in_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """``in_shell(command, folder, **options)``: bash's answer to a line with ``fwsim`` in it, as in a terminal.

    Standard error is among standard output. ``options`` are of ``subprocess.run``.
    """
    programs = tmp_path_factory.mktemp("warm") / "bin"
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"

    def run(command: str, folder: Path, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command], cwd=folder, env=os.environ | {"PATH": path, "COLUMNS": "80"}, text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "check": False} | options,
        )  # fmt: skip

    with warm.start(programs) as server:
        yield run
        server.stdin.close()


def _lacking(package: str) -> NoReturn:
    if "packages" in os.environ.get("FWSIM_REQUIRE", ""):
        pytest.fail(f"package {package} is required and not installed")
    pytest.skip(f"package {package} is not installed")
