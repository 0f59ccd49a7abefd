"""The values that scenario fields may take, as far as they are more than a type."""

import re

SLOT = re.compile(r"(?:0000:)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f])", re.IGNORECASE)
