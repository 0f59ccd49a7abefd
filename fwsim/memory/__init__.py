"""This room knows addresses: ranges, the e820 map, RAM and where QEMU puts it."""
