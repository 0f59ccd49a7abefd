"""xl.cfg's syntax, held against what Xen's own reader made of the same texts (tests/data/libxlu.json)."""

import json
import random
from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.passage import Passage
from fwsim.hypervisor.xl.xl_cfg import Listed, config

LIBXLU = json.loads((Path(__file__).parents[1] / "data" / "libxlu.json").read_text())
WHOLE = """\
# a guest
name = "arm0"; memory = 512
pci = [ '08:00.0,backend=vpci',   # a network card
        "09:00.0", ]
pci += [ '0a:00.0' ]
passthrough = "enabled"
cmdline = 'a' "\\n"
"""


def plain(value):
    return [plain(each) for each in value.items] if isinstance(value, Listed) else value.text


def values(text):
    return {key: plain(value) for key, value in config(text, "guest.cfg").values.items()}


def refused(text, bare=None):
    with pytest.raises(FwsimError) as caught:
        config(text, "guest.cfg", bare)
    return caught.value


def pointed(error):
    """The characters over the carets."""
    line, carets = error.found.split("\n")
    first = carets.index("^") - len("  found: ")
    assert str(error).splitlines()[1:3] == [f"  found: {line}", carets]
    return line[first : first + carets.count("^")]


@pytest.mark.parametrize(("text", "theirs"), LIBXLU["config"])
def test_as_xl_reads_it(text, theirs):
    """One character that is none of the grammar's is not seen there, if it is the file's last."""
    try:
        ours = values(text)
    except FwsimError:
        assert theirs is None or text[-1] in "#'\"-.:\r\\+()A_"
    else:
        assert ours == theirs


def test_both_outcomes_are_among_them():
    refusals = [theirs for _text, theirs in LIBXLU["config"] if theirs is None]
    assert 40 < len(refusals) < len(LIBXLU["config"]) - 40


@pytest.mark.parametrize(
    ("text", "what", "row", "at", "hint"),
    [
        ("a = 1\nb = 'x\n", "the string does not end", 2, "'x", "close it with '"),
        ("pci = [ '08:00.0',\n 'x\n]\n", "the string does not end", 2, "'x", "close it with '"),
        ("pci = [ '08:00.0',\n", "the list does not end", 1, "[", "close it with ]"),
        ("pci = [\n'a'\n", "the list does not end", 1, "[", "close it with ]"),
        ("pci = [ 'a' 'b' ]\n", "the list does not go on so", 1, "'b'", ""),
        ("pci = [ 'a'\nmemory = 4096\n", "the list does not go on so", 2, "memory", ""),
        ("pci = [ , ]\n", "no value", 1, ",", ""),
        ("a = b\n", "no value", 1, "b", 'write it in quotes: "b"'),
        ("a =\n", "no value", 1, "", ""),
        ("a 1\n", "a is given no value", 1, "1", ""),
        ("a = 1 2\n", "the statement does not end here", 1, "2", ""),
        ("= 1\n", "no assignment begins so", 1, "=", ""),
        ("Name = 'x'\n", "no assignment begins so", 1, "Name", "keys are of small letters: name"),
        ("a = 1\r\n", "the statement does not end here", 1, " ", "xl reads no line that ends in CR LF: dos2unix FILE"),
        ("a = 1 # x", "the statement does not end here", 1, "#",
         "xl reads no comment without an end of line behind it: end the last line"),
        ("a = (1)\n", "no value", 1, "(1)",
         "it looks like Python, which xl does not read: strings, numbers and lists only"),
        ("a = 'b\\x41'\n", "xl has no such escape", 1, "\\x", "\\\\ is a backslash; xl refuses \\x41 and loses \\012"),
        ("a = [ 1 ]\na += 'x'\n", "a list and a string cannot be joined", 2, "a",
         "write = in place of +=, or correct the first a"),
        ("a = " + "[" * 40 + "]" * 40 + "\n", "lists too deep in each other", 1, "[", ""),
    ],
)  # fmt: skip
def test_an_error_points_at_the_character(text, what, row, at, hint):
    error = refused(text)
    assert (error.what, error.hint) == (what, hint)
    assert error.where.startswith(f"guest.cfg: line {row}, column ")
    assert pointed(error) == at
    column = int(error.where.rpartition(" ")[2])
    assert text.split("\n")[row - 1][column - 1 :].startswith(at.replace(" ", "")) or at == " "


def test_a_long_line_is_cut_around_the_place():
    error = refused(f'a = "{"x" * 300}" b\n')
    assert pointed(error) == "b"
    assert len(error.found.split("\n")[0]) < 110
    assert error.where == f"guest.cfg: line 1, column {len('a = ') + 302 + 2}"


def test_the_caret_is_below_wide_characters_too():
    """Each of these takes two columns of a terminal; the accent none."""
    assert Passage("日本e\u0301x", "f").error("w", 4).found == "日本e\u0301x\n" + " " * (9 + 5) + "^"


def test_where_a_character_of_a_string_stands():
    """Escapes take two characters of the file."""
    value = config("a = 'x\\'y\\\\z'\n", "f").values["a"]
    assert value.text == "x'y\\z"
    assert [value.place(at) for at in range(5)] == [f"line 1, column {column}" for column in (6, 7, 9, 10, 12)]


def test_a_whole_file():
    text = WHOLE.replace("cmdline = 'a' \"\\n\"\n", "")
    assert values(text) == {
        "name": "arm0", "memory": "512", "passthrough": "enabled",
        "pci": ["08:00.0,backend=vpci", "09:00.0", "0a:00.0"],
    }  # fmt: skip
    assert pointed(refused(WHOLE)) == '"\\n"'


def test_words_without_quotes_where_they_are_usual():
    bare = {"passthrough": ("enabled",)}
    found = config("a=1\npassthrough = enabled\n", "f", bare)
    assert plain(found.values["passthrough"]) == "enabled"
    assert found.repaired == [("passthrough", 2)]
    assert pointed(refused("passthrough = enabeld\n", bare)) == "enabeld"
    assert pointed(refused("passthrough = enabled 1\n", bare)) == "enabled"
    assert pointed(refused("other = enabled\n", bare)) == "enabled"


@pytest.mark.parametrize("seed", range(8))
def test_no_text_gives_a_traceback(seed):
    """Each is read, or refused with a place that is in it."""
    chance = random.Random(seed)
    for _ in range(300):
        text = WHOLE
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(text) + 1)
            text = (
                text[:at] + chance.choice("abZ09 \t\n='\"[],;#+\\\r\u00e9\u65e5\x00") + text[at + chance.randrange(3) :]
            )
        try:
            config(text, "f")
        except FwsimError as error:
            row, column = (int(part.split()[-1]) for part in error.where.split(": ")[1].split(", "))
            lines = text.split("\n")
            assert row <= len(lines), text
            assert column <= len(lines[row - 1]) + 1, text
            assert "^" in str(error)  # noqa: PT017  # both outcomes are fine
