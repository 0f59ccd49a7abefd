"""Two runs are told beside each other: likely causes, where they part, then what differs, a line or two each."""

from collections.abc import Iterator

from fwsim.analysis.diff import Diff
from fwsim.analysis.differences import Group, Row
from fwsim.report.events import place, place_of, said

_WIDTH = 80
_RESULTS = 24
_WIDE = 30


def render(result: Diff, limit: int) -> Iterator[str]:
    """A line each, 80 columns where they fit; ``limit`` groups of differences."""
    yield f"A  {result.a}  {result.events[0]:,} events"
    yield f"B  {result.b}  {result.events[1]:,} events"
    yield from (f"note: {note}" for note in result.notes)
    yield from _facts("asked for differently", result.causes)
    if result.identical:
        itself = ": a run and itself" if result.itself else ""
        yield f"identical{itself}: the same events, byte for byte"
        yield from _facts("what came of it", result.results)
        return
    yield from _first(result)
    yield from _groups(result, limit)
    yield from _facts("what came of it", result.results)
    if result.same:
        yield "the same accesses, with the same values: only how long waits took differs"
    folded = sum(result.folded)
    if folded:
        yield f"waits: {result.folded[0]:,} accesses of A and {result.folded[1]:,} of B left out as repetition"


def _facts(title: str, facts: list[tuple[str, object, object]]) -> Iterator[str]:
    if not facts:
        return
    shown = facts[:_RESULTS]
    width = min(_WIDE, max(len(name) for name, _, _ in shown))
    yield f"{title}:"
    for name, a, b in shown:
        left, right = _value(name, a), _value(name, b)
        if len(left) + len(right) + width + 12 <= _WIDTH:
            yield f"  {name:<{width}}  A {left:<{max(12, 0)}}  B {right}".rstrip()
        else:
            yield f"  {name}"
            yield f"    A {left}"
            yield f"    B {right}"
    if len(facts) > len(shown):
        yield f"  and {len(facts) - len(shown)} more: --json"


def _value(name: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        counts = ("writes", "rewritten", "targets", "faults", "recorded", "width", "height", "stride", "unreadable",
                  "count", "code_bytes", "gms", "posts", "number", "frames", "by_reason")  # fmt: skip
        return f"{value:,}" if any(word in name for word in counts) else f"{value:#x}"
    text = str(value).splitlines()[0] if str(value) else '""'
    return text[:64]


def _first(result: Diff) -> Iterator[str]:
    first = result.first
    if first is None:
        return
    yield "they part here:"
    for row in result.before:
        yield f"  {_at(row)}  {said(row, result.cpu)}"
    other = result.instead
    for side, done in (("A", first.a or other), ("B", first.b or other)):
        yield f"{side} {_at(done)}  {said(done, result.cpu)}" if done else f"{side} {'':>18}  does nothing more"


def _at(row: Row) -> str:
    return f"{row['seq']:>8} {place_of(row):<9}"


def _groups(result: Diff, limit: int) -> Iterator[str]:
    groups = result.groups
    if groups:
        how = "" if result.by_place else ", wherever in the code"
        yield f"differences, in {len(groups)} group{'s' * (len(groups) != 1)}{how}:"
    for group in groups[:limit]:
        yield from _values(group, result.cpu) if group.kind == "value" else _alone(group, result.cpu)
    if len(groups) > limit:
        yield f"  and {len(groups) - limit} more: --limit {len(groups)}, or --json"
    if result.faults[0] != result.faults[1]:
        yield f"  DMA faults: A {result.faults[0]:,}, B {result.faults[1]:,}"


def _values(group: Group, cpu: str | None) -> Iterator[str]:
    a, b = group.a or {}, group.b or {}
    head = f"  {place_of(a):<9}  {_did(a)} "
    if a["space"] == "gtt" and group.count > 1:
        moved = f"each {_signed(group.delta)}" if group.delta is not None else "not all by the same"
        yield f"{head}gtt: {group.count} entries from {_number(a, 'address'):#x} on, {moved}"
        yield f"    A {_written(a)} ... {_written(group.last_a or {})}"
        yield f"    B {_written(b)} ... {_written(group.last_b or {})}"
        return
    text = f"{head}{place(str(a['space']), _number(a, 'address'), cpu)}"
    times = f", {group.count} times" if group.count > 1 else ""
    values = f"  A {_written(a)}  B {_written(b)}"
    if len(text + values + times) <= _WIDTH:
        yield text + values + times
    else:
        yield f"{text}{times}"
        yield f"    A {_written(a)}"
        yield f"    B {_written(b)}"


def _alone(group: Group, cpu: str | None) -> Iterator[str]:
    side = group.kind.upper()
    row = (group.a if group.kind == "a" else group.b) or {}
    if group.count == 1:
        yield f"  {place_of(row):<9}  only {side}: {said(row, cpu)}"
        return
    what = ", ".join(f"{count} {name}" for name, count in list(group.what.items())[:4])
    times = f"{group.times} times, {group.count} in all, such as " if group.times > 1 else ""
    yield f"  {place_of(row):<9}  only {side}: {times}{what}"
    last = (group.last_a if group.kind == "a" else group.last_b) or {}
    for each in group.places:
        yield f"    {_at(each)}  {said(each, cpu)}"
    if group.places and last.get("seq") != group.places[-1].get("seq"):
        yield f"    ... {last['seq']} {place_of(last)}  {said(last, cpu)}"


def _did(row: Row) -> str:
    return f"{row['op']}.{row['width']}" if row["op"] in ("read", "write") else str(row["op"])


def _written(row: Row) -> str:
    value, aux = _number(row, "value"), _number(row, "aux")
    if row["space"] == "interrupt":
        return " ".join(f"{name} {value >> 16 * i & 0xFFFF:04x}" for i, name in enumerate(("ax", "bx", "cx", "dx")))
    return f"{value:#x}" + (f" (was {aux:#x})" if aux != value else "")


def _number(row: Row, name: str) -> int:
    return int(str(row[name]))


def _signed(delta: int | None) -> str:
    number = delta or 0
    return f"-{(1 << 32) - number:#x}" if number >> 31 else f"+{number:#x}"
