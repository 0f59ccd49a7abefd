"""What a run took for granted of its host is told as that: nobody gave it, or what was given is the family's usual."""

from fwsim.results.summary import Summary

_WORDS = {"device_id": "the device id", "ggc": "GGC", "bdsm": "BDSM", "asls": "ASLS"}


def assumed_of_host(summary: Summary) -> set[str]:
    """The fields of [host] that are assumed, without ``host.``."""
    known = summary.exactness
    return {
        name.removeprefix("host.") for name in known if name.startswith("host.") and known[name].certainty == "assumed"
    }


def assumed_line(summary: Summary) -> str:
    """One sentence for the terminal; "" where nothing is assumed."""
    names = [words for name, words in _WORDS.items() if name in assumed_of_host(summary)]
    if not names:
        return ""
    ground = next(known.source for name, known in summary.exactness.items() if name.startswith("host."))
    return f"{', '.join(names)} assumed: {ground}"
