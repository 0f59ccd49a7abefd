"""How does this hardware behave? IGD, chipset, PC platform, VT-d unit."""
