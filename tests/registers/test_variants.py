import pytest

from fwsim.errors import FwsimError
from fwsim.registers.variants import describe, expand, selected


def test_ranges():
    assert expand("6") == {"sandybridge"}
    assert expand("6-7") == {"sandybridge", "ivybridge", "haswell", "baytrail"}
    assert expand("7,!vlv") == {"ivybridge", "haswell"}
    assert expand("12") == {"tigerlake", "rocketlake", "alderlake", "raptorlake"}
    assert expand("13") == {"alderlake-p", "meteorlake"}
    assert "meteorlake" in expand("9-")
    assert expand("865,915") == {"865", "915"}


def test_selected():
    assert selected(6) == {"sandybridge"}
    assert selected("HASWELL") == {"haswell"}
    assert len(selected(None)) == 33
    with pytest.raises(FwsimError, match="generation"):
        selected(14)


def test_a_term_that_means_nothing():
    with pytest.raises(FwsimError, match="not a generation range"):
        expand("7,sandybrige")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("3-9", "3-9"), ("11-,!meteorlake", "11-12, alderlake-p"), ("vlv", "baytrail, cherryview"), ("6,8-9", "6, 8-9"),
     ("2-", "2-13")],
)  # fmt: skip
def test_describe(text, shown):
    assert describe(expand(text)) == shown
