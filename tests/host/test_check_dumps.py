"""``fwsim check`` on what a guest shows: the verdicts are those of the placement rules."""

import json

import pytest
from machines import E6540, GUEST_DMESG, guest

from fwsim import cli


@pytest.fixture
def check(tmp_path, capsys):
    def run(**files):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        code = cli.main(["check", str(tmp_path), "--json"])
        out = capsys.readouterr()
        document = json.loads(out.out) if out.out else {}
        return code, {each["id"]: each for each in document.get("checks", [])}, document

    return run


def test_a_guest_that_is_right(check):
    code, checks, document = check(lspci=guest(), dmesg=GUEST_DMESG)
    assert code == 0
    for wanted in ("bdsm-reserved", "bdsm-clear", "asls-reserved", "bars-clear", "bdsm-register", "ggc-usual"):
        assert checks[wanted]["ok"], checks
    assert [each["what"] for each in document["missing"]] == ["/proc/iomem"]


@pytest.mark.parametrize(
    ("changed", "failing", "detail"),
    [
        ({"bdsm": 0}, "bdsm-set", "BDSM is 0x0"),
        ({"asls": 0}, "asls-set", "ASLS is 0x0"),
        ({"bdsm": 0xCD200001}, "bdsm-reserved", "0xcd200000 is in no e820 range"),
        ({"bdsm": 0x60000000}, "bdsm-reserved", "0x60000000 is RAM"),
        ({"bdsm": 0xE0000000}, "bdsm-clear", "overlaps BAR2 (GMADR)"),
        ({"asls": 0x10000018}, "asls-reserved", "is RAM"),
        ({"ggc": 0x0211}, "bdsm-reserved", "0x7f700000 is RAM"),
        ({"bdsm": 0xFEC00000}, "bdsm-outside-mmio", "overlaps IOAPIC"),
    ],
)
def test_a_guest_that_is_wrong(check, changed, failing, detail):
    code, checks, _ = check(lspci=guest(**changed), dmesg=GUEST_DMESG)
    assert code == 1
    assert not checks[failing]["ok"]
    assert detail in checks[failing]["detail"]


def test_bdsm_where_no_gen12_driver_reads_it(check):
    """A base in 5Ch of a Tiger Lake: SeaBIOS's way, which leaves C0h 0."""
    code, checks, _ = check(lspci=guest().replace("86 80 16 04", "86 80 49 9a"), dmesg=GUEST_DMESG)
    assert code == 1
    assert checks["bdsm-register"]["detail"] == "written to 0x5c; gen 12 has BDSM at 0xc0, where it stays 0"


def test_anchors_of_a_gen12_guest(check):
    """The gen 11+ note: host STOLEN_RESERVED 50200087, DSM 4c800000-503fffff; guest DSM at b8300000."""
    text = guest(bdsm=0, ggc=0xFEC1).replace("86 80 16 04", "86 80 49 9a")
    row = "c0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    text = text.replace(row, row.replace("c0: 00 00 00 00", "c0: 00 00 30 b8"))
    log = "BIOS-e820: [mem 0xb8300000-0xbbefffff] reserved\nGEN6_STOLEN_RESERVED = 0x0000000050200087\n"
    code, checks, _ = check(lspci=text, dmesg=log)
    assert code == 1
    assert not checks["host-anchors"]["ok"]
    assert checks["bdsm-reserved"]["ok"]


def test_without_a_memory_map_nothing_is_said_of_it(check):
    code, checks, document = check(lspci=guest())
    assert code == 0
    assert "bdsm-reserved" not in checks
    assert "asls-reserved" not in checks
    assert document["missing"][0]["command"].startswith("in the guest: sudo dmesg")


@pytest.mark.parametrize("lspci", [E6540, guest()], ids=["host", "guest"])
def test_a_log_with_faults_does_not_pass(check, lspci):
    line = "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0xcd201000 [fault reason 0x06] PTE Read\n"
    code, checks, _ = check(lspci=lspci, dmesg=f"[  101.5] {line}" * 2)
    assert code == 1
    assert not checks["no-dma-faults"]["ok"]
    assert checks["no-dma-faults"]["detail"].startswith("2 DMA faults of 00:02.0: ")
    assert "first 0xcd201000 (dmesg:1)" in checks["no-dma-faults"]["detail"]


def test_what_host_import_kept(tmp_path, capsys):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/lspci").write_text(guest(bdsm=0x60000000))
    (tmp_path / "d/dmesg").write_text(GUEST_DMESG)
    out = tmp_path / "guest.toml"
    assert cli.main(["host", "import", str(tmp_path / "d"), "--out", str(out)]) == 0
    capsys.readouterr()
    for name in ("guest.toml", "guest.facts.json"):
        assert cli.main(["check", str(tmp_path / name)]) == 1
        text = capsys.readouterr().out
        assert "FAIL  bdsm-reserved" in text
        assert "in a guest: the bridge is QEMU's i440FX" in text


def test_one_file(tmp_path, capsys):
    (tmp_path / "x.txt").write_text(E6540)
    assert cli.main(["check", str(tmp_path / "x.txt")]) == 0
    assert "ok    bdsm-aligned" in capsys.readouterr().out


@pytest.mark.parametrize("text", ['[rom]\nfile = "x"\n', "00:1f.0 ISA bridge\n", '{"host_import": 5}', "{", "\0\1"])
def test_what_cannot_be_checked(tmp_path, capsys, text):
    for name in ("a.toml", "a.txt", "a.facts.json"):
        (tmp_path / name).write_text(text)
        assert cli.main(["check", str(tmp_path / name)]) == 2
        assert "  next: " in capsys.readouterr().err
        (tmp_path / name).unlink()
