"""Firmware places BARs, OpRegion and stolen memory: an allocator each, with its facts."""
