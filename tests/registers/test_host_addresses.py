"""The table of host addresses is one with the register database."""

from fwsim.registers.core import FUNCTIONS
from fwsim.registers.database import name_of
from fwsim.registers.families import families
from fwsim.registers.host_addresses import ROWS, rows_for


def test_every_row_is_a_register_of_the_database_or_named_as_unknown():
    """VLV_PCBR lies in the G unit's window, which the database does not describe."""
    for row in ROWS:
        space = "mmio" if row.space == "mmio" else "pci"
        address = row.offset + (0 if row.space == "mmio" else FUNCTIONS[row.space])
        for cpu in sorted(row.families):
            found = name_of(space, address, cpu)
            assert row.name == "VLV_PCBR" or (found is not None and found.address == address), (row.name, cpu)


def test_every_reader_and_row_has_a_source_and_families():
    for row in ROWS:
        assert row.source
        assert row.families
        for reader in row.readers:
            assert reader.source
            assert any(row.read_by(cpu) for cpu in row.families), (row.name, reader.who)


def test_one_row_an_offset_on_each_cpu():
    for family in families():
        places = [(row.space, row.offset) for row in rows_for(family.name)]
        assert len(places) == len(set(places)), family.name
