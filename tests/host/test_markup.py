"""Text that was copied out of a forum says what it said there, on the same lines."""

import pytest

from fwsim.host.markup import unmarked

CONF = "bios: ovmf\nhostpci0: 0000:00:02.0,legacy-igd=1\nmachine: pc"


@pytest.mark.parametrize(
    "text",
    [
        f"[CODE]{CONF}[/CODE]",
        f'[QUOTE="someone, post: 12"][code=bash]{CONF}[/code][/QUOTE]',
        "".join(f"> {line}\n" for line in CONF.split("\n"))[:-1],
        "".join(f"> > {line}\n" for line in CONF.split("\n"))[:-1],
        "".join(f">{line}\n" for line in CONF.split("\n"))[:-1],
        "".join(f"`{line}`\n" for line in CONF.split("\n"))[:-1],
        f'<pre class="code">{CONF}</pre>',
        CONF.replace("bios: ovmf", '<font color="#4E9A06">bios:</font> <b>ovmf</b>'),
        CONF.replace(" ", "\u00a0").replace("bios", "bios\u200b"),
        CONF.replace(" ", "&nbsp;").replace("-", "&#45;"),
    ],
)
def test_marks_are_taken_away(text):
    assert unmarked(text) == CONF


def test_fences_leave_their_lines():
    assert unmarked(f"conf:\n```yaml\n{CONF}\n```\n") == f"conf:\n\n{CONF}\n\n"
    crlf = CONF.replace("\n", "\r\n")
    assert unmarked(f"```\r\n{crlf}\r\n```\r\n").split() == CONF.split()


def test_a_quotation_keeps_its_indents():
    assert unmarked("> args: x \\\n>     -m 4G\n> \n>\n") == "args: x \\\n    -m 4G\n\n>\n"


def test_word_processors_quotes_and_hyphens():
    assert unmarked("kvm \u2013device \u201cvfio-pci,host=00:02.0\u201d") == 'kvm -device "vfio-pci,host=00:02.0"'
    assert unmarked("a range 1\u20132 stays") == "a range 1\u20132 stays"


@pytest.mark.parametrize(
    "text",
    [
        "<domain type='kvm'\n>\n<name>a &amp;lt; b</name>\n</domain>\n",
        "[    0.36] DMAR: [DMA Read] Request device [00:02.0] fault addr 1000 [fault reason 06] x",
        "[special:cloudinit]\n[before]\n",
        "region 2 > region 0\n->\n",
        "echo `date` > x",
    ],
)
def test_what_is_no_mark_stays(text):
    assert unmarked(text) == text


def test_xml_that_is_written_in_references_is_xml_again():
    assert unmarked("&lt;domain type=&#39;kvm&#39;&gt;") == "<domain type='kvm'>"
