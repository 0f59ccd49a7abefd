"""What mainboards of coreboot answer to INT 15h AH=5Fh, by family: a table of files and of four numbers each.

Source: coreboot f0f911824b, src/drivers/intel/gma/int15.c for the answers; each board's own file, under src/, for the
numbers it gives to install_intel_vga_int15_handler(active_lfp, pfit, display, panel_type).
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from fwsim.errors import FwsimError
from fwsim.firmware.callers import Board, Hook

GMA = "src/drivers/intel/gma/int15.c"
_SAY_SO = 0x005F
"""AX of an answered leaf."""
_FILE = "mainboard.c"

FOUR: dict[tuple[int, int, int, int], tuple[str, ...]] = {
    (0, 0, 0, 0): (
        "asrock/h110m", "asrock/h81m-hds", "asrock/imb-1222", "asus/h61-series", "asus/maximus_iv_gene-z",
        "asus/p8x7x-series", "dell/optiplex_9020", "dell/snb_ivb_workstations", "dell/xps_8300",
        "gigabyte/ga-b75m-d3h", "gigabyte/ga-h61m-series", "hp/snb_ivb_desktops", "intel/nuc_golden_lake",
    ),
    (0, 0, 1, 0): ("asrock/b75m-itx", "asrock/b75pro3-m", "asrock/z77_extreme4", "foxconn/d41s", "intel/d510mo"),
    (1, 0, 0, 0): (
        "acer/travelmate_p633_series", "compulab/intense_pc", "dell/snb_ivb_latitude", "google/butterfly",
        "google/stout", "hp/snb_ivb_laptops", "lenovo/l520", "lenovo/s230u", "lenovo/t420", "lenovo/t420s",
        "lenovo/t430s", "lenovo/t520", "lenovo/t530", "lenovo/x131e", "lenovo/x1_carbon_gen1", "lenovo/x220",
        "lenovo/x230", "samsung/lumpy", "sapphire/pureplatinumh61", "supermicro/x9sae",
    ),
    (1, 0, 0, 3): (
        "apple/i945_macs", "ibase/mb899", "kontron/986lcd-m", "lenovo/t60", "lenovo/x60", "lenovo/x61", "roda/rk886ex",
    ),
    (1, 0, 8, 2): ("lenovo/t410", "lenovo/x201", "packardbell/ms2290"),
    (1, 1, 0, 2): ("dell/gm45_latitude", "lenovo/t400", "lenovo/x200"),
    (1, 1, 0, 5): ("roda/rk9",),
    (1, 2, 0, 3): ("getac/p470",),
    (3, 0, 0, 0): (
        "acer/aspire_vn7_572g", "apple/macbookair4_2", "google/parrot", "lenovo/haswell/variants/t440p",
    ),
    (3, 1, 0, 0): (
        "google/auron", "google/slippy", "intel/baskingridge", "intel/emeraldlake2", "intel/wtm2",
        "purism/librem_bdw", "samsung/stumpy",
    ),
}  # fmt: skip
"""(active_lfp, pfit, display, panel_type): active_lfp 0 none, 1 LVDS, 2 SDVO, 3 eDP; pfit bits 0 centring, 1 text, 2
graphics stretched; display bits 0 CRT, 1 TV, 2 EFP, 3 LFP, 4-7 the second ones. roda/rk9 reads its panel type from DIP
switches (port 60Fh): 5 is one of the two that its file says work.
"""
_OTHER_FILES = {"asrock/imb-1222": "ramstage.c"}
_MUX = tuple(Hook(0x5F70, {"ax": _SAY_SO, "cx": 0}, {"ch": (leaf,)}) for leaf in (0, 1, 2))
"""Get and set the switch, which graphics: none is switchable."""


def four_numbers(name: str, source: str, numbers: tuple[int, int, int, int]) -> Board:
    """The board with the common handler and these ``numbers``. A leaf that it does not know fails."""
    active_lfp, pfit, display, panel_type = numbers
    return Board(
        name, source, (
            Hook(0x5F34, {"ax": _SAY_SO, "cx": pfit}), Hook(0x5F35, {"ax": _SAY_SO, "cx": display}),
            Hook(0x5F40, {"ax": _SAY_SO, "cl": panel_type}), Hook(0x5F51, {"ax": _SAY_SO, "cx": active_lfp}), *_MUX,
        ),
    )  # fmt: skip


_REFUSED = 0x015F
_OWN = (
    Board(
        "google/link", "src/mainboard/google/link/mainboard.c", (
            Hook(0x5F34, {"ax": _SAY_SO, "cl": 0}), Hook(0x5F35, {"ax": _SAY_SO, "cx": 0}),
            Hook(0x5F51, {"ax": _SAY_SO, "cx": 3}), *_MUX, Hook(0x5FAC, {}),
        ),
    ),
    Board(
        "kontron/ktqm77", "src/mainboard/kontron/ktqm77/mainboard.c", (
            Hook(0x5F34, {"ax": _SAY_SO, "cl": 0}), Hook(0x5F35, {"ax": _SAY_SO, "cx": 0}),
            Hook(0x5F51, {"ax": _SAY_SO, "cx": 0}), Hook(0x5F40, {"ax": _REFUSED}, {"bl": (0, 1)}),
            Hook(0x5F52, {"ax": _SAY_SO, "cx": 1}), Hook(0x5F14, {"ax": _REFUSED}, {"bx": (0x078F,)}),
            Hook(0x5F49, {"ax": _REFUSED}),
        ),
    ),
    *(
        Board(
            name, "src/soc/intel/baytrail/int15.c", (
                Hook(0x5F34, {"ax": _SAY_SO, "cx": 1}), Hook(0x5F35, {"ax": _SAY_SO, "cx": 8}),
                Hook(0x5F51, {"ax": _SAY_SO, "cx": 3}), *_MUX,
            ), rest=True,
        )
        for name in ("google/rambi", "bostentech/gbyt4")
    ),
)  # fmt: skip
"""Boards with a handler of their own."""

BOARDS: dict[str, Board] = {
    **{
        name: four_numbers(name, f"src/mainboard/{name}/{_OTHER_FILES.get(name, _FILE)}", numbers)
        for numbers, names in FOUR.items()
        for name in names
    },
    **{board.name: board for board in _OWN},
}
"""By vendor/board, as coreboot's tree has it."""
_NUMBERS = re.compile(r"\d+(,\s*\d+){3}")


def board(name: str, where: str) -> Board | None:
    """The board of ``name``: vendor/board, or the four numbers of a board that is not here; None for "".

    Raises FwsimError naming ``where`` for another, with the nearest.
    """
    if not name:
        return None
    if found := BOARDS.get(name):
        return found
    if _NUMBERS.fullmatch(name):
        active_lfp, pfit, display, panel_type = (int(each) for each in name.split(","))
        limits = zip((active_lfp, pfit, display, panel_type), (3, 7, 255, 255), strict=True)
        if all(value <= most for value, most in limits):
            return four_numbers("the scenario's", GMA, (active_lfp, pfit, display, panel_type))
        raise FwsimError(
            "no board answers with these numbers", where=where, found=name,
            expected="active_lfp 0 to 3, pfit 0 to 7, display 0 to 255, panel_type 0 to 255",
            hint="they are the arguments of install_intel_vga_int15_handler in the board's mainboard.c",
        )  # fmt: skip
    near = get_close_matches(name, BOARDS, n=1, cutoff=0.5) or [each for each in BOARDS if name in each][:1]
    raise FwsimError(
        "no such board", where=where, found=name, expected="vendor/board, as coreboot's src/mainboard has it",
        hint=(f"did you mean {near[0]}? " if near else "")
        + 'a board that is not here: its four numbers, such as "1,0,0,3" (active_lfp, pfit, display, panel_type)',
    )  # fmt: skip
