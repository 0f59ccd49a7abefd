"""fwsim does what real firmware, hypervisors and kernels were seen, or read, to do. One test for each vector.

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


def vectors():
    for path in sorted([*FOLDER.glob("*.json"), *FOLDER.glob("*.json.gz")]):
        for vector in load(path):
            yield pytest.param(vector, id=str(vector.get("id", "unnamed")))


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


@pytest.mark.parametrize("vector", list(vectors()))
def test_vector(vector):
    expect = vector["expect"]
    answer = adapter_for(vector["system"], vector.get("case") or "")(vector)
    missing = expect.keys() - answer.keys()
    assert not missing, f"the adapter has no answer for {sorted(missing)}"
    assert plain({key: answer[key] for key in expect}) == plain(expect)
