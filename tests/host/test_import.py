import gzip

import pytest
from machines import BRIDGE, DMESG, E6540, IGD, IOMEM, LPC, config

from fwsim.devices.edid import default_edid
from fwsim.errors import FwsimError
from fwsim.host.hostfile import import_host, load_facts, read_dumps
from fwsim.rom.opregion import build_opregion
from fwsim.scenario.load import load


def folder(tmp_path, **files):
    place = tmp_path / "dumps"
    place.mkdir()
    for name, content in files.items():
        (place / name.replace("__", ".")).write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def facts(tmp_path, **files):
    return import_host([folder(tmp_path, **files)]).dumps


def notes(dumps):
    return [f"{note.where}: {note.what}" for note in dumps.notes]


def test_the_e6540_dump_is_a_host(tmp_path):
    out = tmp_path / "host.toml"
    result = import_host([folder(tmp_path, lspci__log=E6540)], out)
    host = load(out).host
    assert (host.cpu, host.device_id, host.ggc, host.lpc_id) == ("haswell", 0x0416, 0x0209, 0x8C4F)
    assert (host.bdsm, host.stolen_base, host.asls) == (0xCD200001, 0xCD200000, 0xCA7F9018)
    values = {name: result.dumps.value(name) for name in ("bgsm", "tseg", "tolud", "host_bridge_id")}
    assert values == {"bgsm": 0xCD000001, "tseg": 0xCC000001, "tolud": 0xCF200001, "host_bridge_id": 0x0C04}
    assert result.dumps.best("asls").place == "lspci.log:28, config 0xfc of 00:02.0"
    assert E6540.splitlines()[27].endswith("18 90 7f ca")
    checks = {check.id: check for check in result.checks}
    assert all(check.ok for check in result.checks)
    assert checks["tolud-is-end"].detail == "TOLUD 0xcf200000 - 32M = BDSM 0xcd200000"
    assert checks["bgsm-below"].detail == "BDSM 0xcd200000 - 2M = BGSM 0xcd000000"
    assert not list(result.dumps.disagreements())
    assert [area.start for area in result.dumps.bars] == [0xF5800000, 0xD0000000]


def test_the_facts_are_kept_beside_it(tmp_path):
    out = tmp_path / "host.toml"
    result = import_host([folder(tmp_path, a=E6540, b=DMESG)], out)
    kept = load_facts((tmp_path / "host.facts.json").read_bytes(), "x")
    assert kept == result
    assert "# bgsm 0xcd000001" in out.read_text()
    assert "0xcb000000-0xcf1fffff RESERVED, 66M" in out.read_text()


def test_every_source_alone_and_agreeing(tmp_path):
    dumps = facts(tmp_path, lspci=E6540, dmesg=DMESG, iomem=IOMEM)
    assert {fact.rank for fact in dumps.claims("bdsm")} == {0, 3, 4}
    assert not list(dumps.disagreements())
    assert dumps.e820[4].type == "RESERVED"
    assert [(area.start, area.end) for area in dumps.rmrr] == [(0xCD000000, 0xCF200000)]
    assert len(dumps.bars) == 2
    assert [monitor.port for monitor in dumps.monitors] == ["edp"]


def test_checks_with_everything(tmp_path):
    result = import_host([folder(tmp_path, lspci=E6540, dmesg=DMESG, iomem=IOMEM)])
    ids = [check.id for check in result.checks if check.ok]
    for wanted in ("bdsm-reserved", "asls-reserved", "size-agrees", "rmrr-covers"):
        assert wanted in ids
    assert [each.what for each in result.missing] == ["the OpRegion", "the option ROM"]


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        ("01 00 20 cf", "01 00 20 cd", "tolud-is-end"),
        ("01 00 20 cf", "01 00 20 d0", "tolud-is-end"),
        ("01 00 00 cd", "01 00 00 cc", "bgsm-below"),
    ],
)
def test_facts_that_contradict(tmp_path, old, new, failing):
    result = import_host([folder(tmp_path, lspci=E6540.replace(old, new))])
    assert failing in [check.id for check in result.checks if not check.ok]


def test_sources_that_disagree_are_said(tmp_path):
    dumps = facts(tmp_path, a__lspci=E6540, b=DMESG.replace("cd200000-", "cb200000-"))
    ((taken, other),) = [(a, b) for a, b in dumps.disagreements() if a.name == "bdsm"]
    assert (taken.value, taken.file, taken.line) == (0xCD200001, "a.lspci", 18)
    assert [(fact.value, fact.place) for fact in other] == [(0xCB200000, "b:8")]


def test_raw_configuration_whatever_the_name(tmp_path):
    files = {"x": config(IGD), "y": config(BRIDGE, 4096), "z": config(LPC)}
    dumps = facts(tmp_path, **files)
    assert (dumps.cpu, dumps.value("bdsm"), dumps.value("tolud")) == ("haswell", 0xCD200001, 0xCF200001)
    assert dumps.value("lpc_id") == 0x8C4F


def test_a_name_that_names_another_function(tmp_path):
    dumps = facts(tmp_path, **{"pci-00-00__0__config": config(IGD)})
    assert "pci-00-00.0.config: not the function its name says" in notes(dumps)
    assert dumps.value("asls") == 0xCA7F9018


def test_hex_dumps_of_configuration_space(tmp_path):
    raw = config(IGD)
    rows = [raw[at : at + 16] for at in range(0, 256, 16)]
    halves = [f"{row[:8].hex(' ')}  {row[8:].hex(' ')}" for row in rows]
    plain = "".join(f"{16 * n:08x}  {row}  |................|\n" for n, row in enumerate(halves))
    assert facts(tmp_path, c=plain).value("asls") == 0xCA7F9018
    xxd = "".join(f"{16 * n:08x}: {r.hex(' ', 2)}  ................\n" for n, r in enumerate(rows))
    (tmp_path / "dumps/c").write_text(xxd)
    assert import_host([tmp_path / "dumps"]).dumps.value("asls") == 0xCA7F9018


def test_old_e820_lines_have_an_exclusive_end(tmp_path):
    ranges = ("0000000000000000 - 000000000009fc00 (usable)", "00000000cb000000 - 00000000cf200000 (reserved)")
    dumps = facts(tmp_path, lspci=E6540, log="".join(f" BIOS-e820: {each}\n" for each in ranges))
    assert [(row.start, row.end, row.type) for row in dumps.e820] == [
        (0, 0x9FC00, "RAM"), (0xCB000000, 0xCF200000, "RESERVED"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "(XEN)  00000000cb000000 - 00000000cf200000 (reserved)",
        "(XEN)  [00000000cb000000, 00000000cf1fffff] (reserved)",
        "Xen: [mem 0x00000000cb000000-0x00000000cf1fffff] reserved",
        "kern  :info  : [    0.000000] BIOS-e820: [mem 0xcb000000-0xcf1fffff]  device reserved",
        "Nov 21 08:43:20 host kernel: [    0.000000] BIOS-e820: [mem 0x00000000cb000000-0x00000000cf1fffff] reserved",
        "firmware-memmap: [mem 0x00000000cb000000-0x00000000cf1fffff] Reserved",
    ],
)
def test_e820_lines_of_every_era(tmp_path, line):
    (row,) = facts(tmp_path, lspci=E6540, log=line + "\n").e820
    assert (row.start, row.end, row.type) == (0xCB000000, 0xCF200000, "RESERVED")


def test_the_comet_lake_log_alone(tmp_path):
    """Lines of HouQiming/i915ovmfPkg's i915_dmesg.log; DSM 64 MiB, STOLEN_RESERVED 7f700047."""
    log = """\
[    2.640209] i915 0000:00:02.0: [drm:i915_ggtt_probe_hw [i915]] GGTT size = 4096M
[    2.640325] i915 0000:00:02.0: [drm:i915_ggtt_probe_hw [i915]] DSM size = 64M
[    2.640451] i915 0000:00:02.0: [drm:init_stolen [i915]] GEN6_STOLEN_RESERVED = 7f700047
[    2.640569] i915 0000:00:02.0: [drm:init_stolen [i915]] Memory reserved for graphics device: 65536K, usable: 64512K
[    2.660833] i915 0000:00:02.0: [drm:intel_opregion_setup [i915]] graphic opregion physical addr: 0x79880018
[    3.897573] i915 device info: pciid=0x9bca rev=0x04 platform=COMETLAKE (subplatform=0x1) gen=9
"""
    dumps = facts(tmp_path, log=log)
    assert (dumps.cpu, dumps.value("device_id")) == ("cometlake", 0x9BCA)
    assert (dumps.value("bdsm"), dumps.value("asls"), dumps.value("ggc")) == (0x7B800000, 0x79880018, 0x02C0)


def test_iomem_of_an_unprivileged_reader(tmp_path):
    hidden = "".join(f"00000000-00000000 : {line.split(' : ')[1]}\n" for line in IOMEM.splitlines())
    dumps = facts(tmp_path, lspci=E6540, iomem=hidden)
    assert "iomem: every address is zero: it was read without root" in notes(dumps)
    assert not dumps.iomem


def test_a_lock_bit_that_leaked_into_iomem(tmp_path):
    """Apollo Lake, genodelabs/genode#5066: 7c000001-7ffffffe."""
    iomem = "00100000-7bffffff : System RAM\n7c000001-7ffffffe : Graphics Stolen Memory\n"
    dumps = facts(tmp_path, ids="00:02.0 0300: 8086:5a85 (rev 0b)\n", iomem=iomem)
    assert (dumps.cpu, dumps.value("bdsm"), dumps.value("stolen_size")) == ("apollolake", 0x7C000000, 64 << 20)
    assert any("lock bit leaked" in note for note in notes(dumps))


def test_a_gemini_lake_with_vga_disabled(tmp_path):
    """MrChromebox/firmware#1010: 00:00.0@50 = 02c3, BDSM@5c = 7c000001."""
    rows = bytearray(256)
    rows[0:12] = bytes.fromhex("8680853100000000 03008003")
    rows[0x5C:0x60] = bytes.fromhex("0100007c")
    rows[0x50:0x52] = bytes.fromhex("c302")
    e820 = "BIOS-e820: [mem 0x00100000-0x799d5fff] usable\nBIOS-e820: [mem 0x799d6000-0x7fffffff] reserved\n"
    result = import_host([folder(tmp_path, igd=bytes(rows), e820=e820)])
    assert (result.dumps.cpu, result.dumps.value("ggc")) == ("geminilake", 0x02C3)
    assert "bdsm-reserved" in [check.id for check in result.checks if check.ok]


def test_inteltool_and_register_dumps(tmp_path):
    tool = "CPU: ID 0x306c3\nNorthbridge: 8086:0c04 (x)\nSouthbridge: 8086:8c4f (QM87)\nIGD: 8086:0416 (HD 4600)\n"
    registers = "   GGC (0x00108040): 0x00000209\n   DSMBASE (0x001080c0): 0xcd200001\n   X (0x00044024): 0x0\n"
    dumps = facts(tmp_path, tool=tool, regs=registers)
    assert (dumps.value("device_id"), dumps.value("lpc_id"), dumps.value("ggc")) == (0x0416, 0x8C4F, 0x0209)
    assert dumps.value("bdsm") == 0xCD200001


def test_binaries_go_into_the_host_file(tmp_path, data_vbt):
    region = build_opregion(data_vbt)
    place = folder(tmp_path, lspci=E6540, a=region, **{"HDMI-A-1__edid": default_edid()})
    out = tmp_path / "host.toml"
    import_host([place], out)
    scenario = load(out)
    assert scenario.host.opregion == str(place / "a")
    assert [(each.port, each.edid) for each in scenario.display] == [("hdmi-b", str(place / "HDMI-A-1.edid"))]


def test_gzip_files_are_unpacked_beside_the_host_file(tmp_path, data_vbt):
    files = {"x__gz": gzip.compress(E6540.encode()), "y": gzip.compress(build_opregion(data_vbt))}
    out = tmp_path / "host.toml"
    import_host([folder(tmp_path, **files)], out)
    scenario = load(out)
    assert scenario.host.asls == 0xCA7F9018
    assert scenario.host.opregion == str(tmp_path / "host.opregion")
    assert (tmp_path / "host.opregion").read_bytes() == build_opregion(data_vbt)


def test_a_bare_vbt_becomes_an_opregion(tmp_path, data_vbt):
    out = tmp_path / "host.toml"
    import_host([folder(tmp_path, lspci=E6540, i915_vbt=data_vbt)], out)
    assert load(out).host.opregion == str(tmp_path / "host.opregion")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("i915_opregion", b"\x55\xaa" + bytes(600), "not what its name says"),
        ("i915_opregion", b"", "is empty: reading it failed, or nobody did"),
        ("i915_opregion", b"cat: Permission denied\n", "not what its name says; nothing was taken"),
        ("igd.rom", b"IntelGraphicsMem" + bytes(100), "the OpRegion is cut off"),
        ("igd.rom", b"\x7fELF" + bytes(600), "not what its name says; nothing was taken"),
        ("dmesg", E6540.encode(), "not what its name says"),
        ("iomem", b"hello\n", "not what its name says; nothing was taken"),
        ("vendor.rom", bytes([255] * 16) + b"\x5a\xa5\xf0\x0f" + bytes(64), "not what its name says"),
        ("x.rom", b"\x55\xaa\x01", "a ROM that cannot be run"),
        ("config", b"\xff" * 256, "the device did not answer"),
        ("x.gz", gzip.compress(b"x" * 99, mtime=0)[:12], "the gzip file is cut off"),
    ],
)
def test_a_dump_that_is_not_what_its_name_says(tmp_path, name, content, said):
    place = folder(tmp_path, lspci__txt=E6540)
    (place / name).write_bytes(content)
    dumps = import_host([place]).dumps
    assert any(said in note for note in notes(dumps)), notes(dumps)
    assert dumps.value("bdsm") == 0xCD200001


def test_a_display_of_another_vendor(tmp_path):
    raw = config(IGD)
    place = folder(tmp_path, **{"pci-00-02__0__config": b"\x34\x12" + raw[2:], "pci-00-00__0__config": config(BRIDGE)})
    with pytest.raises(FwsimError, match="do not show the IGD") as error:
        import_host([place])
    assert "pci-00-02.0.config: 00:02.0 is not Intel's" in error.value.found


def test_only_64_bytes_without_root(tmp_path):
    short = "\n".join(E6540.splitlines()[:1] + IGD.splitlines()[:10])
    dumps = facts(tmp_path, lspci=short)
    assert any("only the first 64 bytes of 00:02.0" in note for note in notes(dumps))
    assert dumps.best("bdsm") is None


def test_a_guest_is_no_host(tmp_path):
    bridge = BRIDGE.replace("86 80 04 0c", "86 80 37 12")
    dumps = facts(tmp_path, lspci=bridge + IGD)
    assert dumps.guest_of == "QEMU's i440FX"


def test_what_no_scenario_may_have_is_left_out_and_said(tmp_path):
    out = tmp_path / "host.toml"
    dmesg = "Reserving Intel graphics memory at [mem 0xcd280000-0xcf27ffff]\n"
    result = import_host([folder(tmp_path, ids="00:02.0 0300: 8086:0416\n", dmesg=dmesg)], out)
    assert "bdsm" not in [line.split(" = ")[0] for line in out.read_text().splitlines()]
    assert "dmesg:1: bdsm was not taken: stolen memory base is not aligned" in notes(result.dumps)


def test_two_monitors_on_one_port(tmp_path):
    """An EDID without a connector's name goes to the usual port, which VGA-1 has already."""
    out = tmp_path / "host.toml"
    result = import_host([folder(tmp_path, lspci=E6540, a=default_edid(), **{"VGA-1__edid": default_edid()})], out)
    assert [each.port for each in load(out).display] == ["crt"]
    assert "a: a second monitor on one port, not taken" in notes(result.dumps)


def test_an_opregion_goes_before_a_vbt(tmp_path, data_vbt):
    region = build_opregion(data_vbt, 0x0200)
    files = {"lspci": E6540, "a__gz": gzip.compress(region), "i915_vbt": data_vbt + bytes(8)}
    import_host([folder(tmp_path, **files)], tmp_path / "host.toml")
    assert (tmp_path / "host.opregion").read_bytes() == region


def test_force_spares_the_dumps(tmp_path):
    place = folder(tmp_path, lspci=E6540)
    with pytest.raises(FwsimError, match="is one of the dumps"):
        import_host([place], place / "lspci", force=True)
    assert (place / "lspci").read_text() == E6540
    for _ in range(2):
        import_host([place], place / "host.toml", force=True)


def test_a_reserved_range_below_its_own_size(tmp_path):
    log = "GEN6_STOLEN_RESERVED = 00100007\nMemory reserved for graphics device: 65536K, usable: 64512K\n"
    dumps = facts(tmp_path, ids="00:02.0 Class 0300: 8086:9bca\n", log=log)
    assert dumps.best("bdsm") is None


def test_a_log_saved_as_utf_16(tmp_path):
    dumps = facts(tmp_path, lspci=E6540, log=DMESG.encode("utf-16"))
    assert len(dumps.e820) == 6


def test_two_machines_in_one_folder(tmp_path):
    dumps = facts(tmp_path, a=E6540, b=E6540.replace("18 90 7f ca", "18 50 9f da"))
    assert [first.name for first, _ in dumps.disagreements()] == ["asls"]
    dumps = import_host([tmp_path / "dumps/a", tmp_path / "dumps/b"]).dumps
    assert [first.value for first, _ in dumps.disagreements()] == [0xCA7F9018]


def test_a_rom_of_another_device(tmp_path, own_rom):
    out = tmp_path / "host.toml"
    foreign = bytearray(own_rom.read_bytes())
    pcir = foreign.index(b"PCIR")
    foreign[pcir + 4 : pcir + 6] = b"\x02\x10"
    result = import_host([folder(tmp_path, lspci=E6540, a=bytes(foreign), b=own_rom.read_bytes())], out)
    assert "a: another device's ROM, not taken" in notes(result.dumps)
    assert load(out).rom.file == str(tmp_path / "dumps/b")


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", bytes(range(256)) * 9, b"00:02.0\n", b"\x1f\x8b\x08", b"{}"], ids=repr
)
def test_nothing_that_tells_of_a_machine(tmp_path, content):
    with pytest.raises(FwsimError, match="nothing here tells") as error:
        read_dumps([folder(tmp_path, x=content)])
    assert error.value.hint
    assert error.value.expected


def test_no_igd(tmp_path):
    with pytest.raises(FwsimError, match="do not show the IGD"):
        import_host([folder(tmp_path, lspci=BRIDGE)])


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(FwsimError, match="no such file"):
        import_host([tmp_path / "none"])


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FwsimError, match="no such folder"):
        import_host([folder(tmp_path, lspci=E6540)], tmp_path / "none/host.toml")


def test_what_is_there_is_not_replaced(tmp_path):
    out = tmp_path / "host.toml"
    out.write_text("mine")
    with pytest.raises(FwsimError, match="exists already"):
        import_host([folder(tmp_path, lspci=E6540)], out)
    assert out.read_text() == "mine"
    import_host([tmp_path / "dumps"], out, force=True)
