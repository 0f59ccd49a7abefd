"""Our ROM's runs say what traces/ says, byte for byte; and the traces say what the arithmetic does."""

import json

import pytest
from golden import ARM, MATRIX, ROOT, lines

TRACES = ROOT / "traces"
HOST, BASE_92, BASE = 0xDBA00000, 0x80000000 - (17 + 34 << 20), 0x80000000 - (17 + 32 << 20)
"""Host BDSM; the guest's under 9.2 (GMS and GGMS: 34 MiB) and from 10.0 on (GMS: 32 MiB), by SeaBIOS's rule."""


@pytest.mark.parametrize("name", [*MATRIX, *ARM])
def test_a_run_gives_its_trace_again(tmp_path, name):
    assert "\n".join(lines(name, tmp_path)) + "\n" == (TRACES / f"{name}.jsonl").read_text()


def test_every_trace_belongs_to_a_run():
    assert sorted(path.stem for path in TRACES.glob("*.jsonl")) == sorted([*MATRIX, *ARM])
    text = (TRACES / "README.md").read_text()
    assert all(f"{name}.jsonl" in text for name in (*MATRIX, *ARM))


def entry(base, page):
    """The GTT entry of ``page`` in stolen memory at ``base``: address and valid bit (gen 6, all below 4 GiB)."""
    return base + 0x1000 * page | 1


ROM_WRITES = {  # stolen base as the ROM had it, what is added on the way
    "posted-9.2": (HOST, BASE_92 - HOST),
    "posted-10.0": (HOST, 0),
    "posted-next": (BASE, 0),
    "posted-ranged": (HOST, BASE - HOST),
    "pristine-9.2": (BASE_92, BASE_92 - HOST),
    "pristine-10.0": (BASE, 0),
    "pristine-next": (BASE, 0),
    "pristine-ranged": (BASE, 0),
}


@pytest.mark.parametrize("name", list(MATRIX))
def test_entries_are_what_the_arithmetic_says(name):
    """Entry n is at GTT offset 4n; QEMU to 9.2 adds guest - host whatever the entry is, in 32 bits."""
    base, moved = ROM_WRITES[name]
    events = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    written = [event for event in events if event.get("space") == "gtt" and event["actor"] == "rom"]
    assert [int(event["address"], 0) for event in written] == [0, 4, 4 * 253, 4 * 254]
    for event, page in zip(written, (0, 1, 253, 254), strict=True):
        assert int(event["aux"], 0) == entry(base, page)
        assert int(event["value"], 0) == entry(base, page) + moved & 0xFFFFFFFF
        assert ("rewritten" in event["flags"]) == bool(moved)
