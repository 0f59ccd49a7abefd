"""Who places what? Allocators, BIOS services, real firmware images."""
