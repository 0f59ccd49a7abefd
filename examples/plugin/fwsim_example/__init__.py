"""Two ideas to try against real ROMs: a hypervisor that sends stray entries to a scratch page, and an allocator."""
