"""The list of what a hypervisor shows of a host, ``pci-mirror.toml``: its model, its reader, its dangers."""
