"""What differs between SeaBIOS versions, as far as placement goes: one row a version."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.firmware.callers import ROM_STACK

HEAD = "41514a7a"
DEFAULT = "1.16.2"


class Version(Struct, frozen=True):
    """One version's facts (SeaBIOS src/malloc.c, src/fw/pciinit.c, src/hw/nvme.c at that tag).

    ``init_size`` is the relocated init code in bytes, which differs by build: of 1.16.2, 1.16.3 and 1.17.0 it is that
    of Debian's package (1.16.2-1, 1.16.3-2, 1.17.0-1), of the rows named rel- that of a build of the tag; 1.14.0,
    1.16.0 and HEAD are builds as well. All measured; 1.12 and 1.13 are from a 1.12 log, 1.15 is taken as 1.16.0,
    1.16.1 as 1.16.2. ``warn_lines`` are the source lines of the OpRegion's and BDSM's failure warnings;
    ``max_phys_bits`` 0 means no rule by physical address bits at all; ``nvme_line`` the line at which the nvme driver
    gives up for want of f-segment memory, 0 where it does not. ``kvmclock``: KVM's clock is set up, in low memory
    (read: from 1.14 on). ``rom_stack``: SP at an option ROM's entry, measured for 1.16.2 and 1.17.0; the others are
    taken as 1.16.2. ``booted``: which build's boots were measured; "" for none.
    """

    name: str
    init_size: int
    big_zonehigh: bool = False
    warn_lines: tuple[int, int] = (300, 319)
    max_phys_bits: int = 0
    pad_needs_36_bits: bool = False
    pad_option: bool = False
    uncap_over_1t: bool = False
    window_grows_only: bool = False
    optional_io_any_pcie: bool = False
    nvme_line: int = 0
    kvmclock: bool = True
    rom_stack: int = ROM_STACK
    booted: str = ""

    @property
    def known(self) -> Known:
        """How well the placement of this release is known."""
        if self.booted:
            return Known("measured", f"SeaBIOS {self.booted} booted in QEMU 7.2 and, of some, 11.1.3")
        return Known("read", f"SeaBIOS {self.name}'s src/malloc.c, src/fw/pciinit.c; the size of its code is assumed")


_V1120 = Version("1.12.0", 81088, warn_lines=(302, 322), optional_io_any_pcie=True, nvme_line=562, kvmclock=False)
_V1140 = replace(_V1120, name="1.14.0", init_size=83744, warn_lines=(300, 319), kvmclock=True, booted="1.14.0, built,")
_V1160 = Version("1.16.0", 84768, booted="1.16.0, built,")
_V1162 = replace(_V1160, name="1.16.2", init_size=85056, big_zonehigh=True, booted="1.16.2 (Debian 1.16.2-1)")
_V1163 = replace(
    _V1162,
    name="1.16.3",
    init_size=85568,
    warn_lines=(305, 324),
    max_phys_bits=46,
    pad_needs_36_bits=True,
    booted="1.16.3 (Debian 1.16.3-2)",
)
_V1170 = replace(
    _V1163, name="1.17.0", init_size=81824, max_phys_bits=44, pad_needs_36_bits=False, pad_option=True,
    uncap_over_1t=True, window_grows_only=True, rom_stack=0x6D18,
    booted="1.17.0 (Debian 1.17.0-1)",
)  # fmt: skip

VERSIONS: dict[str, Version] = {
    row.name: row
    for row in (
        _V1120,
        replace(_V1140, name="1.13.0", init_size=81088, kvmclock=False, booted=""),
        _V1140,
        replace(_V1160, name="1.15.0", optional_io_any_pcie=True, booted=""),
        _V1160,
        replace(_V1162, name="1.16.1", booted=""),
        _V1162,
        _V1163,
        replace(_V1163, name="rel-1.16.3", init_size=86304, booted="1.16.3, built,"),
        _V1170,
        replace(_V1170, name="rel-1.17.0", init_size=83488, booted="1.17.0, built,"),
        replace(_V1170, name=HEAD, init_size=83488, booted=f"{HEAD}, built,"),
    )
}
_ALIASES = {"": DEFAULT, "HEAD": HEAD, "head": HEAD}


def find_version(text: str) -> Version | None:
    """The row for "1.16.2", "rel-1.16.2", "1.16" (its .0), "HEAD" or ""; None for any other."""
    name = _ALIASES.get(text, text)
    plain = name.removeprefix("rel-")
    return VERSIONS.get(name) or VERSIONS.get(plain) or VERSIONS.get(f"{plain}.0")


def version_row(text: str) -> Version:
    """``find_version``'s row. Raises FwsimError where there is none."""
    row = find_version(text)
    if row is None:
        raise FwsimError(
            "no rules for this SeaBIOS version", found=repr(text), expected=", ".join(VERSIONS) + " or HEAD",
            hint="take the nearest older version",
        )  # fmt: skip
    return row
