"""Boot services for levels, events and time: notifications wait for their level, timers fire in virtual time.

Source: UEFI Specification 2.10, 7.1; edk2 MdeModulePkg/Core/Dxe/Event (Event.c, Timer.c, Tpl.c).
"""

from __future__ import annotations

from msgspec import Struct, field

from fwsim.environment.uefi.uefi import Call, EndedError, Uefi, nothing
from fwsim.environment.uefi.words import (
    APPLICATION,
    HIGH,
    INVALID_PARAMETER,
    LEVELS,
    NOT_READY,
    SUCCESS,
    UNSUPPORTED,
    guid,
)

_TIMER, _NOTIFY_WAIT, _NOTIFY_SIGNAL = 0x80000000, 0x100, 0x200
_EXIT, _VIRTUAL = 0x201, 0x60000202
_KINDS = (_TIMER | _NOTIFY_SIGNAL, _TIMER, _NOTIFY_WAIT, _NOTIFY_SIGNAL, _EXIT, _VIRTUAL, 0, _TIMER | _NOTIFY_WAIT)
"""Types that CreateEvent takes (edk2 Event.c, mEventTable)."""
TICK = 10_000_000
"""ns between two looks of edk2 at its timers (OvmfPkg LocalApicTimerDxe, DEFAULT_TIMER_TICK_DURATION: 10 ms)."""
_MOST_WAITED = 4096
EXIT_BOOT_SERVICES = guid("27abf055-b1b8-4c26-8048-748f37baa2df")
"""The group of what is told of ExitBootServices (UEFI 2.10, 7.1)."""


class EventRow(Struct):
    """One event: its type and notification, and when its timer is due (0: not set)."""

    kind: int
    tpl: int = 0
    notify: int = 0
    context: int = 0
    group: bytes = b""
    signalled: bool = False
    due: int = 0
    period: int = 0


class Events(Struct):
    """Every event by its handle, and the handles of those whose notification waits, in the order of signalling."""

    rows: dict[int, EventRow] = field(default_factory=dict)
    queue: list[int] = field(default_factory=list)


def _events(uefi: Uefi) -> Events:
    found: Events = uefi.state.setdefault("events", Events())
    return found


# --- levels --------------------------------------------------------------------------------------------------------
def _named(level: int) -> str:
    return LEVELS.get(level, str(level))


def raise_tpl(uefi: Uefi, call: Call) -> int:
    """The old level."""
    old, uefi.tpl = uefi.tpl, min(call[0], HIGH)
    if not old <= call[0] <= HIGH:
        uefi.breach(f"RaiseTPL from {_named(old)} to {_named(call[0])}", call[0])
    return old


def restore_tpl(uefi: Uefi, call: Call) -> int:
    """Back to a level: what waits above it is notified."""
    level = call[0]
    if level > uefi.tpl or level < APPLICATION:
        uefi.breach(f"RestoreTPL from {_named(uefi.tpl)} to {_named(level)}", level)
    uefi.tpl = max(APPLICATION, min(level, HIGH))
    _look_at_timers(uefi)
    return SUCCESS


def dispatch(uefi: Uefi) -> None:
    """Notify everything that waits above the level, the highest first and in order."""
    events = _events(uefi)
    while True:
        ready = [handle for handle in events.queue if events.rows[handle].tpl > uefi.tpl]
        if not ready:
            return
        handle = max(ready, key=lambda each: events.rows[each].tpl)
        events.queue.remove(handle)
        row = events.rows[handle]
        if row.kind & _NOTIFY_SIGNAL:
            row.signalled = False
        before, uefi.tpl = uefi.tpl, row.tpl
        try:
            uefi.call(row.notify, handle, row.context)
        except EndedError:
            uefi.breach(f"the notification at {row.notify:#x} does not come back", row.notify)
            raise
        uefi.tpl = before
        events = _events(uefi)


def signal(uefi: Uefi, handle: int) -> None:
    """The event is signalled; its notification, and those of its group, are made as the level allows."""
    events = _events(uefi)
    row = events.rows[handle]
    if row.signalled:
        return
    row.signalled = True
    if row.kind & _NOTIFY_SIGNAL:
        if row.group:
            signal_group(uefi, row.group)
        elif handle not in events.queue:
            events.queue.append(handle)
    dispatch(uefi)


def signal_group(uefi: Uefi, group: bytes) -> None:
    """Every event of a group is to be notified."""
    events = _events(uefi)
    for handle, row in events.rows.items():
        if row.group == group and row.kind & _NOTIFY_SIGNAL and handle not in events.queue:
            events.queue.append(handle)


# --- events --------------------------------------------------------------------------------------------------------
def create_event(uefi: Uefi, call: Call) -> int:
    """CreateEvent(type, TPL, notify, context, event)."""
    kind = call[0] & 0xFFFFFFFF
    group = EXIT_BOOT_SERVICES if kind == _EXIT else b""
    return _create(uefi, EventRow(kind, call[1], call[2], call[3], group), call[4])


def create_event_ex(uefi: Uefi, call: Call) -> int:
    """CreateEventEx(type, TPL, notify, context, group, event)."""
    group = uefi.guid(call[4]) if call[4] else b""
    kind = call[0] & 0xFFFFFFFF
    if group and kind in (_EXIT, _VIRTUAL):
        return INVALID_PARAMETER
    return _create(uefi, EventRow(kind, call[1], call[2], call[3], group), call[5])


def _create(uefi: Uefi, row: EventRow, at: int) -> int:
    if not at or row.kind not in _KINDS:
        return INVALID_PARAMETER
    if row.kind & (_NOTIFY_SIGNAL | _NOTIFY_WAIT):
        if not row.notify or not APPLICATION < row.tpl < HIGH:
            return INVALID_PARAMETER
    else:
        row.tpl = row.notify = row.context = 0
    handle = uefi.new_handle()
    _events(uefi).rows[handle] = row
    uefi.put(at, handle)
    return SUCCESS


def close_event(uefi: Uefi, call: Call) -> int:
    """CloseEvent(event)."""
    events = _events(uefi)
    if events.rows.pop(call[0], None) is None:
        return INVALID_PARAMETER
    events.queue = [handle for handle in events.queue if handle != call[0]]
    return SUCCESS


def signal_event(uefi: Uefi, call: Call) -> int:
    """SignalEvent(event)."""
    if call[0] not in _events(uefi).rows:
        return INVALID_PARAMETER
    signal(uefi, call[0])
    return SUCCESS


def check_event(uefi: Uefi, call: Call) -> int:
    """CheckEvent(event)."""
    _look_at_timers(uefi)
    return _check(uefi, call[0])


def _check(uefi: Uefi, handle: int) -> int:
    events = _events(uefi)
    row = events.rows.get(handle)
    if row is None or row.kind & _NOTIFY_SIGNAL:
        return INVALID_PARAMETER
    if not row.signalled and row.kind & _NOTIFY_WAIT:
        if handle not in events.queue:
            events.queue.append(handle)
        dispatch(uefi)
    if not row.signalled:
        return NOT_READY
    row.signalled = False
    return SUCCESS


def wait_for_event(uefi: Uefi, call: Call) -> int:
    """WaitForEvent(count, events, index): until one is signalled, or the end where no timer could do it."""
    count, at = call[0], call[1]
    if not 0 < count <= _MOST_WAITED:
        return INVALID_PARAMETER
    if uefi.tpl != APPLICATION:
        return UNSUPPORTED
    handles = [uefi.number(at + 8 * number) for number in range(count)]
    while True:
        for number, handle in enumerate(handles):
            status = _check(uefi, handle)
            if status != NOT_READY:
                uefi.put(call[2], number)
                return status
        due = min((row.due for row in _events(uefi).rows.values() if row.due), default=0)
        if not due or uefi.slices.over_budget():
            raise uefi.end("hung", "WaitForEvent waits for events that nothing signals")
        uefi.pass_time(due)
        _look_at_timers(uefi)


# --- time ----------------------------------------------------------------------------------------------------------
def _look_at_timers(uefi: Uefi) -> None:
    """Signal the events whose time has come, and notify what may be."""
    now = uefi.now
    for handle in list(_events(uefi).rows):
        row = _events(uefi).rows.get(handle)  # a notification may have closed it
        if row and row.due and now >= row.due:
            row.due = now + row.period if row.period else 0
            signal(uefi, handle)
    dispatch(uefi)


def set_timer(uefi: Uefi, call: Call) -> int:
    """SetTimer(event, how, 100 ns units): 0 cancel, 1 periodic, 2 once; no timer fires more often than at each tick."""
    row, how = _events(uefi).rows.get(call[0]), call[1] & 0xFFFFFFFF
    if row is None or how > 2 or not row.kind & _TIMER:
        return INVALID_PARAMETER
    span = max(call[2] * 100, TICK if how == 1 else 1)
    row.due = uefi.now + span if how else 0
    row.period = span if how == 1 else 0
    return SUCCESS


def stall(uefi: Uefi, call: Call) -> int:
    """Stall(microseconds): virtual time passes, and timers that are due on the way fire."""
    end = uefi.now + call[0] * 1000
    while not uefi.slices.over_budget():
        due = min((row.due for row in _events(uefi).rows.values() if row.due), default=end)
        uefi.pass_time(min(max(due, uefi.now), end))
        if due >= end:
            break
        _look_at_timers(uefi)
    return SUCCESS


def get_next_monotonic_count(uefi: Uefi, call: Call) -> int:
    """GetNextMonotonicCount(count): the high half stays 0, as at the first boot."""
    if not call[0]:
        return INVALID_PARAMETER
    count = uefi.state["monotonic"] = uefi.state.get("monotonic", 0) + 1
    uefi.put(call[0], count)
    return SUCCESS


ANSWERS = {
    "RaiseTPL": raise_tpl, "RestoreTPL": restore_tpl, "CreateEvent": create_event, "CreateEventEx": create_event_ex,
    "SetTimer": set_timer, "WaitForEvent": wait_for_event, "SignalEvent": signal_event, "CloseEvent": close_event,
    "CheckEvent": check_event, "Stall": stall, "SetWatchdogTimer": nothing,
    "GetNextMonotonicCount": get_next_monotonic_count,
}  # fmt: skip
"""Service to function."""
