"""The PCI ids that 00:1f.0 has on real machines: an image that does not know the one it reads gives up.

Sources: coreboot src/include/device/pci_ids.h; Linux drivers/mfd/lpc_ich.c and drivers/mtd/spi (names of the PCHs).
"""

from collections.abc import Iterable

from fwsim.registers.families import families
from fwsim.registers.pci_lpc import LPC_DID

OTHERS = frozenset((
    0x9D43, 0x9D46, 0x9D4B, 0x9D4E, 0x9D4F, 0x9D50, 0x9D51, 0x9D53, 0x9D56, 0x9D58,  # Sunrise, Kaby Point-LP
    0xA143, 0xA144, 0xA146, 0xA147, 0xA148, 0xA149, 0xA14A, 0xA14D, 0xA14E, 0xA150,  # 100 series
    0xA152, 0xA153, 0xA154, 0xA2C4, 0xA2C6, 0xA2C7, 0xA2C8, 0xA2C9, 0xA2D2,  # 200 series
    0xA303, 0xA304, 0xA306, 0xA308, 0xA309, 0xA30C, 0xA30D, 0xA30E, 0x9D83, 0x9D85,  # 300 series
    0x8C44, 0x8C49, 0x8C4B, 0x8C4E, 0x8C50, 0x8C5C, 0x9C43, 0x9C45, 0x9C41,  # 8 series
    0x1E44, 0x1E47, 0x1E48, 0x1E49, 0x1E53, 0x1E57, 0x1E59, 0x1C44, 0x1C46, 0x1C49, 0x1C4B, 0x1C4D, 0x1C54,  # 7, 6
))  # fmt: skip
"""Ids of 00:1f.0 that are neither a host's default nor named in LPC_DID."""


def known_lpc_ids(near: int) -> list[int]:
    """Every id of an LPC or eSPI bridge that is known: those that hosts have by default or LPC_DID names, then others.

    Each of the two lists begins with those nearest to ``near``.
    """
    usual = {row.lpc_id for row in families()} | set(LPC_DID.DEVICE.values)
    return [each for ids in (usual, OTHERS - usual) for each in nearest_first(ids, near)]


def nearest_first(ids: Iterable[int], near: int) -> list[int]:
    """``ids`` in the order of their distance to ``near``, each once."""
    return sorted(set(ids), key=lambda each: (abs(each - near), each))
