"""Which function answers a vector? Rows of (system prefix, case prefix, adapter)."""

import measured_seabios

ADAPTERS = [
    *measured_seabios.ROWS,
]
