"""Which services does a PC BIOS offer an option ROM? SeaBIOS's, answered in Python behind HLT stubs."""
