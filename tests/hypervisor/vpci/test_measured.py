"""vPCI's own code, compiled and driven at random, and ours: the same answers, mappings and lines at every step.

``tests/data/vpci_measured.json`` says of itself how it was measured.
"""

import json
from pathlib import Path

import pytest

from fwsim.hypervisor.vpci.domain import Domain
from fwsim.hypervisor.vpci.function import VpciFunction
from fwsim.hypervisor.vpci.host import HostBar, HostDevice
from fwsim.hypervisor.vpci.rules import Rules

RUNS = json.loads((Path(__file__).parents[2] / "data" / "vpci_measured.json").read_text())["runs"]


def pages(domain):
    """[guest page, host page, pages], neighbours joined."""
    joined = []
    for each in domain.stage2.mappings:
        row = [each.guest >> 12, each.host >> 12, each.size >> 12]
        if joined and joined[-1][0] + joined[-1][2] == row[0] and joined[-1][1] + joined[-1][2] == row[1]:
            joined[-1][2] += row[2]
        else:
            joined.append(row)
    return joined


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["build"])
def test_every_step_is_xens(run):
    """The measured build has no handlers for ids; a crash is Xen's own function, so its lines are not in the data."""
    said = []
    rules = Rules(arm=run["build"] != "x86", msi=run["build"] != "arm", ids=False)
    domain = Domain(rules, said.append)
    functions = []
    for row in run["functions"]:
        space = bytes.fromhex(row["config"]).ljust(0x1000 if row["extended"] else 0x100, b"\0")
        bars = tuple(HostBar(*bar) for bar in row["bars"])
        functions.append(VpciFunction(HostDevice(row["sbdf"], space, bars), domain))
    assert said == run["said"]
    mapped = []
    for step in run["steps"]:
        said.clear()
        if "read" in step:
            which, offset, width = step["read"]
            assert functions[which].read(0, offset, width) == step["value"], step
        else:
            which, offset, width, value = step["write"]
            functions[which].write(0, offset, width, value)
            assert functions[which].command == step["command"], step
        mapped = step.get("mapped", mapped)
        assert pages(domain) == mapped, step
        assert [line for line in said if "crashed" not in line and "domain_crash" not in line] == step.get("said", [])
        assert bool(domain.crashed) == step.get("crashed", False), step
