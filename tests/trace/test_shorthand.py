import pytest

from fwsim.errors import FwsimError
from fwsim.trace.shorthand import Shorthand


@pytest.mark.parametrize(
    "text",
    [
        "select 'space == gtt and flags has rewritten, 0x5c, 00:02.0@0x5c'", "select 'it''s 0x5c' || '0x5c'",
        "select e'\\' 0x5c \\\\' || E'0x5c'", "select $$ 0x5c $$, $a$ $$ 0x5c $b$ $a$", 'select "0x5c", "a""0x5c"',
        "select 1 -- 0x5c and space == gtt\n", "select 1 /* 0x5c /* it's */ op == 'x' */",
        "/* a /* b /* c */ */ 0x1 */ 1",
        "select * from gtt", "from events, gtt where entry = 1", "select gtt.entry from gtt", "select gtt from gtt",
        "select 1 as read, 2 as write order by read", "select call from (select 1 as call)", "select x0x5c, a1, b0b1",
        "select space = e.space", "select space == lower('GTT')", "select space == g.space", "space in (select 'gtt')",
        "space in (gtt, lower('X'))", "space in spaces", "value in (1, 2)", "value in (select 1)",
        "[x for x in [1, 2]]",
        "value == 5", "value == 1.5e3", "value == .5", "x[1:2]", "x -> x + 1", "f(space => gtt)",
        "space::varchar = 'zzz'",
        "space like 'g%'", "space = $1", "op is null", "value between 1 and 2", "5 = space", "register = 'BDSM'",
        "has", "select has from t", "x has y",
    ],
)  # fmt: skip
def test_what_is_no_shorthand_is_left_alone(text):
    assert Shorthand(text, "{column}", "").sql == text


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("HERE", "HERE"), ("0x5c HERE", "HERE"), ("space == gtt and HERE", "HERE"),
        ("seq in (1, 3..5) or HERE", "HERE"),
        ("'é' or 00:02.0@0x5c = 1 or 'é' = HERE", "HERE"), ("flags has rewritten and\n0x5c = HERE", "HERE"),
        ("space in (gtt, HERE, port)", "HERE"), ("op in read or 0xffff = 0b1 or HERE or 0x5c", "HERE"),
    ],
)  # fmt: skip
def test_a_place_in_the_sql_is_one_in_the_text(text, there):
    shorthand = Shorthand(text, "{line} {column}", "")
    offset = shorthand.sql.encode().index(there.encode())
    assert text[shorthand.position(offset) :].startswith(there)


@pytest.mark.parametrize("end", [" ", "\n", ""])
def test_a_place_behind_the_text_is_its_end(end):
    assert Shorthand(f"space == gtt{end}", "{column}", "").position(10_000) == len("space == gtt")


def test_a_name_of_another_column_is_refused():
    with pytest.raises(FwsimError, match="no such op"):
        Shorthand("select 1\nfrom events\nwhere op = 'gtt'", "line {line}, column {column}", "")
