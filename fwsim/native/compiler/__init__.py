"""This room compiles the package's native code ahead of time, into the image that a run maps (``native.image``).

numba and LLVM are imported here and nowhere else. ``python -m fwsim.native.compiler`` makes the image of this machine.
"""
