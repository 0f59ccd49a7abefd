"""The values that scenario fields may take, as far as they are more than a type."""

import re

ADDRESS_SPACE = 1 << 40
"""Bytes a guest can address: the 40 physical address bits of QEMU's TCG and of small VT-d units."""
FIRMWARE_VERSIONS = {"seabios": "1.16.2", "none": ""}
"""The firmware kinds this version models, each with the version it takes when none is named."""
SLOT = re.compile(r"(?:0000:)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])", re.IGNORECASE)
