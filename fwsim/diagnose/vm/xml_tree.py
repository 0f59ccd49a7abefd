"""XML as a tree with lines, read by expat: no document type, hence no entity of anybody's own, is taken.

expat is in Python's standard library: importing it takes less than a millisecond and brings no further package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from msgspec import Struct, field

from fwsim.errors import FwsimError

DEEPEST = 200


class Node(Struct):
    """An element: ``tag`` with its prefix as written, ``line`` from 1."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, path: str) -> Iterator[Node]:
        """The elements at ``path``, such as ``devices/hostdev``."""
        head, _, rest = path.partition("/")
        for child in self.children:
            if child.tag == head:
                yield from child.all(rest) if rest else (child,)

    def first(self, path: str) -> Node | None:
        """The first of them."""
        return next(self.all(path), None)

    def get(self, name: str) -> str:
        """An attribute, "" where it is not there."""
        return self.attributes.get(name, "")

    def shown(self) -> str:
        """The start tag, as it is written but for its order."""
        return f"<{self.tag}{''.join(f' {k}={v!r}' for k, v in self.attributes.items())}>{self.text.strip()[:80]}"


def parse(text: str, file: str, above: int = 0) -> Node:
    """The root element of ``text``, which begins ``above`` lines down in ``file``.

    Raises FwsimError with the place for broken XML, and for a document type, which is where entities are made.
    """
    parser = expat.ParserCreate()
    stack = [Node("", {}, 0)]

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = Node(tag, attributes, parser.CurrentLineNumber + above)
        stack[-1].children.append(node)
        stack.append(node)
        if len(stack) > DEEPEST:
            raise _at(file, node.line, f"elements are nested more than {DEEPEST} deep", "a domain's XML")

    def end(tag: str) -> None:
        stack.pop()

    def characters(data: str) -> None:
        if len(stack[-1].text) < 4096:
            stack[-1].text += data

    def doctype(name: str, system: str | None, public: str | None, internal: bool) -> NoReturn:
        raise _at(file, parser.CurrentLineNumber + above,
                  "a document type (DTD) is refused, its entities are not resolved", "no <!DOCTYPE")  # fmt: skip

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        what = expat.errors.messages.get(error.code, str(error.code))
        raise _at(file, error.lineno + above, f"the XML is broken: {what}, column {error.offset + 1}",
                  "XML as virsh dumpxml prints it") from None  # fmt: skip
    return stack[0].children[0]


def _at(file: str, line: int, what: str, expected: str) -> FwsimError:
    return FwsimError(what, where=f"{file}:{line}", found=str(line), expected=expected)
