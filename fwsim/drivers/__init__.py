"""Drivers of a guest's operating system that look for their chipset, as programs over its configuration space."""
