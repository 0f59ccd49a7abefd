"""The per-panel fields that later BDB versions added lie field by field at the end of their blocks; these are layouts.

Source: Linux drivers/gpu/drm/i915/display/intel_vbt_defs.h, structs bdb_edp, bdb_lfp_data_tail and bdb_lfp_power, with
the versions that their comments give.
"""

from fwsim.rom.bdb_repeats import Lane, Lanes
from fwsim.rom.bdb_tables import PANELS

_NO_YES = ("no", "yes")


def _flag(name: str, at: int, since: int, until: int = 0xFFFF) -> Lane:
    return Lane(name, at, 1, since, until, _NO_YES)


EDP_LATER = (
    Lanes(
        "eDP links",
        (
            Lane("MSA delay", 196, 2),
            Lane("full pre-emphasis, swing", 282, 8, since=199),
            _flag("apical", 314, 203),
            Lane("training, 200 kHz", 764, 16, since=224),
            Lane("greatest, 200 kHz", 796, 16, since=244),
            _flag("no DSC", 828, 251),
            _flag("T6 delay", 830, 260),
            Lane("idle", 832, 16, since=260),
        ),
        PANELS,
    ),
)
"""Block 27 from its sdrrs_msa_timing_delay on. Link rates are in units of 200 kHz."""

LFP_TAIL = Lanes(
    "Scaling and borders",
    (
        _flag("scaling", 208, 187),
        Lane("least Hz", 210, 8, since=188),
        Lane("overlap", 226, 8, since=208),
        Lane("borders", 242, 32, since=227),
        _flag("ports in step", 306, 231),
        _flag("dithered", 308, 245),
    ),
    PANELS,
)
"""What follows the panels' names in block 42, counted from the first name. Four bytes of borders: top to right."""

POWER_LATER = (
    Lanes(
        "Panels",
        (
            _flag("DPST", 22, 228, 256),
            _flag("PSR", 24, 228),
            _flag("DRRS", 26, 228),
            _flag("LACE", 28, 228),
            _flag("ADT", 30, 228),
            _flag("DMRRS", 32, 228),
            _flag("ADB", 34, 228),
            _flag("LACE on", 36, 228),
            _flag("HOBL", 54, 232),
            _flag("VRR", 56, 233),
        ),
        PANELS,
    ),
    Lanes(
        "Aggressiveness",
        (
            Lane("DPST, LACE", 38, 8, since=228),
            _flag("ELP", 58, 247, 256),
            _flag("OPST", 60, 247, 256),
            Lane("OPST, ELP", 62, 8, 247, 256),
            _flag("APD", 78, 253, 256),
            _flag("PixOptix", 80, 253, 256),
            Lane("APD, PixOptix", 82, 8, 253, 256),
            Lane("technology", 98, 8, since=257),
            _flag("XPST", 114, 257),
            _flag("TCON", 116, 257),
            Lane("XPST, TCON", 118, 8, since=257),
            _flag("both", 134, 257),
        ),
        PANELS,
    ),
)
"""Block 44 from BDB version 228 on; two nibbles of aggressiveness in a byte, the first one low."""
