"""A due timer tick waits natively while IF is clear, and comes once it is set."""

from fwsim.bench import runs
from fwsim.native import STOP_IRQ


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
