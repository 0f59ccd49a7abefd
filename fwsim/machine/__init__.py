"""A machine is put together here: parts, address map, native callbacks, hypervisor and placement."""
