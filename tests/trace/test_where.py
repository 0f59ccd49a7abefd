import contextlib
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwsim.errors import FwsimError
from fwsim.trace.event import EVENT, NAMES
from fwsim.trace.query import Source, ask
from fwsim.trace.where import compile_where

# seq, actor, space, op, width, address, value, aux, flags
ROWS = [
    (1, 0, 0, 1, 4, 0xCF8, 0x8000105C, 0x8000105C, 0),
    (2, 0, 2, 0, 2, 0x1005E, 0xDBA0, 0xDBA0, 2),  # 00:02.0: device 2 << 15 | 0x5e
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


MEANINGS = [
    ("space == gtt", [3, 6]), ("space==gtt", [3, 6]), ("SPACE == GTT", [3, 6]), ("space != gtt", [1, 2, 4, 5]),
    ("space = gtt", [3, 6]), ("space <> gtt", [1, 2, 4, 5]), ("space == 'gtt'", [3, 6]), ('"space" = gtt', [3, 6]),
    ("event.space = gtt", [3, 6]), ("space\n==\n gtt", [3, 6]), ("space == gtt -- those", [3, 6]),
    ("space == gtt /* and space == port */", [3, 6]), ("/* a /* b */ 'c */ space == gtt", [3, 6]),
    ("space == gtt and flags has rewritten", [3]), ("flags has 65", [3]), ("flags has 67", []), ("flags == 0", [1, 4]),
    ("flags has 0x41", [3]), ("flags == emulated", [2]), ("flags == 'emulated'", [2]),
    ("flags in (emulated, 8)", [2, 5]),
    ("rewritten", [3]), ("not rewritten and space == gtt", [6]), ("rewritten or faulted", [3, 5]),
    ("flags & 3 > 0", [2, 3]), ("not flags has rewritten", [1, 2, 4, 5, 6]),
    ("space == 4", [3, 6]), ("space in (gtt, pci)", [2, 3, 6]), ("space in gtt", [3, 6]),
    ("space in ('gtt', 2)", [2, 3, 6]),
    ("space not in (gtt, pci)", [1, 4, 5]), ("not space in (gtt, pci)", [1, 4, 5]), ("space in 4", [3, 6]),
    ("space < mmio", [1, 2]), ("space >= iommu", [4, 5]), ("space < 3", [1, 2]), ("space in pci..gtt", [2, 3, 6]),
    ("space between pci and gtt", [2, 3, 6]), ("space not between 'pci' and 4", [1, 4, 5]), ("space like 'i%'", [4, 5]),
    ("actor == iommu and space == iommu", [5]), ("actor in iommu", [5]), ("actor == space", [5]),
    ("seq in (1, 3..5)", [1, 3, 4, 5]), ("seq in (3..4, 1, 6..9)", [1, 3, 4, 6]), ("seq not in (1, 3..5)", [2, 6]),
    ("not seq in (1, 3..5)", [2, 6]), ("seq not in 3..5", [1, 2, 6]), ("seq in (3..5)", [3, 4, 5]),
    ("seq in ( 1 , 0x3 .. 0b101 )", [1, 3, 4, 5]), ("space in (port, iommu..efi)", [1, 4, 5]),
    ("event.seq in (1, 3..5)", [1, 3, 4, 5]), ("seq + 1 in 3..5", [2, 3, 4]), ("(seq + 1) not in 0x3..5", [1, 5, 6]),
    ("seq in 5..3", []),
    ("seq in 0b10..0o4", [2, 3, 4]), ("value == 0xdba0", [2]), ("value == 0XDBA0", [2]), ("value == 56_224", [2]),
    ("value == 0xDB_A0", [2]), ("seq > 4", [5, 6]), ("seq >= 4", [4, 5, 6]), ("seq < 2", [1]), ("seq <= 2", [1, 2]),
    ("3 == seq", [3]), ("0x3 = seq", [3]), ("seq < 2.5", [1, 2]), ("seq == 010", []),
    ("seq between 0x2 and 0x3", [2, 3]),
    ("value != aux", [3, 4]), ("value == aux and op == write", [1]), ("value >> 12 == 0xbd700", [3]),
    ("value::hugeint - aux < 0", [3]),
    ("value & 0xfff = 1", [3]), ("address % 0x1000 = 0xcf8", [1]), ("hex(address) = 'CF8'", [1]),
    ("actor == rom or actor == iommu", [1, 2, 3, 5]), ("actor==rom and(op==read or op==write)", [1, 2, 3]),
    ("seq == 1 or seq == 2 and seq == 3", [1]), ("(seq == 1 or seq == 2) and seq == 2", [2]),
    ("not seq == 1 and seq < 3", [2]), ("not (seq == 1 and seq < 3)", [2, 3, 4, 5, 6]), ("not not seq == 1", [1]),
    ("address == 00:02.0@0x5e", [2]), ("address == 00:02.0 @0x5E", [2]), ("address == 00:02.0@05e", [2]),
    ("address == 00:02.0 @ 5e", [2]), ("address in 00:02.0@0x5c..00:02.0@0x5f", [2]), ("address = 0f:02.0@5e", []),
    ("value == 0xffffffffffffffff", [6]), ("time_ns == 3000", [3]), ("cs == 0xc000 and ip == 6", [3]),
    ("width == 2", [2]), ("op in (call, note)", [4, 6]), ("op == call", [4]), ("op == read", [2, 5]),
    ("null", []), ("not null", []), ("space == null", []), ("seq == 1 or null", [1]),
    ("space is not null", [1, 2, 3, 4, 5, 6]),
    ("case when space == gtt then op == note else seq == 1 end", [1, 6]), ("true", [1, 2, 3, 4, 5, 6]),
    ("'space == gtt' = 'space == ' || 'gtt' and seq = 1", [1]), ("$$0x5$$ = '0x' || 5 and seq = 1", [1]),
    ("e'\\'0x5' = chr(39) || '0x5' and seq = 1", [1]), ("'it''s 0x5' like '%0x5' and seq = 1", [1]),
    (" or ".join(f"seq == {n}" for n in range(5, 3000)), [5, 6]),
    (f"seq in ({', '.join(f'{n:#x}' for n in range(5, 20000))})", [5, 6]),
    ("(" * 400 + "seq == 1" + ")" * 400, [1]),
]  # fmt: skip
"""Expressions, and the ``seq`` of the rows they hold for."""


@pytest.mark.parametrize(("expression", "expected"), MEANINGS)
def test_meaning(expression, expected):
    array = events()
    assert array["seq"][compile_where(expression)(array)].tolist() == expected


@pytest.mark.parametrize(("expression", "expected"), MEANINGS)
def test_a_query_means_the_same(expression, expected):
    answer = ask([Source("run", events(), [])], f"select seq from events as event where {expression}\norder by seq")
    assert [row[0] for row in answer.rows] == expected


COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@given(
    st.sampled_from(EVENT.names), st.sampled_from(sorted(COMPARE)), st.integers(0, 255),
    st.lists(st.integers(0, 255), min_size=1, max_size=30), st.sampled_from([str, hex, bin, oct]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_numbers_compare_as_numpy_compares_them(column, sign, number, values, written):
    """Whatever is in the file: numbers without a name, too."""
    array = np.zeros(len(values), dtype=EVENT)
    array[column] = values
    expected = COMPARE[sign](array[column], number)
    assert compile_where(f"{column} {sign} {written(number)}")(array).tolist() == expected.tolist()
    inside = [number <= value <= number + 9 or value == 7 for value in values]
    if number + 9 < 256:
        assert compile_where(f"{column} in ({number}..{written(number + 9)}, 7)")(array).tolist() == inside


@pytest.mark.parametrize("column", NAMES)
def test_every_name_is_its_number(column):
    array = np.zeros(256, dtype=EVENT)
    array[column] = np.arange(256)
    for name, number in NAMES[column].items():
        assert array[column][compile_where(f"{column} == {name}")(array)].tolist() == [number]


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        ("spaec == gtt", 1, "space"), ("space == gt", 10, "gtt"), ("space == rewritten", 10, "gtt"),
        ("space == 'gt'", 10, "gtt"), ("space in (port, gt)", 17, "gtt"), ("space between port and gt", 24, "gtt"),
        ("space in port..gt", 16, "gtt"), ("flags == rewriten", 10, "rewritten"),
        ("flags has rewriten", 11, "rewritten"),
        ("space gtt", 7, "=="), ("space =", 8, "gtt"), ("space in", 9, "gtt"), ("space == gtt and", 17, "and"),
        ("space == gtt flags has rewritten", 14, "and"), ("(space == gtt", 14, "( )"), ("space == gtt)", 13, "( )"),
        ("space has gtt", 7, "flags"), ("seq == 0xzz", 8, "0x5c"), ("seq == 0x_", 8, "0x5c"),
        ("seq == 12ab", 10, "VALUE"),
        ("cs == 0x10000", 7, "0xffff"), ("actor == 256", 10, "0xff"), ("space in (1, 0x100)", 14, "0xff"),
        ("value == 0x1ffffffffffffffff", 10, "0xffffffffffffffff"), ("seq == -1", 8, "0xffffffffffffffff"),
        ("seq in (1, 2", 13, "in VALUE"), ("seq in 1..x", 11, "number"), ("seq in (x..1, 2)", 9, "number"),
        ("seq + 1 in (1, 3..5)", 12, "COLUMN"),
        ("", 1, "=="), ("not", 4, "and"), ("seq == 0x" + "9" * 5000, 8, "bits"), ("nosuch(seq)", 1, "COLUMN"),
        ("1 as x", 3, "and"), ("true order by 1", 6, "and"), ("seq = 1;", 8, "and"), ("seq = 1; select 1", 8, "and"),
        ("1) or (1", 2, "( )"), ("true) union all (select true", 5, "( )"), ("select 1", 1, "COLUMN"),
        ("* from range(3)", 3, "COLUMN"), ("count(*) > 1", 1, "COLUMN"), ("sum(seq) over () > 1", 1, "COLUMN"),
        ("seq = (select max(seq) from events)", 29, "one event"), ("run = 'x'", 1, "seq"),
        ("'é' = 'é' and spaec", 15, "space"),
        ("seq in 0x1..0x3 and spaec == gtt", 21, "space"), ("'open", 1, "COLUMN"), ('"open', 1, "COLUMN"),
        ("/* open", 1, "COLUMN"), ("seq == 1 \udc80", 10, "text"),
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


@pytest.mark.parametrize(
    ("expression", "hint"), [("spaec == gtt", "space"), ("op == wriet", "write"), ("flags == 'indexd'", "indexed")]
)
def test_the_nearest_name_is_said(expression, hint):
    with pytest.raises(FwsimError) as caught:
        compile_where(expression)
    assert caught.value.hint == f"did you mean {hint}?"


def test_an_error_in_a_long_text_is_shown_with_what_is_around_it():
    with pytest.raises(FwsimError) as caught:
        compile_where("seq == 1 or " * 500 + "\nspaec == gtt" + " or seq == 2" * 500)
    assert caught.value.where == "--where, line 2, column 1"
    assert caught.value.found.startswith("spaec == gtt or seq == 2")
    with pytest.raises(FwsimError) as caught:
        compile_where("seq == 1 or " * 500 + "spaec == gtt" + " or seq == 2" * 500)
    shown, mark = caught.value.found.splitlines()
    assert caught.value.where == "--where, column 6001"
    assert shown[mark.index("^") - 9 :].startswith("spaec == gtt")
    assert len(shown) < 130


@pytest.mark.parametrize(
    "expression",
    [
        "not " * 5000 + "seq == 1", "seq == 1 and (" * 5000 + "true" + ")" * 5000,
        "/*" * 5000, "'" * 4999, "$" * 4999, "(" * 500, "seq == \0", "seq in (" * 5000, "seq in (1.." * 2000,
        "-" * 5000, "space " * 2000,
        "seq == 1 & seq == 2", "space + 1 = 2", "$1 = 1", "?", "seq == " + "9" * 5000, "x.seq = 1", "flags has (1)",
        "read_text('/etc/passwd') = ''", "(select count(*) from read_csv('/etc/passwd')) > 0",
        "(from '/etc/passwd') = 1",
        "(select 1 from glob('/etc/*')) = 1",
        "stem('a', 'b') = 'c'", "(select 1 from sqlite_scan('a', 'b')) = 1",
        "(select count(*) from duckdb_secrets()) = 1",
        "seq = 1); attach 'x.db'; select (1", "getenv('HOME') = ''",
        "seq = 1); copy (select 1) to 'x.csv'; select (1", "seq = 1); set threads = 1; select (1",
    ],
)  # fmt: skip
def test_hostile_text_is_refused(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FwsimError) as caught:
        compile_where(expression)(events())
    assert caught.value.where.startswith("--where")
    assert caught.value.expected
    assert caught.value.hint
    assert len(str(caught.value)) < 1000
    assert "exception" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "expression", ["value - aux > 0", "value + seq > 5", "space == value", "seq == 'one'", "error('x')"]
)
def test_what_only_an_event_shows_is_an_error_too(expression):
    with pytest.raises(FwsimError) as caught:
        compile_where(expression)(events())
    assert caught.value.where.startswith("--where")
    assert caught.value.hint


def test_deep_parentheses_are_read_or_refused():
    expression = "(" * 5000 + "seq == 1" + ")" * 5000
    with contextlib.suppress(FwsimError):
        assert compile_where(expression)(events()).tolist() == [True] + [False] * 5


@given(st.text(alphabet="seqflags has in and or not ()=<>!.,0123456789x@:'\"-/*;$e", max_size=40))
@settings(deadline=None)
def test_any_text_compiles_or_is_refused(text):
    try:
        mask = compile_where(text)(events())
    except FwsimError:
        return
    assert mask.shape == (len(ROWS),)
    assert mask.dtype == np.bool_
