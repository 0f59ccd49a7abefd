"""fwsim does what real firmware, hypervisors and kernels were seen, or read, to do. One test for each file's system.

The folder is $FWSIM_ORACLE, tests/data/oracle by default; every .json and .json.gz in it is read. A vector names its
system and case; the row of ``ADAPTERS`` that fits turns its ``in`` into an answer of the same form as its ``expect``.
"""

import gzip
import json
import os
import re
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "oracle"))

from oracle_adapters import ADAPTERS  # noqa: E402

FOLDER = Path(os.environ.get("FWSIM_ORACLE") or HERE / "data" / "oracle")
_HEX = re.compile(r"-?0x[0-9a-fA-F]+")


def load(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        return json.load(stream)


def groups():
    """The vectors of each file, by their system."""
    for path in sorted([*FOLDER.glob("*.json"), *FOLDER.glob("*.json.gz")]):
        found = {}
        for vector in load(path):
            found.setdefault(vector["system"], []).append(vector)
        for system, vectors in found.items():
            yield pytest.param(vectors, id=f"{path.name.partition('.')[0]}-{system}")


def adapter_for(system, case):
    """The most specific row: the longest system prefix, then the longest case prefix."""
    rows = [row for row in ADAPTERS if system.startswith(row[0]) and case.startswith(row[1])]
    if not rows:
        pytest.fail(f"no adapter for system {system!r}, case {case!r}")
    return max(rows, key=lambda row: (len(row[0]), len(row[1])))[2]


def plain(value):
    """``value`` with hex strings as the integers they mean and tuples as lists: 0x0c and 0xC are the same."""
    if isinstance(value, str):
        return int(value, 16) if _HEX.fullmatch(value) else value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("vectors", list(groups()))
def test_vectors(vectors):
    """Every one is asked; those that differ are named, with what was answered and what is expected."""
    differing, skipped = {}, {}
    for number, vector in enumerate(vectors):
        name, expect = vector.get("id", number), vector["expect"]
        try:
            answer = adapter_for(vector["system"], vector.get("case") or "")(vector)
        except pytest.skip.Exception as why:
            skipped[name] = str(why)
            continue
        except Exception as error:
            differing[name] = repr(error)
            continue
        found, wanted = plain({key: answer.get(key, "no answer") for key in expect}), plain(expect)
        if found != wanted:
            differing[name] = [(key, found[key], wanted[key]) for key in wanted if found[key] != wanted[key]]
    assert not differing, "\n".join(f"{name}: {what}" for name, what in differing.items())
    if skipped:
        pytest.skip(f"{len(skipped)} of {len(vectors)}: {next(iter(skipped.values()))}")
