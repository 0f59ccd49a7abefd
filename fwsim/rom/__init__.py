"""What is in this file? Image chain, PCIR, PnP, VBT, EFI and PE."""
