"""An xl.cfg as text: what it assigns to a guest, and which of the host's functions that are."""
