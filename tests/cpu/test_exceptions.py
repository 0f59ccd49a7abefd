"""Which exception carries an error code, and how each is named."""

import pytest

from fwsim.cpu.exceptions import Event, describe


@pytest.mark.parametrize("vector", range(32))
def test_error_codes(vector):
    """SDM vol. 3, table 6-1: #DF, #TS, #NP, #SS, #GP, #PF, #AC."""
    assert Event(vector).pushes_error == (vector in (8, 10, 11, 12, 13, 14, 17))
    assert not Event(vector, software=True).pushes_error
    assert not Event(vector, external=True).pushes_error


def test_names():
    assert describe(0) == "divide error (#DE)"
    assert describe(13) == "general protection fault (#GP)"
    assert describe(31) == "CPU exception 31"
