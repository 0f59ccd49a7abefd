import numpy as np
import pytest

from fwsim.trace.describe import COLUMNS, address_text, enum_name, flags_of, line, pci_text, rows
from fwsim.trace.event import EVENT


@pytest.mark.parametrize(
    ("space", "address", "text"),
    [("pci", 0x1005E, "00:02.0 @0x5E"), ("pci", 0xF8000, "00:1f.0 @0x00"), ("pci", 0x0320_3FFC, "32:00.3 @0xFFC"),
     ("interrupt", 0x15, "int 15h"), ("gtt", 0x7FF8, "0x7ff8 [0x7ff9]"), ("port", 0x3DA, "0x03da"),
     ("mmio", 0x70180, "0x70180"), ("memory", 0xDBA00000, "0xdba00000")],
)  # fmt: skip
def test_addresses_as_their_space_writes_them(space, address, text):
    assert address_text(space, address) == text


def test_bus_0x32():
    assert pci_text(0x32 << 20 | 0x1F << 15 | 7 << 12 | 0x10) == "32:1f.7 @0x10"


def test_what_no_name_is_known_for_is_shown_all_the_same():
    assert enum_name("actor", 99) == "99"
    assert flags_of(0x8001) == ["rewritten", "0x8000"]
    assert "99" in line((1, 0, 99, 0, 0, 98, 97, 4, 0x10, 1, 1, 0))


def test_rows_have_every_column_and_no_numpy():
    events = np.zeros(1, dtype=EVENT)
    events["seq"], events["address"], events["flags"] = 1, 2**64 - 1, 3
    row = rows(events)[0]
    assert tuple(row) == COLUMNS
    assert set(COLUMNS) == set(EVENT.names)
    assert (row["seq"], row["address"], row["flags"], row["actor"]) == (1, 2**64 - 1, ["rewritten", "emulated"], "rom")
    assert type(row["seq"]) is int
