"""Why? Checks, provenance, leaks, needs, compare."""
