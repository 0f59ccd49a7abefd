"""The first write of each flow is followed back to its source by ``why``: so the flow is shown, not assumed."""

from __future__ import annotations

from msgspec.structs import replace

from fwsim.analysis.leaks_rows import Leaks
from fwsim.analysis.leaks_trace import Flow
from fwsim.analysis.why import Why, explain
from fwsim.errors import FwsimError
from fwsim.results.folder import RunDir

MOST = 6
"""Flows that are followed in one run: each is a run of its own."""


def follow(run: RunDir, found: Leaks) -> None:
    """Fill in the ``origin`` of each flow: what its first write came from, as ``why`` says it."""
    known: dict[int, str] = {}
    for number, leak in enumerate(found.leaks):
        flows = tuple(_followed(run, flow, known) for flow in leak.flows)
        found.leaks[number] = replace(leak, flows=flows)


def _followed(run: RunDir, flow: Flow, known: dict[int, str]) -> Flow:
    if flow.seq not in known:
        if len(known) >= MOST:
            return flow
        try:
            known[flow.seq] = _origin(explain(run, str(flow.seq)))
        except FwsimError as error:
            known[flow.seq] = f"not followed: {error.what}"
    return replace(flow, origin=known[flow.seq])


def _origin(why: Why) -> str:
    """The source that holds the address: the last line that is no code's of this guest."""
    roots = [node for node in why.nodes if node.kind in ("input", "answer", "byte") and node.machine == "guest"]
    if not roots:
        return "a constant of the code"
    node = roots[-1]
    return f"{node.text.partition(' (')[0]}{f' at {node.where}' if node.where else ''}"
