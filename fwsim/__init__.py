"""fwsim: run a real video option ROM against a modelled Intel graphics device, and say what happened and why.

Importing this package is cheap on purpose: the engine (unicorn) is imported by the room that needs it, when it is
needed.
"""

import time

__version__ = "0.1.0"
STARTED = time.time_ns()
"""When this process began to read the package (nanoseconds since 1970): a file that changed later is not what runs."""
