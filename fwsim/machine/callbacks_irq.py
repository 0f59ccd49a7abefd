"""A register of the IGD as its interrupt logic reads it: by the device's own code, unrecorded, in no time."""

from typing import Any

from fwsim.devices.igd.access import mmio_read
from fwsim.native import callback


@callback("u64(u64, u64)")
def register_now(root: int, offset: int) -> Any:
    """The register dword at byte ``offset`` now, with what time has done to it."""
    return mmio_read(root, offset)
