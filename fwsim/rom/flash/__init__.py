"""A flash image, a firmware volume or a module of one is searched for option ROMs, VBTs and EFI graphics drivers."""
