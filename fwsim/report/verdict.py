"""A run's verdict is one sentence, for a person who wants to know whether there would be a picture, or devices."""

from fwsim.report.vpci import story_of, vpci_of
from fwsim.results.summary import EfiSummary, Summary

_UNFINISHED = {
    "hung": "the {what} hangs",
    "budget": "the run was cut short, the {what} was not done",
    "invalid": "the {what} crashed",
    "aborted": "the hypervisor kills the guest",
}


def verdict(summary: Summary) -> str:
    """The sentence: how far the ROM got, what the screen shows, and which checks fail."""
    return f"verdict: {_story(summary)}; {_checks(summary)}"


def _story(summary: Summary) -> str:
    rom, stop = summary.rom, summary.stop
    if (shown := vpci_of(summary)) is not None:
        return story_of(summary, shown)
    if not rom.taken:
        return "the guest's firmware runs no ROM, and the screen stays black"
    if stop.reason != "completed":
        done = sum(call.ok for call in summary.calls)
        after = f" after {done} of its calls" if done else ""
        words = _UNFINISHED.get(stop.reason, "").format(what=summary.code)
        what = words or stop.detail.partition("\n")[0] or "the run failed"
        return f"{what}{after}{', and the screen stays black' if not summary.display else ''}"
    if summary.efi is not None:
        return _drivers(summary, summary.efi)
    posted = "the ROM POSTed" + (", with help," if summary.assists else "")
    if not summary.display:
        return f"{posted} and set no mode that could be looked at"
    return f"{posted}{_pictures(summary)}"


def _drivers(summary: Summary, efi: EfiSummary) -> str:
    """How far UEFI's drivers got, from the last one that was started."""
    tried = [each for each in efi.drivers if each.start or each.entry not in ("", "SUCCESS")]
    if not tried:
        return "no driver takes the device, and the screen stays black"
    last = tried[-1]
    for step, status in (("its entry", last.entry), ("Start", last.start)):
        if status not in ("", "SUCCESS"):
            return f"{last.name} gave up ({step}: {status}), and the screen stays black"
    if efi.gop is None:
        return f"{last.name} started and found no display, and the screen stays black"
    if not summary.display:
        return f"{last.name} started, but it lights no display"
    return f"the GOP driver started{_pictures(summary)}"


def _pictures(summary: Summary) -> str:
    """What the pictures show."""
    count = len(summary.display)
    judged = next((check for check in summary.checks if check.id == "screens-complete"), None)
    if judged is not None and not judged.ok:
        return f", but the picture is wrong: {judged.detail.partition('; ')[0]}"
    if any(screen.unreadable_pages for screen in summary.display):
        return ", but the picture has holes"
    return f" and shows {'a whole picture' if count == 1 else f'{count} whole pictures'}"


def _checks(summary: Summary) -> str:
    failed = [check.id for check in summary.failed]
    if not summary.checks:
        return "no checks were made"
    if not failed:
        return "every check holds" if len(summary.checks) > 1 else "the check holds"
    names = ", ".join(failed[:3]) + (f" and {len(failed) - 3} more" if len(failed) > 3 else "")
    return f"{len(failed)} {'check fails' if len(failed) == 1 else 'checks fail'}: {names}"
