"""A run's verdict is one sentence, for a person who wants to know whether there would be a picture."""

from fwsim.results.summary import Summary

_UNFINISHED = {
    "hung": "the ROM hangs",
    "budget": "the run was cut short, the ROM was not done",
    "invalid": "the ROM ran into bytes that are no code",
    "aborted": "the hypervisor kills the guest",
}


def verdict(summary: Summary) -> str:
    """The sentence: how far the ROM got, what the screen shows, and which checks fail."""
    return f"verdict: {_story(summary)}; {_checks(summary)}"


def _story(summary: Summary) -> str:
    rom, stop = summary.rom, summary.stop
    if not rom.taken:
        return "the guest's firmware runs no ROM, and the screen stays black"
    if stop.reason != "completed":
        done = sum(call.ok for call in summary.calls)
        after = f" after {done} of its calls" if done else ""
        what = _UNFINISHED.get(stop.reason) or stop.detail.partition("\n")[0] or "the run failed"
        return f"{what}{after}{', and the screen stays black' if not summary.display else ''}"
    posted = "the ROM POSTed" + (", with help," if summary.assists else "")
    if not summary.display:
        return f"{posted} and set no mode that could be looked at"
    count = len(summary.display)
    judged = next((check for check in summary.checks if check.id == "screens-complete"), None)
    if judged is not None and not judged.ok:
        return f"{posted}, but the picture is wrong: {judged.detail.partition('; ')[0]}"
    if any(screen.unreadable_pages for screen in summary.display):
        return f"{posted}, but the picture has holes"
    return f"{posted} and shows {'a whole picture' if count == 1 else f'{count} whole pictures'}"


def _checks(summary: Summary) -> str:
    failed = [check.id for check in summary.failed]
    if not summary.checks:
        return "no checks were made"
    if not failed:
        return "every check holds" if len(summary.checks) > 1 else "the check holds"
    names = ", ".join(failed[:3]) + (f" and {len(failed) - 3} more" if len(failed) > 3 else "")
    return f"{len(failed)} {'check fails' if len(failed) == 1 else 'checks fail'}: {names}"
