"""fwsim: run a real video option ROM against a modelled Intel graphics device, and say what happened and why.

Importing this package is cheap on purpose: the engine (unicorn) and the compiler (numba) are imported by the rooms that
need them, when they need them.
"""

__version__ = "0.1.0"
