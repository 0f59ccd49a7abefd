"""Where native code finds the fields of an event: a number for ``u64s``, ``u16s`` or ``u8s`` of the event's address."""

from fwsim.native import place
from fwsim.trace.event import EVENT

E_SEQ, E_TIME, E_IP = (place(EVENT, name) for name in ("seq", "time_ns", "ip"))
E_ADDRESS, E_VALUE, E_AUX = (place(EVENT, name) for name in ("address", "value", "aux"))
E_CS, E_FLAGS = (place(EVENT, name) for name in ("cs", "flags"))
E_ACTOR, E_SPACE, E_OP, E_WIDTH = (place(EVENT, name) for name in ("actor", "space", "op", "width"))
