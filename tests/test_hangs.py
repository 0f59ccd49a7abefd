"""Whole runs of small ROMs that hang, draw where they may not, or map more than there is: what the summary says."""

import pytest
from analysis_runs import made
from handmade import rom

from fwsim.analysis.gave_up import explain_stop, why_it_gave_up
from fwsim.analysis.why import explain
from fwsim.results.folder import RunDir

LPC_DID = "66b802f80080 baf80c 66ef bafe0c ed"  # CF8 = 8000F802h, then in ax from CFEh
JUMP, HALT = "ebfe", "fa f4"


def run_of(tmp_path, code, more=""):
    """A run of ``code``, at C000:0100, and its folder."""
    (tmp_path / "small.rom").write_bytes(rom(bytes.fromhex(code) if isinstance(code, str) else code))
    text = f'[rom]\nfile = "{tmp_path / "small.rom"}"\n{more}'
    return RunDir.open(made(tmp_path / "run", text))


def told(folder):
    """The summary as ``fwsim run`` writes it."""
    summary = folder.summary()
    explain_stop(folder.scenario(), summary)
    return summary


GAVE_UP = {
    # in ax = LPC id / cmp ax,0A305h / je +2 / give up / write port 80h, return
    "an id": (f"{LPC_DID} 3d05a3 7402 {JUMP} e680 cb", "lpc_id = 0xa2c9", "LPC_DID 0xa2c9", "0xa305"),
    "an id, in a HLT": (f"{LPC_DID} 3d05a3 7402 {HALT} e680 cb", "lpc_id = 0xa2c9", "LPC_DID 0xa2c9", "0xa305"),
    # any id but that one: of those that are known, A2C5h (Z270) is the nearest
    "any other id": (f"{LPC_DID} 3dc9a2 7502 {JUMP} e680 cb", "lpc_id = 0xa2c9", "LPC_DID 0xa2c9", "0xa2c5"),
    # a table of three ids at C000:0180, searched by REPNE SCASW
    "a table of ids": (
        f"{LPC_DID} 0e07 bf8001 b90300 fc f2af 7402 {JUMP} e680 cb", "lpc_id = 0x2918", "LPC_DID 0x2918", "0x8c4f",
    ),
    # port 300h reads all ones: bit 2 must be clear; the value goes by the stack and a call
    "a bit of a port": (f"ba0003 ec 50 e80700 58 e680 cb 909090 a804 7402 {JUMP} c3", "", "port 0x300 0xff", "0xfb"),
    # GGC's word at 00:00.0 @50h, which QEMU does not copy from the host, compared with what no id list has
    "a constant": (
        f"66b850000080 baf80c 66ef bafc0c ed 3d3412 7402 {JUMP} e680 cb", "", "GGC 0x0", "0x1234",
    ),
}  # fmt: skip
"""Code, a field of the host, what was read, and the value with which it goes on."""


def code_of(name, text):
    code = bytes.fromhex(text)
    return code.ljust(0x80, b"\x90") + bytes.fromhex("4f8c 559c 5a9d") if name == "a table of ids" else code


@pytest.mark.parametrize("name", GAVE_UP)
def test_what_made_it_give_up(tmp_path, name):
    code, host, read, other = GAVE_UP[name]
    folder = run_of(tmp_path, code_of(name, code), f"[host]\n{host}\n")
    before = folder.summary()
    assert before.stop.reason == "hung"
    summary = told(folder)
    said = f"it read {read} and gave up; with {other} it goes on"
    assert summary.stop.detail == f"{before.stop.detail}; {said}"
    assert summary.hangs[-1].detail == summary.stop.detail
    check = next(check for check in summary.checks if check.id == "rom-finished")
    assert not check.ok
    assert check.detail.endswith(said)


def test_that_value_leads_on_indeed(tmp_path):
    folder = run_of(tmp_path, GAVE_UP["an id"][0], "[host]\nlpc_id = 0xa305\n")
    assert folder.summary().stop.reason == "completed"
    assert why_it_gave_up(folder.scenario(), folder.summary()) is None


def test_two_inputs_are_wrong(tmp_path):
    """The first is found; with it the ROM goes further, and gives up at the second."""
    second = "ba0003 ec a804 7402"
    code = f"{LPC_DID} 3d05a3 7402 {JUMP} {second} {JUMP} cb"
    found = why_it_gave_up((folder := run_of(tmp_path, code, "[host]\nlpc_id = 0xa2c9\n")).scenario(), folder.summary())
    assert found.text == "it read LPC_DID 0xa2c9 and gave up; with 0xa305 it gets further, and hangs later"


def test_giving_up_without_an_input(tmp_path):
    folder = run_of(tmp_path, f"b001 3c02 7402 {JUMP} cb")
    assert why_it_gave_up(folder.scenario(), folder.summary()) is None
    assert told(folder).stop.detail == "a jump to itself: the ROM gave up here"


def test_why_hang_tells_it(tmp_path):
    code, host, read, other = GAVE_UP["an id"]
    lines = explain(run_of(tmp_path, code, f"[host]\n{host}\n"), "hang").lines()
    assert "config 00:1f.0 @0x02 read 0xa2c9 (LPC_DID" in lines[0]
    assert lines[-1].endswith(f"it read {read} and gave up; with {other} it goes on")


def test_code_that_leaves_the_rom_is_said(tmp_path):
    """INT 10h's vector leads to 0:7000h, where a jump to itself is."""
    code = "31c0 8ed8 c70640000070 a34200 c7060070ebfe b80300 cd10 cb"
    assert run_of(tmp_path, code).summary().stop.detail == (
        "a jump to itself: the ROM gave up here; the code left the ROM: it ran at 0x7000, conventional memory; "
        "interrupt vectors lead out of it: INT 10h to 0x7000"
    )


def test_code_in_the_rom_and_in_the_bios_is_at_home(tmp_path):
    assert "left the ROM" not in run_of(tmp_path, JUMP).summary().stop.detail


# --- a frame buffer in the guest's own memory -------------------------------------------------------------------------

# init: INT 10h to C000:0112. handler: 4F01 writes attributes 9Bh, 64x64, 32 bits, pitch 256, PhysBasePtr; AX=4Fh
INIT = "1e 31c0 8ed8 c70640001201 8c0e4200 1f cb 9090"
INFO = (
    "3d014f 7526 26c7059b00 26c745100001 26c745124000 26c745144000 26c6451920 2666c74528{base} 90 b84f00 cf"
).replace(" ", "")  # fmt: skip
CALLS = "[[call]]\nax = 0x4f01\ncx = 0x118\n[[call]]\nax = 0x4f02\nbx = 0x4118\n[[call]]\nax = 0x4f03\n"


def vbe(base):
    """A ROM whose 4F01 names ``base`` as the frame buffer."""
    return bytes.fromhex(INIT + INFO.format(base=base.to_bytes(4, "little").hex()))


@pytest.mark.parametrize(
    ("base", "used"),
    [
        (0, "the interrupt vector table"),
        (0x8000, "conventional memory"),
        (0x200000, "RAM that the guest uses"),
    ],
)
def test_a_frame_buffer_in_memory_that_is_used_is_never_painted(tmp_path, base, used):
    summary = run_of(tmp_path, vbe(base), CALLS).summary()
    assert summary.stop.reason == "completed"
    assert [call.ok for call in summary.calls] == [True] * 3  # the vectors are still there
    assert summary.calls[0].detail == f"64x64x32, pitch 256, at {base:#x}, {used}"
    assert summary.calls[1].undrawn == f"frame buffer at {base:#x}, {used}: not drawn"
    assert [check.id for check in summary.failed] == ["frame-buffer", "screens-complete"]  # no pipe is on either


def test_a_frame_buffer_in_the_aperture_is_painted(tmp_path):
    summary = run_of(tmp_path, vbe(0xE0000000), CALLS).summary()
    assert [call.undrawn for call in summary.calls] == [""] * 3
    assert "frame-buffer" not in {check.id for check in summary.checks}


# --- entries that nothing needs ---------------------------------------------------------------------------------------

BAR4 = "66b820100080 baf80c 66ef bafc0c 66ed 24fc 92"
WINDOW = "bace03 b81001 ef b800a0 8ec0 26c606000055"  # GR10 = 1: A0000 shows entry 0's page; one byte is written


def entry(number, value):
    """Write a GTT entry of gen 6 by the I/O BAR, which DX has."""
    words = [(4 * number | 1).to_bytes(4, "little").hex(), value.to_bytes(4, "little").hex()]
    return f"66b8{words[0]} 66ef 83c204 66b8{words[1]} 66ef 83ea04"


def entries(tmp_path, *written, window=WINDOW):
    code = BAR4 + "".join(entry(*each) for each in written) + window + "cb"
    summary = run_of(tmp_path, code).summary()
    return summary.gtt, {check.id: check for check in summary.checks}


STOLEN, PAGES = 0x7CF00001, 0x2000  # 32 MiB below 2 GiB


def test_entries_past_the_end_that_nothing_uses_do_no_harm(tmp_path):
    gtt, checks = entries(tmp_path, (0, STOLEN), (PAGES, 0x7EF00001), (PAGES + 1, 0x90000001))
    assert (gtt.targets.guest_stolen, gtt.targets.guest_ram, gtt.targets.unmapped) == (1, 1, 1)
    assert (gtt.spare.guest_stolen, gtt.spare.guest_ram, gtt.spare.unmapped) == (0, 1, 1)
    inside, harmless = checks["gtt-guest-stolen"], checks["gtt-no-corruption"]
    assert inside.ok
    assert inside.detail == (
        "1 of 3 entries in 0x7cf00000-0x7eefffff; 1 from entry 0x2000 on, past its end, are never used"
    )
    assert harmless.ok
    assert "1 from entry 0x2000 on, past its end, are never used" in harmless.detail


def test_an_entry_before_the_end_matters_used_or_not(tmp_path):
    gtt, checks = entries(tmp_path, (0, STOLEN), (PAGES - 1, 0x90000001))
    assert gtt.spare.unmapped == 0
    assert not checks["gtt-guest-stolen"].ok


def test_an_entry_past_the_end_that_is_used_matters(tmp_path):
    """INT 15h AH=87h copies a word to E2000000, 32 MiB into the aperture; the descriptors are at 0:7000h."""
    descriptors = [(0x7012, 0x7000), (0x7014, 0x9300), (0x701A, 0x0000), (0x701C, 0x9300), (0x701E, 0xE200)]
    store = (
        "31c0 8ed8 8ec0 be0070"
        + "".join(
            f"c706{at.to_bytes(2, 'little').hex()}{value.to_bytes(2, 'little').hex()}" for at, value in descriptors
        )
        + "c6061c7000 b90100 b487 cd15"
    )
    gtt, checks = entries(tmp_path, (0, STOLEN), (PAGES, 0x90000001), window=store)
    assert gtt.spare.unmapped == 0
    assert not checks["gtt-guest-stolen"].ok


def test_where_nothing_was_shown_every_entry_counts(tmp_path):
    gtt, checks = entries(tmp_path, (0, STOLEN), (PAGES, 0x90000001), window="")
    assert gtt.spare.unmapped == 0
    assert not checks["gtt-guest-stolen"].ok
