"""How long a wait may last before it counts as endless, and how often one is helped along."""

IDLE_ROUNDS = 32
"""Waits without an access before a loop counts as endless when no interrupt can come, each of IDLE_LIMIT code bytes."""
TICKS = 1280
"""Timer ticks in a row, 70 s, in which nothing but the timer does anything: then a wait for one counts as endless."""
SPIN_WEIGHT = 8
"""So many waits is a short block that ran a million times, to code that works long: 160 times in a row are endless."""
TICK_CODE = 1 << 18
"""Code bytes without an access before the next tick comes, once a loop seems to wait for something in memory."""
ASSIST_POLLS = 1 << 14
"""Accesses without anything new before an assisted run gives a wait the answer it asks for."""
ASSIST_TIMES = 1 << 12
"""How often one wait is helped before its answer is looked for anew."""
SLOW_FAULTS = 1 << 11
"""Exceptions, and INTs in protected mode, in one call before they count as endless."""
LOOK = 4096
"""Accesses that a trial may make without anything new."""
LOOK_CODE = 1 << 22
"""Code bytes a trial may execute."""
LEAF_ROUNDS = 1 << 12
"""How often one INT may ask the BIOS the same question, with nothing new in between, before that counts as endless."""
LEAF_COUNTED = (1 << 16) + (1 << 12)
"""The same with other registers each time: a count of 16 bits has then run out."""
LEAF_LOOK = 64
"""How often it may in a trial."""
