"""EXT_TSEG_MBYTES, a register of QEMU's q35 where Intel's chipsets have GGC: it says how large TSEG can be.

Source: QEMU hw/pci-host/q35.c, mch_update_ext_tseg_mbytes: who writes FFFFh reads the size in MiB, which reset has
there already.
"""

from __future__ import annotations

from fwsim.devices.pam import Bus

EXT_TSEG = 0x50
_QUERY = 0xFFFF


def add_ext_tseg(bus: Bus, slot: int, mib: int) -> None:
    """Answer the question with ``mib``; anything else that is written stays."""

    def written(offset: int, old: int, new: int) -> None:
        if new & 0xFFFF == _QUERY:
            bus.set(slot, EXT_TSEG, 2, mib, 0xFFFF)

    bus.on_write(slot, EXT_TSEG, written)
