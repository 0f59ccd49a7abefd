"""Which address is which? Ranges, e820, translation layers, typed faults."""
