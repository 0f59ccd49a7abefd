"""One Capstone decoder for each code width is made when it is first asked for."""

from functools import cache
from typing import Any

from fwsim.errors import FwsimError


@cache
def engine_for(bits: int) -> Any:
    """The decoder of 16-, 32- or 64-bit code, with details. Raises FwsimError for another width."""
    import capstone

    modes = {16: capstone.CS_MODE_16, 32: capstone.CS_MODE_32, 64: capstone.CS_MODE_64}
    if bits not in modes:
        raise FwsimError("no such code width", found=str(bits), expected="16, 32 or 64")
    engine = capstone.Cs(capstone.CS_ARCH_X86, modes[bits])
    engine.detail = True
    return engine
