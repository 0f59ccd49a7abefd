import pytest

from fwsim.errors import FwsimError
from fwsim.registers.core import RESERVED, Field, Register, decode
from fwsim.registers.database import all_at, by_name, check, name_of, registers


def test_nothing_is_wrong_with_the_database():
    assert check() == []


def test_size():
    assert len(registers()) > 500


# Registers that real images were seen to use, by where they were seen.
SEEN = [
    ("mmio", 0x70008, "sandybridge", "PIPECONF_A"),
    ("mmio", 0x72008, "ivybridge", "PIPECONF_C"),
    ("mmio", 0x70000, "965", "PIPEDSL_A"),
    ("mmio", 0x70024, "965", "PIPESTAT_A"),
    ("mmio", 0x1F0024, "baytrail", "PIPESTAT_A"),
    ("mmio", 0xC5100, "haswell", "GMBUS0"),
    ("mmio", 0xC5108, "apollolake", "GMBUS2"),
    ("mmio", 0x185100, "cherryview", "GMBUS0"),
    ("mmio", 0x5100, "965", "GMBUS0"),
    ("mmio", 0xC5010, "skylake", "GPIOCTL_0"),
    ("mmio", 0x61110, "965", "PORT_HOTPLUG_EN"),
    ("mmio", 0x61114, "965", "PORT_HOTPLUG_STAT"),
    ("mmio", 0x61100, "965", "ADPA"),
    ("mmio", 0x61200, "965", "PP_STATUS"),
    ("mmio", 0xE1100, "ivybridge", "ADPA"),
    ("mmio", 0xF0008, "sandybridge", "PCH_TRANSCONF_A"),
    ("mmio", 0xF0014, "sandybridge", "FDI_RX_IIR_A"),
    ("mmio", 0x60100, "ivybridge", "FDI_TX_CTL_A"),
    ("mmio", 0xF000C, "ivybridge", "FDI_RX_CTL_A"),
    ("mmio", 0xC7200, "ivybridge", "PP_STATUS"),
    ("mmio", 0x64010, "ivybridge", "DP_AUX_CH_CTL_A"),
    ("mmio", 0xE4110, "ivybridge", "DP_AUX_CH_CTL_B"),
    ("mmio", 0x64114, "skylake", "DP_AUX_CH_DATA_B0"),
    ("mmio", 0xE1180, "ivybridge", "LVDS"),
    ("mmio", 0x45400, "haswell", "PWR_WELL_CTL_BIOS"),
    ("mmio", 0x4540C, "skylake", "PWR_WELL_CTL_DEBUG"),
    ("mmio", 0xC6008, "haswell", "SBI_CTL_STAT"),
    ("mmio", 0x130040, "haswell", "LCPLL_CTL"),
    ("mmio", 0x64000, "haswell", "DDI_BUF_CTL_A"),
    ("mmio", 0x64144, "haswell", "DP_TP_STATUS_B"),
    ("mmio", 0x46000, "skylake", "CDCLK_CTL"),
    ("mmio", 0x42000, "coffeelake", "FUSE_STATUS"),
    ("mmio", 0x46010, "kabylake", "LCPLL1_CTL"),
    ("mmio", 0x6C060, "skylake", "DPLL_STATUS"),
    ("mmio", 0x138124, "skylake", "PCODE_MAILBOX"),
    ("mmio", 0x45008, "skylake", "DBUF_CTL"),
    ("mmio", 0xC2014, "coffeelake", "SFUSE_STRAP"),
    ("mmio", 0xC4000, "skylake", "SDE_ISR"),
    ("mmio", 0x46070, "apollolake", "DE_PLL_ENABLE"),
    ("mmio", 0x138090, "apollolake", "P_CR_GT_DISP_PWRON"),
    ("mmio", 0x162000, "apollolake", "PORT_CL1CM_DW0_A"),
    ("mmio", 0x6C18C, "apollolake", "PORT_REF_DW3_BC"),
    ("mmio", 0x46074, "apollolake", "BXT_PORT_PLL_ENABLE_A"),
    ("mmio", 0x44440, "apollolake", "DE_PORT_ISR"),
    ("mmio", 0x182100, "baytrail", "IOSF_DOORBELL_REQ"),
    ("mmio", 0x186508, "cherryview", "CZCLK_CDCLK_FREQ_RATIO"),
    ("mmio", 0x186014, "baytrail", "DPLL_A"),
    ("mmio", 0x1E4110, "baytrail", "DP_AUX_CH_CTL_B"),
    ("mmio", 0x1E1200, "baytrail", "PP_STATUS_A"),
    ("mmio", 0x1E1114, "cherryview", "PORT_HOTPLUG_STAT"),
    ("mmio", 0x1E0104, "cherryview", "DISPLAY_PHY_STATUS"),
    ("mmio", 0x71400, "965", "VGACNTRL"),
    ("mmio", 0x41000, "haswell", "VGACNTRL"),
    ("mmio", 0x1F1400, "baytrail", "VGACNTRL"),
    ("mmio", 0x68074, "haswell", "PF_WIN_SZ_A"),
    ("mmio", 0x68174, "skylake", "PS_WIN_SZ_1A"),
    ("mmio", 0x7019C, "ivybridge", "DSPSURF_A"),
    ("mmio", 0x7019C, "skylake", "PLANE_SURF_1A"),
    ("mmio", 0x6001C, "cherryview", None),
    ("mmio", 0x1E001C, "cherryview", "PIPESRC_A"),
    ("mmio", 0x2020, "965", "PGTBL_CTL"),
    ("mmio", 0x2020, "haswell", None),
    ("mmio", 0x2170, "915", "GFX_FLSH_CNTL"),
    ("mmio", 0x20C4, "965", "PGTBL_CTL2"),
    ("mmio", 0x108040, "skylake", "GGC_MIRROR"),
    ("mmio", 0x1080C0, "sandybridge", "DSMBASE"),
    ("mmio", 0x1080C4, "tigerlake", "DSMBASE"),
    ("mmio", 0x1080C4, "skylake", None),
    ("mmio", 0x108100, "tigerlake", "GSMBASE"),
    ("mmio", 0x1082C0, "cometlake", "STOLEN_RESERVED"),
    ("mmio", 0xD48, "tigerlake", "RC6_CTX_BASE"),
    ("mmio", 0x45010, "ivybridge", "MSG_CTL"),
    ("mmio", 0xC2004, "ivybridge", "SOUTH_CHICKEN2"),
    ("mmio", 0xD0100, "ivybridge", "NSDE_PWR_STATE"),
    ("pci", 0x1005E, "haswell", "BDSM"),
    ("pci", 0x100C0, "tigerlake", "BDSM"),
    ("pci", 0x100C0, "855", "HPLLCC"),
    ("pci", 0x10062, "skylake", "MSAC"),
    ("pci", 0x100F0, "965", "GCFGC"),
    ("pci", 0x100F4, "965", "LBPC"),
    ("pci", 0x100FC, "haswell", "ASLS"),
    ("pci", 0x1001A, "skylake", "GMADR"),
    ("pci", 0x10020, "skylake", "IOBAR"),
    ("pci", 0x50, "haswell", "GGC"),
    ("pci", 0x52, "965", "GMCH_CTRL"),
    ("pci", 0xB0, "haswell", "BDSM"),
    ("pci", 0x63, "845", "DRB3"),
    ("pci", 0x91, "830", "ESMRAMC"),
    ("pci", 0xC4, "865", "TOUD"),
    ("pci", 0xF8002, "skylake", "LPC_DID"),
    ("pci", 0xF8040, "haswell", "PMBASE"),
    ("pci", 0xFA040, "skylake", "PMBASE"),
    ("iobar", 0x4, "haswell", "IO_DATA"),
    ("iobar", 0x0, "meteorlake", None),
    ("gfx", 0x11, "skylake", "GR11"),
    ("port", 0x3DA, "skylake", "INPUT_STATUS1_COLOUR"),
    ("dpcd", 0x202, "baytrail", "LANE_STATUS_01"),
    ("iosf", 0x40061, "cherryview", "PUNIT_PWRGT_STATUS"),
    ("iosf", 0x40139, "cherryview", "PUNIT_DDR_SETUP2"),
    ("vtd", 0x34, "skylake", "FSTS"),
    ("opregion", 0x3BA, "skylake", "RVDA"),
    ("vbt", 0x1A, "skylake", "VBT_CHECKSUM"),
    ("bdb", 2, "skylake", "BDB_BLOCK_2"),
]  # fmt: skip


@pytest.mark.parametrize(("space", "address", "cpu", "name"), SEEN)
def test_names_of_what_real_images_use(space, address, cpu, name):
    hit = name_of(space, address, cpu)
    assert (hit and hit.name) == name


def test_a_generation_number_gives_the_form_of_most_of_its_families():
    assert name_of("mmio", 0x70180, 7).name == "DSPCNTR_A"
    assert name_of("mmio", 0x44040, 7).name == "ERR_INT"


def test_forms_that_differ_within_one_address():
    names = {hit.register.__name__ for hit in all_at("mmio", 0x46000, None)}
    assert names == {"FDI_PLL_BIOS_0", "CDCLK_CTL"}


def fields(space, address, cpu, value):
    return {row.field: (row.value, row.meaning) for row in decode(name_of(space, address, cpu), value)}


def test_decoding_real_values():
    """Values of real dumps: Haswell 00:02.0 (E6540), Comet Lake's stolen-reserved, a Gemini Lake's GGC."""
    ggc = fields("pci", 0x10050, "haswell", 0x0209)
    assert ggc["GMS"] == (1, "32 MiB stolen")
    assert ggc["GGMS"] == (2, "2 MiB for the GTT")
    assert ggc["LOCK"][0] == 1
    assert fields("pci", 0x1005C, "haswell", 0xCD200001)["BASE"][1].endswith("0xcd200000")
    assert fields("pci", 0x10018, "haswell", 0xD000000C)["TYPE"] == (2, "64-bit")
    reserved = fields("mmio", 0x1082C0, "cometlake", 0x7F700047)
    assert reserved["BASE"][1].endswith("0x7f700000")
    assert reserved["SIZE_BDW"][1] == "1 MiB"
    glk = fields("pci", 0x50, "geminilake", 0x02C3)
    assert glk["GMS"][1] == "64 MiB stolen"
    assert glk["IVD"][0] == 1
    plane = fields("mmio", 0x70180, "cometlake", 0xC4042400)
    assert plane["FORMAT"][1] == "RGB 8:8:8:8 (32 bpp)"
    assert fields("mmio", 0x46000, "skylake", 0x2A1)["DECIMAL"][1] == "337.5 MHz"


def test_fault_record():
    """Fault reason 6, a read from 00:02.0."""
    high = fields("vtd", 0x208, "skylake", 1 << 63 | 1 << 62 | 6 << 32 | 0x10)
    assert high["FR"] == (6, "no read permission")
    assert high["T"] == (1, "read")
    assert high["SID"][0] == 0x10


def test_by_name():
    assert {place.address & 0xFFF for form in by_name("bdsm") for place in form.places} == {0x5C, 0xC0, 0xB0}
    assert by_name("PIPECONF_B")[0].name == "PIPECONF"
    with pytest.raises(FwsimError) as error:
        by_name("BDSN")
    assert "BDSM" in error.value.expected


def test_the_checker_sees_what_is_wrong():
    from fwsim.registers.database import _check_fields, _clashes

    class Overlapping(Register, at={"7": 0x10}, source="made up", gaps=RESERVED):
        """Two fields on one bit."""

        A = Field(3, 0, "a")
        B = Field(4, 3, "b")

    class Gaping(Register, at={"7": 0x12}, source="made up", width=2):
        """Bits without a field."""

        A = Field(3, 0, "a")
        PAST = Field(16, 16, "outside")

    class Lockable(Register, at={"7": 0x14}, access="lock", source="made up"):
        """A register without the bit that locks it."""

        ALL = Field(31, 0, "all")

    assert any("overlap" in text for text in _check_fields(Overlapping))
    assert list(_check_fields(Lockable)) == ["Lockable: to be locked, but without a field LOCK"]
    assert any("without a reason" in text for text in _check_fields(Gaping))
    assert any("outside" in text for text in _check_fields(Gaping))
    assert any("share" in text for text in _clashes([Overlapping, Gaping]))


@pytest.mark.parametrize("pattern", [0, 0x5555555555555555, 0xAAAAAAAAAAAAAAAA, 0xFFFFFFFFFFFFFFFF])
def test_decoding_hides_no_bit_of_any_register(pattern):
    for register in registers():
        value = pattern & ((1 << (8 * register.width)) - 1)
        for family in sorted(register.families()):
            place = next(place for place in register.places if family in place.families)
            total = 0
            for row in decode(name_of(register.space, place.address, family), value):
                total |= row.value << int(row.bits.rpartition(":")[2])
            assert total == value, (register.name, family)
