"""A standard VGA: ports 3B0-3DF, the window A0000-BFFFF, and the picture they make."""
