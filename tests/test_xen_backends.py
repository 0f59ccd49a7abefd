"""Each device that xl.cfg's ``pci`` assigns has a backend of its own: who answers for it, beside the IGD's."""

from pathlib import Path

import pytest

from fwsim.results.folder import RunDir
from fwsim.running.pipeline import run
from fwsim.scenario.load import loads

EXAMPLE = Path(__file__).parents[1] / "examples" / "xen-mmconfig.toml"
HOST = """
[[host_function]]
slot = "00:02.0"
[[host_function]]
slot = "00:1c.0"
type = "root-port"
[[host_function]]
slot = "03:00.0"
type = "endpoint"
behind = "00:1c.0"
vendor = 0x8086
device = 0x10d3
class = 0x020000
[[function]]
slot = "00:06.0"
vendor = 0x8086
device = 0x10d3
class = 0x020000
bars = ["mem 128K"]
host = "03:00.0"
"""


def answers(tmp_path, igd, nic):
    text = EXAMPLE.read_text().replace(
        "[hypervisor.options]", f'[hypervisor.options]\npci = ["00:02.0,backend={igd}", "03:00.0,backend={nic}"]'
    )
    text = text.replace('config_space = "outdated"', 'config_space = "told"') + HOST
    with RunDir.create(tmp_path / "run") as out:
        summary = run(loads(text, "test", EXAMPLE.parent), out)
    assert summary.stop.reason == "completed"
    servers = {each.name: each.functions for each in summary.config_space.servers}
    who = {(each.way, each.who, each.form) for each in summary.config_space.answers if each.function == "00:06.0"}
    assert not any(each.lost for each in summary.config_space.answers if each.function == "00:06.0")
    return servers, who


@pytest.mark.parametrize("backend", ["xenpt", "qemu"])
def test_the_device_models(tmp_path, backend):
    servers, who = answers(tmp_path, "vpci", backend)
    assert servers["Xen"] == ["00:02.0"]
    assert "00:06.0" in servers["qemu"]
    assert {name for _, name, _ in who} == {"qemu"}
    assert ("ECAM", "qemu", "MMIO") in who


def test_vpcis(tmp_path):
    servers, who = answers(tmp_path, "xenpt", "vpci")
    assert servers["Xen"] == ["00:06.0"]
    assert "00:02.0" in servers["qemu"]
    assert {name for _, name, _ in who} == {"Xen"}
    assert ("ECAM", "Xen", "config request") in who
