"""What a configuration keeps secret is not kept here: passwords, keys and user data become ``***``."""

from __future__ import annotations

import re

GONE = "***"
_NAMES = (
    r"[\w.-]*passw(?:or)?d|passphrase|passwd|pass|secret|token|api[-_]?key|access[-_]?key|ssh-?keys?|cloudinit|"
    r"ciuser|user-?data|data|key|osk|serial|hostname|authkey|ssh[-_]?authorized[-_]?keys"
)
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&<>"']+)"""
_PAIR = re.compile(rf"""(?i)(?<![\w-])("?(?:{_NAMES})"?)(\s*[=:]\s*)(?!on\b|off\b|yes\b|no\b){_VALUE}""")
_LINE = re.compile(r"(?i)^(\s*(?:cipassword|ciuser|sshkeys|cicustom|vncpasswd|spicepasswd)\s*[:=]\s*).*$")
_URL = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")


def redact(text: str) -> str:
    """``text`` with the value of each pair whose name says that it is secret, and with user and password of URLs, gone.

    It is for evidence, which shows one option or line: what is left out too much does no harm there.
    """
    text = _LINE.sub(rf"\g<1>{GONE}", text)
    return _URL.sub(GONE, _PAIR.sub(rf"\g<1>\g<2>{GONE}", text))
