"""The table of boot services: which function answers each of them.

What is not here is answered EFI_UNSUPPORTED, and said to be. Source: UEFI Specification 2.10, 4.4.
"""

from __future__ import annotations

from fwsim.environment.uefi import binding, events, images, memory_services, protocols
from fwsim.environment.uefi.words import BOOT

ANSWERS = {
    **memory_services.ANSWERS, **events.ANSWERS, **protocols.ANSWERS, **images.ANSWERS, **binding.ANSWERS,
}  # fmt: skip
"""Service to function."""
assert set(ANSWERS) <= set(BOOT)
