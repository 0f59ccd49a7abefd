"""Calls of UEFI's services are told by name and answer; those that only carry an access are part of that access."""

from collections.abc import Iterator

from fwsim.report.fold_pairs import Access
from fwsim.report.fold_step import Step
from fwsim.report.fold_time import duration
from fwsim.trace.describe import flags_of
from fwsim.trace.efi import ERROR, STALL, answer_text, is_access, service_name

_IP, _ACTOR = 4, 2
_HOUSEKEEPING = (
    "RaiseTPL", "RestoreTPL", "AllocatePool", "FreePool", "CopyMem", "SetMem", "HandleProtocol", "OpenProtocol",
    "CloseProtocol", "OpenProtocolInformation", "CalculateCrc32", "PciIo.GetLocation",
)  # fmt: skip
"""What every driver does all the time: no part of the story unless it is refused."""


def is_service(access: Access) -> bool:
    """Whether it is a call of one of UEFI's services."""
    return access.space == "efi"


def carried(access: Access, last: tuple[int, ...]) -> bool:
    """Whether the service only made the access ``last`` (an event's columns): both are of one place in the code."""
    return is_access(access.address) and not access.value and access.first[_IP] == last[_IP]


def stalled(access: Access) -> int:
    """Nanoseconds that a Stall took; 0 for any other service."""
    return access.aux * 1000 if access.address == STALL else 0


def level_of(access: Access) -> int:
    """The verbosity from which the service is shown: errors, and what installs, places or looks for something."""
    if access.value & ERROR:
        return 0
    quiet = access.address == STALL or is_access(access.address) or service_name(access.address) in _HOUSEKEEPING
    return 1 if quiet else 0


def said(access: Access) -> str:
    """``OpenProtocol(0xa01230): SUCCESS``; the argument is the first."""
    if access.address == STALL:
        return f"Stall of {duration(stalled(access))}"
    return f"{service_name(access.address)}({access.aux:#x}): {answer_text(access.address, access.value)}"


class Services:
    """Calls of one service, one after another, with the same answer."""

    def __init__(self, access: Access) -> None:
        self.first = access
        self.times, self.n, self.stalled = 1, access.n, stalled(access)

    def take(self, access: Access) -> bool:
        """Count ``access``; False when it does something else."""
        first = self.first
        same = (access.space, access.address, access.value, access.flags, access.first[_ACTOR])
        if same != (first.space, first.address, first.value, first.flags, first.first[_ACTOR]):
            return False
        self.times += 1
        self.n += access.n
        self.stalled += stalled(access)
        return True

    def steps(self) -> Iterator[Step]:
        """The calls as one step."""
        first = self.first
        if self.times == 1:
            text = said(first)
        elif self.stalled:
            text = f"Stall {self.times} times, {duration(self.stalled)}"
        else:
            text = f"{service_name(first.address)} {self.times} times: {answer_text(first.address, first.value)}"
        names = flags_of(first.flags)
        yield Step(level_of(first), first.first, self.n, ("  ".join([text, *names]),))
