"""This room knows option ROM images: chain, PCIR, PnP, VBT, EFI header; it fixes, compares and extracts them."""
