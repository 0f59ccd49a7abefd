"""Scenarios describe one run: host, hypervisor, guest, firmware, ROM and calls, from and to TOML."""
