"""A guest reaches an MSI-X table that is vPCI's own, and the device beside it in the same page."""

from fwsim.running.arm import ArmRun
from tests.arm_code import CODE, elf, scenario

FUNCTION = """
[[host_function]]
slot = "08:00.0"
type = "endpoint"
vendor = 0x8086
device = 0x10d3
class = 0x020000
bars = ["mem 16K @ 0x50000000"]
capabilities = ["msix 8 bar 0 at 0x40 pba 0xc0"]
"""


def test_the_tables_page_is_answered_and_the_others_are_mapped(tmp_path):
    options = 'pci = ["08:00.0,backend=vpci"]'
    one = ArmRun(scenario(tmp_path, elf(CODE["msix"].data), FUNCTION, options))
    machine = one.built.machine
    before = machine.snapshot()
    for _ in range(2):
        assert one.post().reason == "completed"
        found = [machine.engine.get(name) for name in ("x4", "x5", "x7", "x8", "x9")]
        assert found == [0x10D38086, 1, 0x1_00004041, 0, 0]
        owner = one.built.topology.shown[0].owner
        assert owner.msix.entries[0].data == 0x4041
        machine.restore(before)
        assert owner.msix.entries[0].data == 0
