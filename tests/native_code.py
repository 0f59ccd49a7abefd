"""Callbacks of tests, which call one function of the package each, become an image of their own, made once."""

from pathlib import Path

from fwsim.native import Callback
from fwsim.native.compiler.make import bring_up_to_date
from fwsim.native.image import Image, path

FOLDER = Path(__file__).parent.parent / ".pytest_cache" / "native"


def load(*callbacks: Callback) -> None:
    """Make ``callbacks`` callable: compiled where they, or what they call, have changed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{callbacks[0].function.__module__}-{path().name}"
    bring_up_to_date(file, list(callbacks), lambda done: None)
    image = Image(file)
    for callback in callbacks:
        callback.address = image.address(callback.name)
