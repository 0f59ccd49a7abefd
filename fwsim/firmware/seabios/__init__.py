"""SeaBIOS: where does it put BARs, OpRegion and stolen memory, and which e820 map does it leave?"""

from fwsim.firmware.seabios.place import SEABIOS, SeaBios, place

__all__ = ["SEABIOS", "SeaBios", "place"]
