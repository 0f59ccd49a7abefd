"""coreboot's options: which of its ways it calls the option ROM, and what its board answers meanwhile."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fwsim.errors import FwsimError
from fwsim.firmware.callers import Caller
from fwsim.firmware.coreboot.boards import board
from fwsim.firmware.request import Options

_WHERE = "firmware.options"
_LEAST_MODE = 0x100
"""VESA's own modes begin here (VBE 3.0, 3); CONFIG_FRAMEBUFFER_VESA_MODE of src/device/Kconfig has none below."""


class CorebootOptions(Options, frozen=True, kw_only=True):
    """A build's choices, by their names in src/device/Kconfig.

    ``method``: PCI_OPTION_ROM_RUN_REALMODE or _YABEL. Of YABEL alone: ``directhw`` (YABEL_DIRECTHW), ``other_devices``
    (YABEL_PCI_ACCESS_OTHER_DEVICES), ``fake_writes`` (YABEL_PCI_FAKE_WRITING_OTHER_DEVICES_CONFIG). ``vesa``: the mode
    of FRAMEBUFFER_SET_VESA_MODE, 0 for none. ``board``: vendor/board, or four numbers. ``payload``: who calls the ROM
    once more. ``chipset``: whose code lays out memory, as far as it is known.
    """

    method: Literal["realmode", "yabel"] = "realmode"
    directhw: bool = False
    other_devices: bool = False
    fake_writes: bool = False
    vesa: Annotated[int, Meta(extra={"as": "hex", "max": 0x1FF})] = 0
    board: str = ""
    payload: Literal["none", "seabios"] = "none"
    chipset: Literal["qemu", "sandybridge"] = "qemu"

    def __post_init__(self) -> None:
        """Raises FwsimError for choices that Kconfig does not offer together, and for a board that is none."""
        for name in ("directhw", "other_devices", "fake_writes"):
            if getattr(self, name) and self.method != "yabel":
                raise FwsimError(
                    "only YABEL has this option", where=f"{_WHERE}: {name}",
                    found=f'true with method = "{self.method}"', expected="false",
                    hint='method = "yabel" emulates the ROM; in real mode it reaches everything',
                )  # fmt: skip
        if self.fake_writes and not self.other_devices:
            raise FwsimError(
                "this needs access to other devices", where=f"{_WHERE}: fake_writes", found="true",
                expected="false, or other_devices = true as well", hint="Kconfig has it depend on that",
            )  # fmt: skip
        if 0 < self.vesa < _LEAST_MODE:
            raise FwsimError(
                "not a VESA mode", where=f"{_WHERE}: vesa", found=f"{self.vesa:#x}",
                expected="0 for none, or a mode from 0x100 to 0x1ff", hint="0x118 is 1024x768 in 24 or 32 bits",
            )  # fmt: skip
        board(self.board, f"{_WHERE}: board")

    def callers(self) -> tuple[Caller, ...]:
        """Who calls the ROM, in order."""
        yabel = self.method == "yabel"
        own = Caller(
            contract=self.method, title="coreboot's YABEL" if yabel else "coreboot", enforces=False, locks=False,
            board=board(self.board, f"{_WHERE}: board"), vesa=self.vesa, direct=self.directhw,
            others=self.other_devices, fakes=self.fake_writes,
        )  # fmt: skip
        return (own, Caller(locks=self.chipset == "qemu")) if self.payload == "seabios" else (own,)
