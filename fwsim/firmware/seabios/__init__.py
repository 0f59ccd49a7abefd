"""SeaBIOS: where it puts BARs, OpRegion and stolen memory, and the e820 map that it leaves."""

from fwsim.firmware.seabios.place import SEABIOS, SeaBios, place

__all__ = ["SEABIOS", "SeaBios", "place"]
