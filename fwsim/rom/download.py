"""A known image is fetched by its address in the catalogue, verified by SHA-256, and kept in a cache."""

import re
from hashlib import sha256
from pathlib import Path

from fwsim.errors import FwsimError
from fwsim.rom.catalog import KnownRom
from fwsim.rom.chain import read_file

TIMEOUT_S = 30


def cache_folder() -> Path:
    """Where downloads are kept when nobody says: ``fwsim/roms`` in the user's cache folder (``$XDG_CACHE_HOME``)."""
    import pooch  # type: ignore[import-untyped]

    return Path(pooch.os_cache("fwsim")) / "roms"


def get(entry: KnownRom, folder: Path | None = None) -> Path:
    """The image of ``entry`` as a file of its name in ``folder``, the cache by default; downloaded unless it is there.

    Raises FwsimError when it cannot be had, when what comes is another file (nothing is kept of it), and when the
    folder holds another file of this name, which is left as it is.
    """
    target = (folder or cache_folder()) / entry.name
    if target.exists():
        found = sha256(read_file(target)).hexdigest()
        if found == entry.sha256:
            return target
        raise FwsimError(
            "another file of this name is there",
            where=str(target),
            found=f"sha256 {found}",
            expected=f"sha256 {entry.sha256}",
            hint="move it away, or choose another folder with --to",
        )
    return _download(entry, target)


def _download(entry: KnownRom, target: Path) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    fetch = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    try:
        pooch.retrieve(
            entry.url, known_hash=f"sha256:{entry.sha256}", fname=target.name, path=target.parent, downloader=fetch
        )
    except requests.exceptions.HTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise FwsimError(
            "the server does not give this ROM",
            where=entry.url,
            found=f"HTTP status {status}",
            hint=f"it may have moved: look in {entry.repository}, and put it under $FWSIM_ROMS",
        ) from None
    except requests.exceptions.RequestException as error:
        raise FwsimError(
            "the server cannot be reached",
            where=entry.url,
            found=_reason(error),
            expected="a connection to the network",
            hint="try again online, or copy the file here and name its folder in FWSIM_ROMS",
        ) from None
    except OSError as error:
        raise FwsimError(f"cannot be written: {error.strerror or error}", where=str(target)) from None
    except ValueError as error:
        digests = re.findall(r"\b[0-9a-f]{64}\b", str(error))
        raise FwsimError(
            "the download is another file; it was not kept",
            where=entry.url,
            found=f"sha256 {digests[-1]}" if digests else str(error),
            expected=f"sha256 {entry.sha256}",
            hint="do not use it; the repository may have been changed",
        ) from None
    return target


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words: requests wraps a socket's error several times."""
    while error.__context__ is not None:
        error = error.__context__
    text = getattr(error, "strerror", None) or str(error)
    return str(text).splitlines()[0][:200] if text else type(error).__name__
