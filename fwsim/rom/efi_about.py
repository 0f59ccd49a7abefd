"""What a UEFI driver is, and what it calls itself, is read off its image without running it.

A driver carries the GUIDs of the protocols that it uses, in the 16 bytes that memory has (UEFI 2.10, appendix A).
Names: a GOP driver's are UTF-16 strings for ComponentName2, an edk2 driver's is the file that its debug entry names.
"""

import re
from uuid import UUID

from msgspec import Struct

from fwsim.rom.efi import PeImage
from fwsim.rom.flash.item import DRIVER_NAME, GOP_GUID

POLICY_GUID = UUID("ec2e931b-3281-48a5-8107-df8a8bed3c5d").bytes_le
"""PLATFORM_GOP_POLICY_PROTOCOL: GOP drivers ask for it, PlatformGopPolicy installs it (VfioIgdPkg)."""
_NETWORK_GUID = UUID("a19832b9-ac25-11d3-9a2d-0090273fc14d").bytes_le
"""EFI_SIMPLE_NETWORK_PROTOCOL (UEFI 2.10, 24.1)."""
ASSIGNS = b"etc/igd-opregion"
"""What a driver that sets the IGD up asks fw_cfg for (IgdAssignmentDxe, in all its versions)."""
_DEBUG_NAME = re.compile(rb"([A-Za-z0-9_.+-]{2,60})\.(?:dll|pdb|debug|efi)\0")
_NUMBER = re.compile(rb"(?<=\0\0)((?:[0-9]\0){4})\0\0")
"""The build number of Intel's GOP drivers: four digits of UTF-16, their binding's version ends with it."""


class About(Struct, frozen=True):
    """``role`` in words, "" where no GUID tells; ``name`` and ``build`` as the driver has them, "" for none."""

    role: str
    name: str
    build: str


class DriverInfo(Struct, frozen=True):
    """A driver as `rom info` shows it; ``ids``: the graphics devices that it takes, None where it was not asked."""

    about: About
    pe: PeImage
    ids: tuple[int, ...] | None = None


def info_of(raw: bytes, pe: PeImage, ids: tuple[int, ...] | None) -> DriverInfo:
    """What the PE image ``raw`` with the headers ``pe`` is."""
    said = DRIVER_NAME.search(raw)
    debug = _DEBUG_NAME.search(raw)
    name = said[0].decode("utf-16-le").strip() if said else debug[1].decode("ascii") if debug else ""
    number = _NUMBER.search(raw) if said else None
    build = number[1].decode("utf-16-le") if number else ""
    return DriverInfo(About(_role(raw), name, build), pe, ids)


def _role(raw: bytes) -> str:
    network, policy = _NETWORK_GUID in raw, POLICY_GUID in raw
    output = GOP_GUID in raw and not network  # a network driver writes on a screen that another one lights
    roles = (
        ("sets up the IGD: OpRegion and stolen memory, as IgdAssignmentDxe does", ASSIGNS in raw),
        ("graphics output (GOP)" + ", asks PlatformGopPolicy for the VBT" * policy, output),
        ("gives GOP drivers the VBT, as PlatformGopPolicy does", policy and not output),
        ("network", network),
    )
    return "; ".join(role for role, has in roles if has)
