"""Placements without a ROM: what is asked of a firmware, and what it does."""
