"""The rows of the graphics devices: every host cpu from the 830 to Meteor Lake.

Sources: Linux include/drm/intel/pciids.h (device ids), char/agp/intel-agp.h and i915 gt/intel_ggtt.c (BARs, GTT
offsets), coreboot src/include/device/pci_ids.h (bridges), Intel datasheets. Where a real machine's dump is known its
addresses are used and named in ``origin``; elsewhere TOLUD is a usual value and BDSM = TOLUD - GMS,
BGSM = BDSM - GGMS. Apertures are 256 MiB.
"""

from typing import TypedDict

from fwsim.registers.family import Bar, Family
from fwsim.registers.gms import GGMS, GMS, SizeRule

_K = 1 << 10
_M = 1 << 20
_APERTURE = 256 * _M


class _Layout(TypedDict):
    """The fields that a whole line of families shares."""

    gen: int
    pte: str
    bars: tuple[Bar, ...]
    mmio_bar: int
    mmio_size: int
    gtt_bar: int
    gtt_offset: int
    gtt_size: int
    aperture_bar: int
    io_bar: int | None
    ggc_bridge: int
    ggc_igd: int | None
    gms: SizeRule
    ggms: SizeRule | None
    bdsm_register: int | None
    bdsm_width: int


def _gen2(io: bool, gms: str) -> _Layout:
    """830 and 845 (no I/O BAR), 855 and 865: aperture in BAR0, registers and GTT in BAR1."""
    bars = (Bar(0, _APERTURE, "pref", False, "GMADR"), Bar(1, 512 * _K, "mem", False, "MMADR"))
    return {
        "gen": 2,
        "pte": "gen2",
        "bars": (*bars, Bar(2, 8, "io", False, "IOBAR")) if io else bars,
        "mmio_bar": 1,
        "mmio_size": 512 * _K,
        "gtt_bar": 1,
        "gtt_offset": 0x10000,
        # The window ends at 0x30000, where the overlay registers begin: it maps the aperture's lower 128 MiB.
        "gtt_size": 128 * _K,
        "aperture_bar": 0,
        "io_bar": 2 if io else None,
        "ggc_bridge": 0x52,
        "ggc_igd": 0x52 if io else None,
        "gms": GMS[gms],
        "ggms": None,
        "bdsm_register": None,
        "bdsm_width": 0,
    }


def _gen3(gtt: int, ggms: str | None) -> _Layout:
    """915, 945 and G33: registers in BAR0, I/O in BAR1, aperture in BAR2, the GTT in a BAR of its own."""
    return {
        "gen": 3,
        "pte": "gen2",
        "bars": (
            Bar(0, 512 * _K, "mem", False, "MMADR"),
            Bar(1, 8, "io", False, "IOBAR"),
            Bar(2, _APERTURE, "pref", False, "GMADR"),
            Bar(3, gtt, "mem", False, "GTTADR"),
        ),
        "mmio_bar": 0,
        "mmio_size": 512 * _K,
        "gtt_bar": 3,
        "gtt_offset": 0,
        "gtt_size": gtt,
        "aperture_bar": 2,
        "io_bar": 1,
        "ggc_bridge": 0x52,
        "ggc_igd": 0x52,
        "gms": GMS["i855"],
        "ggms": GGMS[ggms] if ggms else None,
        "bdsm_register": 0x5C,
        "bdsm_width": 4,
    }


def _combined(gen: int, pte: str, half: int, gms: str, ggms: str | None, io: int = 64) -> _Layout:
    """Gen 4 on: BAR0 of twice ``half`` bytes, registers first, then the GTT; BAR2 aperture; BAR4 ``io`` ports."""
    old = gen < 6
    return {
        "gen": gen,
        "pte": pte,
        "bars": (
            Bar(0, 2 * half, "mem", True, "GTTMMADR"),
            Bar(2, _APERTURE, "pref", True, "GMADR"),
            Bar(4, io, "io", False, "IOBAR"),
        ),
        "mmio_bar": 0,
        "mmio_size": half,
        "gtt_bar": 0,
        "gtt_offset": half,
        "gtt_size": half,
        "aperture_bar": 2,
        "io_bar": 4,
        "ggc_bridge": 0x52 if old else 0x50,
        "ggc_igd": 0x52 if old else 0x50,
        "gms": GMS[gms],
        "ggms": GGMS[ggms] if ggms else None,
        "bdsm_register": 0xC0 if gen >= 11 else 0x5C,
        "bdsm_width": 8 if gen >= 11 else 4,
    }


def _gen6(pte: str, gen: int = 7) -> _Layout:
    return _combined(gen, pte, 2 * _M, "gen6", "gen6")


def _gen8(gen: int, pte: str, gms: str = "gen9", ggms: str = "gen8") -> _Layout:
    return _combined(gen, pte, 8 * _M, gms, ggms)


def _meteorlake() -> _Layout:
    """Stolen memory is seen through LMEMBAR (BAR2) at 8 MiB; no I/O BAR, and no BDSM in configuration space."""
    layout = _gen8(13, "mtl")
    layout["bars"] = (Bar(0, 16 * _M, "mem", True, "GTTMMADR"), Bar(2, _APERTURE, "pref", True, "LMEMBAR"))
    layout["io_bar"] = None
    layout["bdsm_register"] = None
    layout["bdsm_width"] = 0
    return layout


_ARITHMETIC = "a usual TOLUD; BDSM = TOLUD - GMS"
_SNB_HOST = "a ThinkPad X220 host: BDSM dba00000, ASLS da9f5018, GGC 0209"
_GEN11_HOST = "a gen 11 host's GSM 4c000000-4c7fffff, DSM 4c800000-503fffff (60 MiB)"

ROWS: tuple[Family, ...] = (
    Family(
        **_gen2(False, "i830"), name="830", title="i830M (Almador)", ggc=0x0040, bdsm=0x1F800000, tolud=0x20000000,
        asls=0, device_id=0x3577, revision=0x04, host_bridge_id=0x3575, lpc_id=0x248C, pch="ICH3-M",
        displays=("crt",), panel="lvds", origin=f"512 MiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen2(False, "i830"), name="845", title="i845G (Brookdale)", ggc=0x0040, bdsm=0x1F800000, tolud=0x20000000,
        asls=0, device_id=0x2562, revision=0x01, host_bridge_id=0x2560, lpc_id=0x24C0, pch="ICH4",
        displays=("crt",), panel="", origin=f"512 MiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen2(True, "i855"), name="855", title="i855GM (Montara)", ggc=0x0030, bdsm=0x1F800000, tolud=0x20000000,
        asls=0, device_id=0x3582, revision=0x02, host_bridge_id=0x3580, lpc_id=0x24CC, pch="ICH4-M",
        displays=("crt",), panel="lvds", origin=f"512 MiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen2(True, "i855"), name="865", title="i865G (Springdale)", ggc=0x0030, bdsm=0x3F800000, tolud=0x40000000,
        asls=0, device_id=0x2572, revision=0x02, host_bridge_id=0x2570, lpc_id=0x24D0, pch="ICH5",
        displays=("crt",), panel="", origin=f"1 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen3(256 * _K, None), name="915", title="915G (Grantsdale)", ggc=0x0030, bdsm=0x3F800000, tolud=0x40000000,
        asls=0x3F6D0000, device_id=0x2582, revision=0x04, host_bridge_id=0x2580, lpc_id=0x2640, pch="ICH6",
        displays=("crt",), panel="lvds", origin=f"1 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen3(256 * _K, None), name="945", title="945GM (Calistoga)", ggc=0x0030, bdsm=0x3F800000, tolud=0x40000000,
        asls=0x3F6D0000, device_id=0x27A2, revision=0x03, host_bridge_id=0x27A0, lpc_id=0x27B9, pch="ICH7-M",
        displays=("crt",), panel="lvds", origin=f"1 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen3(_M, "g33"), name="G33", title="G33 (Bearlake)", ggc=0x0130, bdsm=0x7F800000, tolud=0x80000000,
        asls=0x7F5D0000, device_id=0x29C2, revision=0x02, host_bridge_id=0x29C0, lpc_id=0x2918, pch="ICH9",
        displays=("crt",), panel="", origin=f"2 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_combined(4, "gen4", 512 * _K, "i855", None, 8), name="965", title="965GM (Crestline)", ggc=0x0030,
        bdsm=0xBF800000, tolud=0xC0000000, asls=0xBF6D0000, device_id=0x2A02, revision=0x0C, host_bridge_id=0x2A00,
        lpc_id=0x2815, pch="ICH8-M", displays=("crt",), panel="lvds",
        origin="bf800000, baked into an X61's posted image (hellisabove/coreboot-x61); the GTT is the last 512 KiB",
    ),
    Family(
        **_combined(4, "gen4", 2 * _M, "i855", "g4x", 8), name="G45", title="G45 (Eaglelake)", ggc=0x0350,
        bdsm=0xBE000000, tolud=0xC0000000, asls=0xBDBD0000, device_id=0x2E22, revision=0x03, host_bridge_id=0x2E20,
        lpc_id=0x3A16, pch="ICH10", displays=("crt",), panel="", origin=f"4 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_combined(4, "gen4", 2 * _M, "i855", "g4x", 8), name="GM45", title="GM45 (Cantiga)", ggc=0x0350,
        bdsm=0xBE000000, tolud=0xC0000000, asls=0xBDBD0000, device_id=0x2A42, revision=0x07, host_bridge_id=0x2A40,
        lpc_id=0x2917, pch="ICH9-M", displays=("crt",), panel="lvds", origin=f"4 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_combined(5, "gen4", 2 * _M, "i855", "g4x", 8), name="ironlake", title="Ironlake (Arrandale)", ggc=0x0350,
        bdsm=0xBE000000, tolud=0xC0000000, asls=0xBB9F5018, device_id=0x0046, revision=0x02, host_bridge_id=0x0044,
        lpc_id=0x3B07, pch="Ibex Peak", displays=("crt",), panel="lvds", origin=f"4 GiB of RAM: {_ARITHMETIC}",
    ),
    Family(
        **_gen6("gen6", 6), name="sandybridge", title="Sandy Bridge", ggc=0x0209, bdsm=0xDBA00000, tolud=0xDDA00000,
        asls=0xDA9F5018, device_id=0x0126, revision=0x09, host_bridge_id=0x0104, lpc_id=0x1C4F, pch="Cougar Point",
        displays=("crt",), panel="lvds", origin=_SNB_HOST,
    ),
    Family(
        **_gen6("gen6"), name="ivybridge", title="Ivy Bridge", ggc=0x0209, bdsm=0xDBA00000, tolud=0xDDA00000,
        asls=0xDA9F5018, device_id=0x0166, revision=0x09, host_bridge_id=0x0154, lpc_id=0x1E55, pch="Panther Point",
        displays=("crt",), panel="lvds", origin=f"as {_SNB_HOST}",
    ),
    Family(
        **_gen6("hsw"), name="haswell", title="Haswell", ggc=0x0209, bdsm=0xCD200000, tolud=0xCF200000,
        asls=0xCA7F9018, device_id=0x0416, revision=0x06, host_bridge_id=0x0C04, lpc_id=0x8C4F, pch="Lynx Point",
        displays=("crt",), panel="edp",
        origin="Dell Latitude E6540 (frostiefops/e6540-coreboot-resources, lspci_vvvxxxx.log)",
    ),
    Family(
        **_gen6("vlv"), name="baytrail", title="Bay Trail (Valleyview)", ggc=0x0209, bdsm=0x7E000000, tolud=0x80000000,
        asls=0x7B6F0018, device_id=0x0F31, revision=0x0E, host_bridge_id=0x0F00, lpc_id=0x0F1C, pch="Bay Trail SoC",
        displays=("crt",), panel="edp", origin=f"2 GiB of RAM below 4 GiB: {_ARITHMETIC}",
    ),
    Family(
        **_gen8(8, "gen8", "gen8"), name="broadwell", title="Broadwell", ggc=0x01C1, bdsm=0xCE000000, tolud=0xD0000000,
        asls=0xCA7F9018, device_id=0x1616, revision=0x09, host_bridge_id=0x1604, lpc_id=0x9CC3,
        pch="Wildcat Point-LP", displays=("hdmi-b",), panel="edp",
        origin="Graphics Stolen Memory ce000000-cfffffff with a 16 MiB BAR0 (genodelabs/genode#5066)",
    ),
    Family(
        **_gen8(8, "gen8", "chv", "chv"), name="cherryview", title="Cherryview (Braswell)", ggc=0x0309,
        bdsm=0x7E000000, tolud=0x80000000, asls=0x7B6F0018, device_id=0x22B1, revision=0x21, host_bridge_id=0x2280,
        lpc_id=0x229C, pch="Braswell SoC", displays=("hdmi-b",), panel="edp",
        origin=f"2 GiB of RAM below 4 GiB: {_ARITHMETIC}",
    ),
    Family(
        **_gen8(9, "gen8"), name="skylake", title="Skylake", ggc=0x02C1, bdsm=0xA8000000, tolud=0xAC000000,
        asls=0xA6F4A018, device_id=0x1912, revision=0x06, host_bridge_id=0x191F, lpc_id=0xA145, pch="Sunrise Point",
        displays=("hdmi-b",), panel="edp", origin="a8000000, baked into rikka0w0/qemu-gvt-d's vbios.dump; GMS 64 MiB",
    ),
    Family(
        **_gen8(9, "gen8"), name="apollolake", title="Apollo Lake (Broxton)", ggc=0x02C1, bdsm=0x7C000000,
        tolud=0x80000000, asls=0x7A2B1018, device_id=0x5A85, revision=0x0B, host_bridge_id=0x5AF0, lpc_id=0x5AE8,
        pch="Apollo Lake SoC", displays=("hdmi-b",), panel="edp",
        origin="7c000001-7ffffffe in an Apollo Lake's /proc/iomem (genodelabs/genode#5066)",
    ),
    Family(
        **_gen8(9, "gen8"), name="geminilake", title="Gemini Lake", ggc=0x02C1, bdsm=0x7C000000, tolud=0x80000000,
        asls=0x799D6018, device_id=0x3185, revision=0x03, host_bridge_id=0x31F0, lpc_id=0x31E8, pch="Gemini Lake SoC",
        displays=("hdmi-b",), panel="edp",
        origin="a Gemini Lake Chromebook (MrChromebox/firmware#1010); there GGC is 02c3, VGA disabled",
    ),
    Family(
        **_gen8(9, "gen8"), name="kabylake", title="Kaby Lake", ggc=0x02C1, bdsm=0x8C000000, tolud=0x90000000,
        asls=0x8A5B2018, device_id=0x5912, revision=0x04, host_bridge_id=0x591F, lpc_id=0xA2C5, pch="Union Point",
        displays=("hdmi-b",), panel="edp", origin=_ARITHMETIC,
    ),
    Family(
        **_gen8(9, "gen8"), name="coffeelake", title="Coffee Lake", ggc=0x02C1, bdsm=0x8C000000, tolud=0x90000000,
        asls=0x8A5B2018, device_id=0x3E92, revision=0x00, host_bridge_id=0x3EC2, lpc_id=0xA305, pch="Cannon Point",
        displays=("hdmi-b",), panel="edp", origin=_ARITHMETIC,
    ),
    Family(
        **_gen8(9, "gen8"), name="cometlake", title="Comet Lake", ggc=0x02C1, bdsm=0x7B800000, tolud=0x7F800000,
        asls=0x79880018, device_id=0x9BC5, revision=0x05, host_bridge_id=0x9B54, lpc_id=0x0685, pch="Comet Point",
        displays=("hdmi-b",), panel="edp",
        origin="STOLEN_RESERVED 7f700047, OpRegion 79880018 of a laptop (HouQiming/i915ovmfPkg, i915_dmesg.log)",
    ),
    Family(
        **_gen8(10, "gen8"), name="cannonlake", title="Cannon Lake", ggc=0x02C1, bdsm=0x8C000000, tolud=0x90000000,
        asls=0x8A5B2018, device_id=0x5A52, revision=0x02, host_bridge_id=0x5A04, lpc_id=0x9D84, pch="Cannon Point-LP",
        displays=("hdmi-b",), panel="edp", origin=_ARITHMETIC,
    ),
    Family(
        **_gen8(11, "gen8"), name="icelake", title="Ice Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x8A52, revision=0x07, host_bridge_id=0x8A12, lpc_id=0x3482, pch="Ice Lake-LP",
        displays=("hdmi-b",), panel="edp", origin=_GEN11_HOST,
    ),
    Family(
        **_gen8(11, "gen8"), name="elkhartlake", title="Elkhart Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x4571, revision=0x01, host_bridge_id=0x4514, lpc_id=0x4B00, pch="Mule Creek Canyon",
        displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_gen8(11, "gen8"), name="jasperlake", title="Jasper Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x4E61, revision=0x01, host_bridge_id=0x4E24, lpc_id=0x4D87, pch="Jasper Lake PCH",
        displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_gen8(12, "gen12"), name="tigerlake", title="Tiger Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x9A49, revision=0x01, host_bridge_id=0x9A14, lpc_id=0xA082, pch="Tiger Lake-LP",
        displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_gen8(12, "gen12"), name="rocketlake", title="Rocket Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x4C8A, revision=0x04, host_bridge_id=0x4C53, lpc_id=0x4385, pch="Tiger Lake-H",
        displays=("hdmi-b",), panel="", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_gen8(12, "gen12"), name="alderlake", title="Alder Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x4680, revision=0x0C, host_bridge_id=0x4660, lpc_id=0x7A84, pch="Alder Lake-S",
        displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_gen8(12, "gen12"), name="raptorlake", title="Raptor Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0xA780, revision=0x04, host_bridge_id=0xA700, lpc_id=0x7A04, pch="Raptor Lake-S",
        displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_gen8(13, "gen12"), name="alderlake-p", title="Alder Lake-P (and Raptor Lake-P)", ggc=0xFEC1, bdsm=0x4C800000,
        tolud=0x50400000, asls=0x45A3A018, device_id=0x46A6, revision=0x0C, host_bridge_id=0x4621, lpc_id=0x5182,
        pch="Alder Lake-P", displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
    Family(
        **_meteorlake(), name="meteorlake", title="Meteor Lake", ggc=0xFEC1, bdsm=0x4C800000, tolud=0x50400000,
        asls=0x45A3A018, device_id=0x7D55, revision=0x08, host_bridge_id=0x7D01, lpc_id=0x7E02, pch="Meteor Lake SoC",
        displays=("hdmi-b",), panel="edp", origin=f"as {_GEN11_HOST}",
    ),
)  # fmt: skip
"""Every family, oldest first."""
