"""Text as it is copied out of forums, mails and issue trackers: their marks are taken away, its lines stay as many.

Marks are BBCode's and HTML's tags around code, HTML's character references, mail's and Markdown's ``> ``, Markdown's
backticks, and what word processors make of quotes, hyphens and spaces.
"""

from __future__ import annotations

import html
import re

_BBCODE = re.compile(
    r"\[/?(?:code|icode|quote|spoiler|pre|color|colour|font|size|b|user|url)(?:=[^\]\n]{0,80})?\]", re.IGNORECASE
)
"""XenForo's, phpBB's and their like, as the Proxmox and unraid forums have them."""
_TAG = re.compile(
    r"</?(?:pre|code|font|span|br|p|div|b|i|em|strong|tt|blockquote)(?:\s[^<>\n]{0,200})?/?>", re.IGNORECASE
)
_TAG_SIGNS = ("<pre", "<code", "<font", "<span", "<br", "<p>", "<div", "<b>", "<tt", "<blockquote", "</")
_REFERENCE = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|lt|gt|amp|quot|apos|nbsp|ndash|mdash);", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:>[ \t])+|^>(?=[\w\[#-])", re.MULTILINE)
_MARKED_LINE = re.compile(
    r"^[ \t]*(?:`{3,}[\w-]*[ \t\r]*$|`(?=[^`\n]*`[ \t\r]*$))|(?<=[^`\n])`(?=[ \t\r]*$)", re.MULTILINE
)
_DASH = re.compile(r"(?<![^\s])[\u2013\u2014](?=[a-z])")
_WORDY = str.maketrans({"\u00a0": " ", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u200b": None})
_WORDY_SIGNS = ("\u00a0", "\u2018", "\u2019", "\u201c", "\u201d", "\u200b")
_XML = re.compile(r"<(?:\?xml|domain|hostdev|qemu:)")


def unmarked(text: str) -> str:
    """``text`` without the marks, line for line. XML that is not written in references keeps its own."""
    xml = "<" in text and _XML.search(text) is not None
    if "[/" in text or "[CODE" in text or "[code" in text:
        text = _BBCODE.sub("", text)
    if "<" in text and any(sign in text for sign in _TAG_SIGNS):
        text = _TAG.sub("", text)
    if "&" in text and not xml and _REFERENCE.search(text):
        text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    if ">" in text and (text.startswith(">") or "\n>" in text) and not (xml and "\n> " not in text):
        text = _QUOTED.sub("", text)
    if "`" in text:
        text = _MARKED_LINE.sub("", text)
    if not text.isascii():
        if any(sign in text for sign in _WORDY_SIGNS):
            text = text.translate(_WORDY)
        if "\u2013" in text or "\u2014" in text:
            text = _DASH.sub("-", text)
    return text
