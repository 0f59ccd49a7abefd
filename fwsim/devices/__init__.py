"""This room is the hardware: IGD, other displays, chipset, PC platform, VT-d unit."""
