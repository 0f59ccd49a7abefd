"""Changes of the running code that a test must notice: each is made alone, in a copy of the tree, and its tests run.

The changes are the rows of ``mutants.toml``. First the copy as it is must pass all of their tests. ``make mutants``
makes all of them; names, or parts of names, choose some::

    python tests/mutants.py --jobs 2 limit latch

The exit code is 1 where a change survives, where its text is not there exactly once, or where the tests fail without
any change.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = Path(__file__).with_suffix(".toml")
LONGEST_S = 1200
"""A test run that takes longer does not end; a change that makes it so is noticed."""
_NOT_PASSED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One change: ``old``, which is in ``file`` exactly once, becomes ``new``; ``tests`` are pytest's arguments."""

    name: str
    file: str
    old: str
    new: str
    tests: list[str]

    def fault(self, root: Path) -> str:
        """Why it cannot be made in the tree at ``root``; empty where it can."""
        path = root / self.file
        times = path.read_text().count(self.old) if path.is_file() else 0
        missing = [test for test in self.tests if not (root / test.partition("::")[0]).exists()]
        if times != 1:
            return f"its old text is {times} times in {self.file}"
        return f"there is no {', '.join(missing)}" if missing else ""


@dataclass
class Copy:
    """A copy of the tree at ``root``, with a native image of its own in it."""

    root: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = os.environ | {"PYTHONPATH": str(self.root)}
        where = [sys.executable, "-c", "import fwsim; print(fwsim.__file__)"]
        found = subprocess.run(where, cwd=self.root, env=self.environment, capture_output=True, text=True, check=True)
        if not Path(found.stdout.strip()).is_relative_to(self.root):
            raise SystemExit(f"the copy's tests would import {found.stdout.strip()}, not {self.root}/fwsim")

    def test(self, tests: list[str], *options: str) -> tuple[bool, str]:
        """Run ``tests``: whether they passed, and what they said."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests]
        try:
            done = subprocess.run(
                command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=LONGEST_S
            )
        except subprocess.TimeoutExpired:
            return False, f"FAILED a test that does not end in {LONGEST_S} s"
        return done.returncode == 0, done.stdout + done.stderr

    def put(self, file: str, text: str) -> None:
        """Give a file of the copy its text. Its bytecode goes: of a text as long, written in the same second, it
        would count as good.
        """
        path = self.root / file
        path.write_text(text)
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def kills(self, mutant: Mutant) -> str:
        """The test that notices the change; empty where it survives."""
        text = (self.root / mutant.file).read_text()
        self.put(mutant.file, text.replace(mutant.old, mutant.new))
        try:
            passed, said = self.test(mutant.tests, "-x")
        finally:
            self.put(mutant.file, text)
        if passed:
            return ""
        named = _NOT_PASSED.search(said)
        return named[1] if named else said.strip().rpartition("\n")[2] or "pytest ended"


def rows() -> list[Mutant]:
    """The table."""
    return [Mutant(**row) for row in tomllib.loads(TABLE.read_text())["mutant"]]


def copy_tree(to: Path) -> Copy:
    """What git knows of the tree, as it is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return Copy(to)


def twin(copy: Copy, to: Path) -> Copy:
    """Another copy, compiled as ``copy`` is."""
    shutil.copytree(copy.root, to)
    return Copy(to)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="only mutants whose name contains one of these")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time, each in its own copy")
    chosen = parser.parse_args()
    mutants = [row for row in rows() if not chosen.names or any(part in row.name for part in chosen.names)]
    faults = [f"{row.name}: {fault}" for row in mutants if (fault := row.fault(ROOT))]
    if faults or not mutants:
        print("\n".join(faults) or "no mutant has such a name")
        return 1
    with tempfile.TemporaryDirectory(prefix="fwsim-mutants-") as folder:
        first = copy_tree(Path(folder, "0"))
        started = time.monotonic()
        passed, said = first.test(sorted({test for row in mutants for test in row.tests}))
        print(f"{'passed' if passed else 'FAILED'}  {time.monotonic() - started:5.0f} s  without a change", flush=True)
        if not passed:
            print(said)
            return 1
        copies: queue.SimpleQueue[Copy] = queue.SimpleQueue()
        copies.put(first)
        for number in range(1, min(chosen.jobs, len(mutants))):
            copies.put(twin(first, Path(folder, str(number))))
        with ThreadPoolExecutor(chosen.jobs) as pool:
            killed = list(pool.map(lambda row: _try(row, copies), mutants))
    print(f"{sum(killed)} of {len(killed)} killed in {time.monotonic() - started:.0f} s")
    return 0 if all(killed) else 1


def _try(mutant: Mutant, copies: queue.SimpleQueue[Copy]) -> bool:
    copy = copies.get()
    started = time.monotonic()
    try:
        by = copy.kills(mutant)
    finally:
        copies.put(copy)
    verdict = f"by {by}" if by else "by none of " + " ".join(mutant.tests)
    took = time.monotonic() - started
    print(f"{'killed' if by else 'SURVIVED'}  {took:5.0f} s  {mutant.name}: {verdict}", flush=True)
    return bool(by)


if __name__ == "__main__":
    sys.exit(main())
