"""What the slice loop asks of a CPU and of the machine around it, whichever architecture they are of."""

from typing import Any, Protocol

from fwsim.cpu.core import CpuFaultError
from fwsim.environment.ending import Ending
from fwsim.machine.common import Common


class Runnable(Protocol):
    """A machine that was built, with everything that a snapshot keeps."""

    @property
    def machine(self) -> Common:
        """The machine."""
        ...

    def snapshot(self) -> Any:
        """Everything that changes once it is built."""
        ...

    def restore(self, snapshot: Any) -> None:
        """Go back, or on, to it."""
        ...


class Processor(Protocol):
    """How code is interrupted. Each method that may end a run gives the ending; None: the code goes on."""

    faults: int
    """Exceptions of the run that goes on."""

    @property
    def interruptible(self) -> bool:
        """Whether an interrupt would be taken now."""
        ...

    def where(self) -> tuple[int, int]:
        """Where the CPU stands, as events have it: cs and ip."""
        ...

    def own(self, length: int) -> tuple[int, int]:
        """The place of the instruction of ``length`` bytes that the CPU is just behind."""
        ...

    def jumps_to_itself(self) -> bool:
        """Whether the next instruction is a jump to itself."""
        ...

    def skip_to_tick(self) -> Ending | None:
        """Nothing happens until the next interrupt of a timer: let it be that time."""
        ...

    def deliver_due(self) -> Ending | None:
        """Deliver what is due."""
        ...

    def fault(self, vector: int) -> Ending | None:
        """An exception that native code leaves to Python."""
        ...

    def cannot_go_on(self, fault: CpuFaultError) -> Ending | None:
        """What the engine refuses to execute."""
        ...

    def snapshot(self) -> Any:
        """What is not the machine's."""
        ...

    def restore(self, state: Any) -> None:
        """Go back to it."""
        ...
