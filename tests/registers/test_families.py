import pytest

from fwsim.errors import FwsimError
from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.registers.families import families, family, family_of_device

MIB = 1 << 20

NAMES = (
    *("830", "845", "855", "865", "915", "945", "965", "G33", "G45", "GM45", "ironlake", "sandybridge", "ivybridge"),
    *("haswell", "broadwell", "baytrail", "cherryview", "skylake", "apollolake", "geminilake", "kabylake"),
    *("coffeelake", "cometlake", "icelake", "elkhartlake", "jasperlake", "tigerlake", "rocketlake", "alderlake"),
    *("raptorlake", "meteorlake", "cannonlake", "alderlake-p"),
)

# gen, PTE bytes, BAR0 bytes, GTT offset, its BAR: the layouts of Linux intel_ggtt.c and intel-agp.h.
LAYOUT = {
    "855": (2, 4, 256 * MIB, 0x10000, 1),
    "945": (3, 4, MIB // 2, 0, 3),
    "965": (4, 4, MIB, MIB // 2, 0),
    "GM45": (4, 4, 4 * MIB, 2 * MIB, 0),
    "ironlake": (5, 4, 4 * MIB, 2 * MIB, 0),
    "sandybridge": (6, 4, 4 * MIB, 2 * MIB, 0),
    "haswell": (7, 4, 4 * MIB, 2 * MIB, 0),
    "baytrail": (7, 4, 4 * MIB, 2 * MIB, 0),
    "broadwell": (8, 8, 16 * MIB, 8 * MIB, 0),
    "cherryview": (8, 8, 16 * MIB, 8 * MIB, 0),
    "skylake": (9, 8, 16 * MIB, 8 * MIB, 0),
    "icelake": (11, 8, 16 * MIB, 8 * MIB, 0),
    "cannonlake": (10, 8, 16 * MIB, 8 * MIB, 0),
    "tigerlake": (12, 8, 16 * MIB, 8 * MIB, 0),
    "alderlake-p": (13, 8, 16 * MIB, 8 * MIB, 0),
    "meteorlake": (13, 8, 16 * MIB, 8 * MIB, 0),
}


def test_every_host_cpu_is_there():
    assert sorted(row.name for row in families()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_alone_is_a_complete_host(name):
    row = family(name)
    assert row.stolen_size > 0
    assert row.bdsm % MIB == 0
    assert row.bdsm + row.stolen_size == row.tolud
    assert row.bar(row.aperture_bar).size == 256 * MIB
    assert row.bar(row.mmio_bar).size >= row.mmio_size
    assert row.gtt_offset + row.gtt_size <= row.bar(row.gtt_bar).size
    assert row.displays
    assert row.origin
    assert not row.asls or row.asls < row.bgsm or row.asls < row.bdsm
    taken = [bar.index for bar in row.bars] + [bar.index + 1 for bar in row.bars if bar.is64]
    assert len(taken) == len(set(taken))
    assert max(taken) <= 5


@pytest.mark.parametrize(("name", "expected"), LAYOUT.items())
def test_layout(name, expected):
    row = family(name)
    assert (row.gen, row.pte_width, row.bar(0).size, row.gtt_offset, row.gtt_bar) == expected


def test_the_haswell_dump():
    """Dell Latitude E6540: lspci -xxxx of 00:00.0 and 00:02.0 (frostiefops/e6540-coreboot-resources)."""
    row = family("haswell")
    assert (row.device_id, row.host_bridge_id, row.revision) == (0x0416, 0x0C04, 6)
    assert row.ggc == 0x0209
    assert (row.bdsm, row.bgsm, row.tolud, row.asls) == (0xCD200000, 0xCD000000, 0xCF200000, 0xCA7F9018)
    assert [(bar.offset, bar.type_bits) for bar in row.bars] == [(0x10, 4), (0x18, 0xC), (0x20, 1)]


def test_gen11_host():
    """A real host: GSM 4c000000-4c7fffff, DSM 4c800000-503fffff."""
    row = family("icelake")
    assert (row.bgsm, row.gsm_size, row.bdsm, row.bdsm + row.stolen_size - 1) == (
        0x4C000000,
        0x800000,
        0x4C800000,
        0x503FFFFF,
    )
    assert (row.bdsm_register, row.bdsm_width) == (0xC0, 8)


def test_bdsm_is_a_row():
    assert [family(name).bdsm_register for name in ("845", "915", "cometlake", "icelake", "meteorlake")] == [
        None,
        0x5C,
        0x5C,
        0xC0,
        None,
    ]


def test_aliases_and_case():
    assert family("Valleyview").name == "baytrail"
    assert family("g33").name == "G33"
    assert family("raptorlake-p").name == "alderlake-p"


def test_unknown_name_lists_the_names_and_the_nearest():
    with pytest.raises(FwsimError) as error:
        family("sandybrige")
    assert "sandybridge" in error.value.hint
    assert "meteorlake" in error.value.expected


@pytest.mark.parametrize(
    ("device_id", "name"),
    [(0x0126, "sandybridge"), (0x0166, "ivybridge"), (0x0A16, "haswell"), (0x5917, "kabylake"), (0x3E9B, "coffeelake"),
     (0x22B1, "cherryview"), (0x5A85, "apollolake"), (0x9A49, "tigerlake"), (0x2A02, "965"), (0x5A52, "cannonlake"),
     (0x4680, "alderlake"), (0x46A6, "alderlake-p"), (0x46D0, "alderlake-p"), (0xA7A0, "alderlake-p"),
     (0x7D55, "meteorlake")],
)  # fmt: skip
def test_family_of_device(device_id, name):
    assert family_of_device(device_id).name == name


def test_family_of_an_unknown_device():
    assert family_of_device(0x1234) is None


def test_device_ids_are_unique_and_cover_the_defaults():
    every = [number for ids in DEVICE_IDS.values() for number in ids]
    assert len(every) == len(set(every))
    assert set(DEVICE_IDS) == set(NAMES)
    for row in families():
        assert row.device_id in DEVICE_IDS[row.name]


def test_images_accept_the_default_bridges():
    """Skylake images know a145, 9d48, a2c5 and 9d4e at 1f.0, Coffee Lake's a305 and 9d84: others loop for ever."""
    assert family("skylake").lpc_id in (0xA145, 0x9D48, 0xA2C5, 0x9D4E)
    assert family("kabylake").lpc_id in (0xA145, 0x9D48, 0xA2C5, 0x9D4E)
    assert family("coffeelake").lpc_id in (0xA305, 0x9D84)
