"""How long a test waits for an event before it calls it a hang: far longer than a loaded machine takes."""

HANG_S = 1800
