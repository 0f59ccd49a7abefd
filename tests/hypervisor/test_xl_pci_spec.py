"""PCI_SPEC_STRING, held against libxlu's own answers (tests/data/libxlu.json), and the backend that no xl has yet."""

import json
import random
from pathlib import Path

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.passage import Passage
from fwsim.hypervisor.xl.pci_spec import PciOptions, bdf_text, read_spec

LIBXLU = json.loads((Path(__file__).parents[1] / "data" / "libxlu.json").read_text())
STRICTER = {
    "not a number", "text behind the bdf", "text behind the vslot", "text behind the device", "not a PCI device",
    "no device number", "no function number", "no slot number", "seize is given twice", "vslot is given twice",
    "bdf is given twice", "permissive is given twice", "msitranslate is given twice",
}  # fmt: skip
"""What sscanf and atoi pass over and is refused here: words for numbers, text behind one, blanks, an option twice."""


def spec(text, **usual):
    return read_spec(Passage(text, "pci.0"), PciOptions(**usual))


def refused(text):
    with pytest.raises(FwsimError) as caught:
        spec(text)
    error = caught.value
    line, carets = error.found.split("\n")
    assert line == text
    first = carets.index("^") - len("  found: ")
    assert error.where == f"pci.0: column {first + 1}"
    return error, (first, carets.count("^"))


@pytest.mark.parametrize(("text", "theirs"), LIBXLU["pci"])
def test_as_libxlu_reads_it(text, theirs):
    try:
        found = spec(text)
    except FwsimError as error:
        assert theirs is None or error.what in STRICTER  # noqa: PT017  # both outcomes are asked
        return
    sbdf, options = found.sbdf or 0, found.options
    assert theirs == [
        sbdf >> 16, sbdf >> 8 & 0xFF, sbdf >> 3 & 31, sbdf & 7, found.every, found.vslot or 0, options.permissive,
        options.msitranslate, options.seize, options.power_mgmt, options.rdm_policy == "relaxed", found.name,
    ]  # fmt: skip


def test_both_outcomes_are_among_them():
    refusals = [theirs for _text, theirs in LIBXLU["pci"] if theirs is None]
    assert 40 < len(refusals) < len(LIBXLU["pci"]) - 40


def test_the_three_equivalent_forms_of_the_page():
    """Its own example has slot 20h, which is none: libxlu takes 0 to 1f (val > 0x1f is ERROR_INVAL)."""
    forms = [spec("36:00.0@10,seize=1"), spec("36:00.0,vslot=10,seize=1"), spec("bdf=36:00.0,vslot=10,seize=1")]
    assert forms[0] == forms[1] == forms[2]
    assert (forms[0].sbdf, forms[0].vslot, forms[0].options) == (0x3600, 16, PciOptions(seize=True))
    assert refused("36:00.0@20,seize=1")[1] == (8, 2)


@pytest.mark.parametrize(
    ("text", "sbdf", "every"),
    [
        ("08:00.0", 0x0800, False), ("0000:08:00.0", 0x0800, False), ("1:0:1f.7", 0x100FF, False),
        ("ABCD:ff:1F.7", 0xABCDFFFF, False), ("08:02.*", 0x0810, True), ("08:00.0,", 0x0800, False),
    ],
)  # fmt: skip
def test_a_device(text, sbdf, every):
    found = spec(text)
    assert (found.sbdf, found.every, found.backend, found.vslot) == (sbdf, every, "", None)
    assert found.title == (bdf_text(sbdf)[:-1] + "*" if every else bdf_text(sbdf))


def test_every_option():
    text = "08:00.0,permissive=1,msitranslate=1,power_mgmt=1,seize=1,rdm_policy=relaxed,backend=qemu,vslot=1f"
    found = spec(text)
    assert found.options == PciOptions(True, True, True, True, "relaxed")
    assert (found.backend, found.vslot) == ("qemu", 31)
    assert spec("name=nic,backend=xenpt").name == "nic"
    assert spec("08:00.0,permissive=0,seize=,vslot=0", permissive=True, seize=True).options == PciOptions()
    assert spec("08:00.0", permissive=True).options.permissive
    assert [spec(f"08:00.0,backend={word}").backend for word in ("vpci", "xenpt", "qemu")] == ["vpci", "xenpt", "qemu"]


@pytest.mark.parametrize(
    ("text", "at", "what", "hint"),
    [
        ("08:00.0,backend=vpic", (16, 4), "no such backend", "did you mean vpci?"),
        ("08:00.0,backend=xen-pt", (16, 6), "no such backend", "did you mean xenpt?"),
        ("08:00.0,backend=", (16, 1), "no such backend", "choose one of these"),
        ("08:00.0,backnd=vpci", (8, 6), "xl knows no such option", "did you mean backend?"),
        ("08:00.0, backend=vpci", (8, 8), "xl knows no such option", "did you mean backend?"),
        ("08:00.0,x=1", (8, 1), "xl knows no such option", "remove it"),
        ("08:00.0,vpci", (8, 4), "an option without a value", "write backend=vpci"),
        ("08:00.0,permissive", (8, 10), "an option without a value", "write permissive=1"),
        ("08:00.0,20", (8, 2), "an option without a value", "write vslot=20"),
        ("08:00.0,,seize=1", (8, 1), "an option without a value", "remove it"),
        ("08:00.0,permissive=yes", (19, 3), "not a number", "write 1 to switch it on"),
        ("08:00.0,rdm_policy=strct", (19, 5), "no such RDM policy", "did you mean strict?"),
        ("08:00.0,seize=1,seize=1", (16, 5), "seize is given twice", "remove one of them"),
        ("08:00.0@1,vslot=2", (10, 5), "vslot is given twice", "remove one of them"),
        ("08:00.0,bdf=09:00.0", (8, 3), "bdf is given twice", "remove one of them"),
        ("08:00.0,name=nic", (13, 3), "a name beside a BDF", "a name stands for the BDF that xl pci-assignable-add "
         "gave it to"),
        ("08:00.0,name=", (13, 1), "no name", "as xl pci-assignable-add --name gave it"),
        ("backend=vpci", (0, 12), "backend for no device", 'such as "08:00.0,backend=vpci"'),
        ("08:00", (5, 1), "not a PCI device", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
        ("08.00.0", (2, 1), "not a PCI device", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
        ("eth0", (1, 1), "not a PCI device", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
        ("08:00.", (6, 1), "no function number", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
        ("08:.0", (3, 1), "no device number", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
        ("08:20.0", (3, 2), "no such device", "lspci shows what there is"),
        ("100:00.0", (0, 3), "no such bus", "lspci shows what there is"),
        ("10000:08:00.0", (0, 5), "no such domain", "lspci shows what there is"),
        ("08:00.8", (6, 1), "no such function", "lspci shows what there is"),
        ("08:00.0x", (7, 1), "text behind the device", "options are of the form ,KEY=VALUE"),
        ("bdf=08:00.0@3", (11, 2), "text behind the bdf", "write ,vslot= for a slot"),
        ("08:00.0@", (8, 1), "no slot number", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
        ("08:00.0,vslot=", (14, 1), "no slot number", "such as 08:00.0 or 0000:08:00.0, in hexadecimal"),
    ],
)  # fmt: skip
def test_an_error_points_at_the_character(text, at, what, hint):
    error, found = refused(text)
    assert (error.what, found, error.hint) == (what, at, hint)
    assert error.expected


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing(text):
    with pytest.raises(FwsimError, match="no device"):
        spec(text)


@pytest.mark.parametrize("seed", range(8))
def test_no_text_gives_a_traceback(seed):
    chance = random.Random(seed)
    for _ in range(400):
        text = "0000:08:00.*@1f,backend=vpci,rdm_policy=strict,permissive=1"
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice("0f9x:.,@=*-+ \n\u00e9\u0660\u65e5a") + text[at + chance.randrange(3) :]
        try:
            found = spec(text)
        except FwsimError as error:
            assert "^" in error.found  # noqa: PT017  # both outcomes are fine
        else:
            assert found.sbdf is None or 0 <= found.sbdf <= 0xFFFFFFFF
