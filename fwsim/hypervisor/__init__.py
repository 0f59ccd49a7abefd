"""Hypervisors stand between guest and device, one class a kind."""
