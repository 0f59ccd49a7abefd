"""A due timer tick waits natively while IF is clear, and comes once it is set."""

from fwsim.bench import runs
from fwsim.native import R_STEP, STOP_IRQ
from fwsim.trace.event import Actor, Space


def test_a_tick_that_interrupts_off_keep_waiting_costs_no_slices(tmp_path):
    """65 ms of reads with IF = 0, then as many with IF = 1: the tick comes where IF was set, not before."""
    reads = b"\xb9\xff\xff\xe4\x61\xe2\xfc"  # mov cx, FFFFh; in al, 61h; loop
    code = b"\xfa" + reads + b"\xfb" + reads + b"\xfa\xcb"
    data = bytearray(b"\x55\xaa\x01" + code).ljust(512, b"\0")
    data[-1] = -sum(data) & 0xFF
    path = tmp_path / "waiting.rom"
    path.write_bytes(data)
    record = runs.image(path).record
    ticks = [stretch.stop for stretch in record.stretches if stretch.stop.reason == STOP_IRQ]
    assert ticks[0].registers["eip"] == 3 + 1 + len(reads) + 1 + 3
    assert len(ticks) == 2  # due at 55 ms, held to 65 ms; and at 110 ms
    assert record.slices < 16


def test_ticks_keep_the_8254s_time(rig):
    """Counter 0 runs on: tick n is due at n times 65536 / 1,193,182 s, and comes before the next access or the one
    after it (8254 data sheet, mode 3: the count is loaded anew at its end, whenever the interrupt is served).
    """
    made = rig("fb" + 6 * "b9ffff e461 e2fc" + "cb")  # sti; six times 65,535 reads of port 61h
    assert made.post().reason == "completed"
    rows = made.events()
    step = int(made.machine.root[R_STEP])
    ticks = rows[(rows["space"] == Space.INTERRUPT) & (rows["actor"] == Actor.DEVICE)]["time_ns"].tolist()
    assert len(ticks) == 7
    for number, time in enumerate(ticks, 1):
        assert 0 <= time - number * 65536 * 10**9 // 1_193_182 <= 2 * step
