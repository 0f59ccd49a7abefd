"""The table of changes that ``make mutants`` makes still fits the code."""

from mutants import ROOT, rows


def test_every_change_can_be_made():
    assert {row.name: fault for row in rows() if (fault := row.fault(ROOT))} == {}


def test_every_change_is_one_and_has_a_name_of_its_own():
    assert len({row.name for row in rows()}) == len(rows()) == len({(row.file, row.old, row.new) for row in rows()})
    assert all(row.old != row.new for row in rows())
