"""The values that scenario fields may take, as far as they are more than a type."""

import re

ADDRESS_SPACE = 1 << 40
"""Bytes a guest can address: the 40 physical address bits of QEMU's TCG and of small VT-d units."""
SLOT = re.compile(r"(?:0000:)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])", re.IGNORECASE)
