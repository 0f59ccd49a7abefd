"""What a ROM's GTT writes must become under each hypervisor: the sums done by hand, one row each.

Host stolen memory H = DBA00000h. Guest of 2 GiB under SeaBIOS 1.16.2: 16 MiB of high memory at the top, then BDSM at
the next MiB below that leaves room for some 88 KiB more: G = 80000000h - 17 MiB - size = 7EF00000h - size.
Size offered (QEMU hw/vfio/igd.c): 5.0 the GTT's stolen memory alone, 9.2 that and the data's, 10.0 on the data's alone.
gen 6 and 7, GGC 0209h: bits 9:8 = 2 -> 2 MiB of GTT, bits 7:3 = 1 -> 32 MiB. gen 9, GGC 0x0200 | 0xC0: see each row.

A pristine image reads BDSM (the guest's, G) and caches it; a posted one has H in its cache and never asks again.
The rewrite up to 9.2 writes value - H + G, whatever the value is: H + n becomes G + n, but G + n becomes 2G - H + n.
"""

from dataclasses import dataclass
from pathlib import Path

from fwsim.results.folder import RunDir
from fwsim.results.summary import Summary
from fwsim.running.pipeline import run
from fwsim.scenario.model import Call, Guest, Host, Hypervisor, Rom, Scenario

H = 0xDBA00000
MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Row:
    """One hypervisor and source; the first entry as the ROM wrote it, as it reached the device, and where it points."""

    name: str
    source: str
    bdsm: int
    value: int
    written: int
    target: str

    @property
    def hypervisor(self) -> Hypervisor:
        if self.name == "ranged":
            return Hypervisor(kind="ranged")
        return Hypervisor(kind="qemu", profile=self.name)

    @property
    def rewritten(self) -> bool:
        return self.value != self.written


def scenario(
    rom: Path, cpu: str, hypervisor: Hypervisor, *, source="file", ram="2G", device_id=None, mode=0x105, **host
):
    """A host of ``cpu``, its stolen memory at H unless ``bdsm`` says otherwise; then 4F02 of ``mode``, linear.

    The ROM's id is made the device's: our own names one, and lists the others.
    """
    facts = {"cpu": cpu, "bdsm": H, **host} | ({"device_id": device_id} if device_id else {})
    sizes = {"2G": 2 << 30, "4M": 4 << 20}
    return Scenario(
        host=Host(**facts), hypervisor=hypervisor, guest=Guest(ram=sizes[ram]),
        rom=Rom(file=str(rom), source=source, fix_ids=True),
        call=(Call(ax=0x4F02, bx=mode | 0x4000),),
    )  # fmt: skip


def ran(made: Scenario, folder: Path) -> tuple[Summary, RunDir]:
    """The run of ``made`` in ``folder``."""
    out = RunDir.create(folder / "out")
    return run(made, out), out


# gen 6 and 7: 5.0 offers 2 MiB (G = 7ED00000h), 9.2 2 + 32 (7CD00000h), the others 32 (7CF00000h).
#   5.0 pristine: 2 * 7ED00000h - DBA00000h = 22000000h, RAM that the guest uses; 9.2: 2 * 7CD00000h - H = 1E000000h.
GEN6 = (
    Row("5.0", "file", 0x7ED00000, 0x7ED00001, 0x22000001, "guest_ram"),
    Row("5.0", "shadow", 0x7ED00000, 0xDBA00001, 0x7ED00001, "guest_stolen"),
    Row("9.2", "file", 0x7CD00000, 0x7CD00001, 0x1E000001, "guest_ram"),
    Row("9.2", "shadow", 0x7CD00000, 0xDBA00001, 0x7CD00001, "guest_stolen"),
    Row("10.0", "file", 0x7CF00000, 0x7CF00001, 0x7CF00001, "guest_stolen"),
    Row("10.0", "shadow", 0x7CF00000, 0xDBA00001, 0xDBA00001, "host_stolen"),
    Row("next", "file", 0x7CF00000, 0x7CF00001, 0x7CF00001, "guest_stolen"),
    Row("next", "shadow", 0x7CF00000, 0x7CF00001, 0x7CF00001, "guest_stolen"),  # its cache was cleared: it asks again
    Row("ranged", "file", 0x7CF00000, 0x7CF00001, 0x7CF00001, "guest_stolen"),
    Row("ranged", "shadow", 0x7CF00000, 0xDBA00001, 0x7CF00001, "guest_stolen"),
)
# gen 9, GGC 02C1h: bits 7:6 = 3 -> 8 MiB of GTT, bits 15:8 = 2 -> 64 MiB. 5.0 offers 8 (G = 7E700000h), 9.2 8 + 64
# (7A700000h), the others 64 (7AF00000h). 2 * 7E700000h - H = 21400000h, 2 * 7A700000h - H = 19400000h.
GEN9 = (
    Row("5.0", "file", 0x7E700000, 0x7E700001, 0x21400001, "guest_ram"),
    Row("5.0", "shadow", 0x7E700000, 0xDBA00001, 0x7E700001, "guest_stolen"),
    Row("9.2", "file", 0x7A700000, 0x7A700001, 0x19400001, "guest_ram"),
    Row("9.2", "shadow", 0x7A700000, 0xDBA00001, 0x7A700001, "guest_stolen"),
    Row("10.0", "file", 0x7AF00000, 0x7AF00001, 0x7AF00001, "guest_stolen"),
    Row("10.0", "shadow", 0x7AF00000, 0xDBA00001, 0xDBA00001, "host_stolen"),
    Row("next", "file", 0x7AF00000, 0x7AF00001, 0x7AF00001, "guest_stolen"),
    Row("next", "shadow", 0x7AF00000, 0x7AF00001, 0x7AF00001, "guest_stolen"),
    Row("ranged", "file", 0x7AF00000, 0x7AF00001, 0x7AF00001, "guest_stolen"),
    Row("ranged", "shadow", 0x7AF00000, 0xDBA00001, 0x7AF00001, "guest_stolen"),
)


def check_row(row: Row, summary: Summary, step: int) -> None:
    """255 entries: the bridge's GGC reads 0 to a guest, which the ROM takes for 1 MiB, and it leaves out the last page.

    ``step`` is an entry's bytes. 1024 x 768 at 8 bits takes 192 of the pages: read once by the display, written once.
    """
    gtt = summary.gtt
    assert summary.stop.reason == "completed"
    assert summary.firmware.bdsm == row.bdsm
    assert gtt.writes == 255 * step // 4
    assert gtt.rewritten == (255 if row.rewritten else 0)
    assert (gtt.first.index, gtt.first.value, gtt.first.written) == (1, row.value, row.written)
    assert gtt.last.index == 254 * step + 1 + (step - 4)
    high = step == 8  # its last dword is the upper one
    assert gtt.last.value == (0 if high else row.value + 254 * 4096)
    assert gtt.last.written == (0 if high else row.written + 254 * 4096)
    counts = {"guest_stolen": 0, "host_stolen": 0, "guest_ram": 0, "unmapped": 0, "silent": 0} | {row.target: 255}
    assert {name: getattr(gtt.targets, name) for name in counts} == counts
    assert [(call.result_ax, call.ok) for call in summary.calls] == [(0x004F, True)]
    lost = 192 if row.target == "host_stolen" else 0
    assert summary.iommu.faults == 2 * lost
    assert summary.iommu.by_reason == ({"5": lost, "6": lost} if lost else {})
    assert [screen.unreadable_pages for screen in summary.display] == [lost]


def check_aborted(summary: Summary) -> None:
    """QEMU's message and register dump, and the fatal write, which did not reach the device."""
    stop, first = summary.stop, summary.gtt.first
    assert stop.reason == "aborted"
    assert stop.detail.startswith(
        "Guest attempted to program IGD GTT before BIOS reserved stolen memory.  Unsupported BIOS?\nCPU #0:\n"
    )
    assert f"EAX={first.registers['eax']:08x} EBX={first.registers['ebx']:08x}" in stop.detail
    assert (stop.cs, stop.ip) == (first.registers["cs"], first.registers["eip"])
    assert (first.index, first.value, first.written) == (1, 0x00000001, None)  # BDSM still reads 0
    assert (summary.firmware.bdsm, summary.calls, summary.display) == (0, [], [])
