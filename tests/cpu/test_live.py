"""The engine's registers, read in place: what is found is what the engine says, and a wrong place is an error."""

import ctypes

import pytest
from engine_bench import Bench

from fwsim.cpu import live as module
from fwsim.cpu.live import live
from fwsim.errors import FwsimError
from fwsim.native import R_AT_CS, R_AT_IP, R_GENERAL, R_GENERAL_COUNT, STOP_NONE

NUMBERED = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")


def in_memory(bench: Bench) -> tuple[list[int], int, int]:
    """General registers, IP and CS where the root block says that they are."""
    root = bench.root
    general = ctypes.c_uint64 * int(root[R_GENERAL_COUNT])
    return (
        list(general.from_address(int(root[R_GENERAL]))),
        ctypes.c_uint64.from_address(int(root[R_AT_IP])).value,
        ctypes.c_uint16.from_address(int(root[R_AT_CS])).value,
    )


@pytest.mark.parametrize("mode", ["real", "every", "long"])
def test_registers_are_where_native_code_reads_them(mode):
    bench = Bench(mode)
    wide = mode != "real"
    names = [("r" if wide else "e") + name for name in NUMBERED] + [f"r{number}" for number in range(8, 16) if wide]
    values = [0x11110000 + number for number in range(len(names))]
    for name, value in zip(names, values, strict=True):
        bench.engine.set(name, value)
    bench.engine.set("rip" if wide else "eip", 0x2345678)
    assert in_memory(bench)[:2] == (values, 0x2345678)
    bench.recorder.close()


def test_what_code_does_is_seen_in_place():
    """mov ecx, 12345678h; hlt at 1200:0010."""
    bench = Bench()
    bench.ram.write(0x12010, bytes.fromhex("66b978563412f4"))
    bench.engine.set("cs", 0x1200)
    bench.engine.set("eip", 0x10)
    assert bench.engine.run() == STOP_NONE
    general, ip, code = in_memory(bench)
    assert (general[1], ip, code) == (0x12345678, 0x17, 0x1200)
    bench.recorder.close()


def test_the_search_leaves_the_registers_as_they_were():
    bench = Bench()
    for name, value in (("eax", 5), ("edi", 6), ("eip", 0x700)):
        bench.engine.set(name, value)
    live(bench.engine.uc, bench.engine.inner)
    assert [bench.engine.get(name) for name in ("eax", "edi", "eip")] == [5, 6, 0x700]
    bench.recorder.close()


@pytest.mark.parametrize("chain", [(0, 0), (8, 0), (440, 0), (1 << 20, 1 << 40)])
def test_another_unicorn_is_refused(chain, monkeypatch):
    """Where the pointers lead elsewhere, or nowhere at all, no machine is built."""
    bench = Bench()
    monkeypatch.setattr(module, "_chain", lambda: chain)
    with pytest.raises(FwsimError, match="another way") as caught:
        live(bench.engine.uc, bench.engine.inner)
    assert "unicorn" in str(caught.value.found)
    bench.recorder.close()
