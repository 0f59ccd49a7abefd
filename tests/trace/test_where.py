import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT
from fwsim.trace.where import compile_where

# seq, actor, space, op, width, address, value, aux, flags
ROWS = [
    (1, 0, 0, 1, 4, 0xCF8, 0x8000105C, 0x8000105C, 0),
    (2, 0, 2, 0, 2, 0x1005E, 0xDBA0, 0xDBA0, 2),
    (3, 0, 4, 1, 4, 0, 0xBD700001, 0xDBA00001, 1 | 64),
    (4, 1, 6, 2, 0, 0x10, 0x4F02, 0, 0),
    (5, 4, 5, 0, 4, 0xDBA00000, 0, 0, 8),
    (6, 2, 4, 4, 0, 0, 2**64 - 1, 2**64 - 1, 4),
]


def events() -> np.ndarray:
    array = np.zeros(len(ROWS), dtype=EVENT)
    for column, values in zip(
        ("seq", "actor", "space", "op", "width", "address", "value", "aux", "flags"),
        zip(*ROWS, strict=True),
        strict=True,
    ):
        array[column] = values
    array["cs"], array["ip"], array["time_ns"] = 0xC000, array["seq"] * 2, array["seq"] * 1000
    return array


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("space == gtt", [3, 6]), ("space==gtt", [3, 6]), ("SPACE == GTT", [3, 6]), ("space != gtt", [1, 2, 4, 5]),
        ("space == gtt and flags has rewritten", [3]), ("flags has 65", [3]), ("flags == 0", [1, 4]),
        ("not flags has rewritten", [1, 2, 4, 5, 6]),
        ("space == 4", [3, 6]), ("space in (gtt, pci)", [2, 3, 6]), ("space in gtt", [3, 6]),
        ("seq in (1, 3..5)", [1, 3, 4, 5]),
        ("seq in 0b10..0o4", [2, 3, 4]), ("value == 0xdba0", [2]), ("value == 56_224", [2]), ("seq > 4", [5, 6]),
        ("seq >= 4", [4, 5, 6]),
        ("seq < 2", [1]), ("seq <= 2", [1, 2]), ("value != aux", [3, 4]), ("value == aux and op == write", [1]),
        ("actor == rom or actor == iommu", [1, 2, 3, 5]), ("actor==rom and(op==read or op==write)", [1, 2, 3]),
        ("seq == 1 or seq == 2 and seq == 3", [1]), ("(seq == 1 or seq == 2) and seq == 2", [2]),
        ("not seq == 1 and seq < 3", [2]), ("not (seq == 1 and seq < 3)", [2, 3, 4, 5, 6]), ("not not seq == 1", [1]),
        ("address == 00:02.0@0x5e", []), ("address == 00:02.0 @0x5E", []), ("address == 00:02.0@05e", []),
        ("address == 00:02.0 @ 5e", []),
        ("value == 0xffffffffffffffff", [6]), ("time_ns == 3000", [3]), ("cs == 0xc000 and ip == 6", [3]),
        ("width == 2", [2]),
        ("op in (call, note)", [4, 6]), ("seq == 010", []), ("flags has (1)", None),
    ],
)  # fmt: skip
def test_meaning(expression, expected):
    array = events()
    if "00:02.0" in expression:  # ECAM: device 2 << 15 | 0x5e
        array["address"][1] = 0x1005E
        expected = [2]
    if expected is None:
        with pytest.raises(FwsimError):
            compile_where(expression)
        return
    assert array["seq"][compile_where(expression)(array)].tolist() == expected


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        ("spaec == gtt", 1, "space"), ("space == gt", 10, "gtt"), ("space == rewritten", 10, "gtt"),
        ("space gtt", 7, "=="), ("space ==", 9, "gtt"),
        ("space = gtt", 7, ""), ("space == gtt and", 17, "seq"), ("space == gtt flags has rewritten", 14, "and"),
        ("(space == gtt", 14, ")"),
        ("space == gtt)", 13, "end"), ("space has gtt", 7, "flags"), ("flags has rewriten", 11, "rewritten"),
        ("seq == 0xzz", 8, ""),
        ("seq == 12ab", 8, ""), ("cs == 0x10000", 7, "0xffff"), ("actor == 256", 10, "0xff"),
        ("seq in (1, 2", 13, ")"), ("seq in ()", 9, "number"),
        ("seq in 1..", 11, "number"), ("seq == -1", 8, ""), ("", 1, "seq"), ("3 == seq", 1, "seq"),
        ("seq == 1 & seq == 2", 10, ""),
        ("value == 0x1ffffffffffffffff", 10, "0xffffffffffffffff"), ("seq == 0x_", 8, ""), ("not", 4, "seq"),
    ],
)  # fmt: skip
def test_error_points_at_the_column(expression, column, said):
    with pytest.raises(FwsimError) as caught:
        compile_where(expression)
    error = caught.value
    assert error.where == f"--where, column {column}"
    assert error.found.splitlines()[-1] == " " * (9 + column - 1) + "^"
    assert said in error.expected
    assert error.hint


def test_deep_nesting_is_an_error_not_a_crash():
    for expression in ("(" * 5000 + "seq == 1" + ")" * 5000, "not " * 5000 + "seq == 1"):
        with pytest.raises(FwsimError, match="nested"):
            compile_where(expression)


@given(st.text(alphabet="seqflags has in and or not ()=<>!.,0123456789x@:", max_size=40))
def test_any_text_compiles_or_is_refused(text):
    try:
        test = compile_where(text)
    except FwsimError:
        return
    assert test(events()).shape == (len(ROWS),)
