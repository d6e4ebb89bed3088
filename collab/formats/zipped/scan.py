"""Owns one pass over an XML part: a tree of nodes with their byte spans; knows no vocabulary.

The spans are offsets into the part's own bytes, so what is not touched can be copied. There is no DTD, so there are
no entities but the five of XML, and nothing is ever fetched.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from collab.errors import FormatError, LimitExceeded
from collab.limits import Limits

NOT_UTF_8 = "The text of this file is in an unusual encoding, so it cannot be edited here."
NOT_WELL_FORMED = "This file is damaged inside, so it is not edited here. It was left as it is."
HAS_DTD = "This file brings its own document type, which is not read for safety, so it cannot be edited here."
COMMENT = "#comment"
INSTRUCTION = "#instruction"


class Text:
    """Characters between two tags; `value` is unescaped, the span has the bytes as they are, CDATA marks included."""

    __slots__ = ("end", "start", "value")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.value = ""


class Node:
    """An element; comments and instructions have the names above. Names are `prefix:local` of the canonical prefix.

    `inner_start`..`inner_end` is what stands between its tags; both are -1 when it is written as one empty tag.
    """

    __slots__ = ("attrs", "children", "end", "inner_end", "inner_start", "name", "start")

    def __init__(self, name: str, attrs: Mapping[str, str], start: int) -> None:
        self.name = name
        self.attrs = attrs
        self.children: list[Node | Text] = []
        self.start = start
        self.end = -1
        self.inner_start = -1
        self.inner_end = -1

    @property
    def elements(self) -> Iterator[Node]:
        """Its children that are elements."""
        return (child for child in self.children if isinstance(child, Node) and child.name[0] != "#")

    def find(self, *path: str) -> Node | None:
        """The first element on a path of names."""
        found: Node | None = self
        for name in path:
            found = next((child for child in found.elements if child.name == name), None) if found else None
        return found

    def walk(self) -> Iterator[Node]:
        """All elements below, in document order."""
        stack = list(self.elements)[::-1]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(list(node.elements)[::-1])

    def text(self) -> str:
        """All characters below, in document order."""
        return "".join(child.value if isinstance(child, Text) else child.text() for child in self.children)


@dataclass(frozen=True, slots=True)
class Scan:
    """A scanned part."""

    content: bytes
    root: Node
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Namespace -> the prefix that the root element declares for it; the empty prefix is left out."""

    def source(self, node: Node | Text) -> bytes:
        """The bytes of a node, tags included."""
        return self.content[node.start : node.end]

    def tag(self, node: Node) -> bytes:
        """The bytes of its start tag, or of its empty tag."""
        return self.content[node.start : node.inner_start if node.inner_start >= 0 else node.end]


Closed = Callable[[Node, Sequence[Node]], None]
"""Called with an element that has just ended and those it stands in; it may drop the element's children."""


def scan(
    content: bytes,
    limits: Limits,
    names: Mapping[str, str] | None = None,
    closed: Mapping[str, Closed] | None = None,
) -> Scan:
    """Scan a part; `names` gives namespaces their canonical prefix, others become `{namespace}local`.

    `closed` says who looks at the elements of a name while the scan goes on: large parts need not be held as trees.
    Raises: FormatError (not well-formed, DTD, not UTF-8), LimitExceeded.
    """
    if len(content) > limits.part_size_bytes:
        raise LimitExceeded("part_size_bytes", f"{len(content)} bytes")
    return _Scanner(content, limits, names or {}, closed or {}).run()


class _Scanner:
    def __init__(self, content: bytes, limits: Limits, names: Mapping[str, str], closed: Mapping[str, Closed]) -> None:
        self._content = content
        self._closed = closed
        self._limits = limits
        self._prefix_of = names
        self._names: dict[str, str] = {}
        self._root = Node("#document", {}, 0)
        self._stack = [self._root]
        self._opened: Node | None = None
        self._text: Text | None = None
        self._cdata = -1
        self._nodes = 0
        self._prefixes: dict[str, str] = {}
        self._parser = self._new_parser()

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = False  # a buffered text has lost its place
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = lambda text: self._aside(COMMENT)
        parser.ProcessingInstructionHandler = lambda target, text: self._aside(INSTRUCTION)
        parser.StartCdataSectionHandler = self._cdata_start
        return parser

    def run(self) -> Scan:
        content = self._content
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:4]:
            self._refuse_encoding("UTF-16 or UTF-32")
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as error:
            raise FormatError(f"not well-formed: {error}", public=NOT_WELL_FORMED) from None
        except UnicodeError:
            raise FormatError("characters that are none", public=NOT_WELL_FORMED) from None
        self._event(len(content))
        root = next(self._root.elements)
        return Scan(content, root, self._prefixes)

    def _event(self, at: int) -> None:
        """Something begins at `at`: what was open before is now known to end there."""
        self._cdata = -1
        if self._text is not None:
            self._text.end = at
            self._text = None
        if self._opened is not None:
            self._opened.inner_start = at
            self._opened = None

    def _start(self, name: str, attrs: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        self._event(at)
        self._nodes += 1
        if len(self._stack) > self._limits.xml_depth:
            raise LimitExceeded("xml_depth")
        if len(attrs) > self._limits.xml_attributes:
            raise LimitExceeded("xml_attributes")
        if self._nodes > self._limits.xml_nodes:
            raise LimitExceeded("xml_nodes")
        names = self._names
        node = Node(
            names.get(name) or self._named(name),
            {names.get(key) or self._named(key): value for key, value in attrs.items()} if attrs else {},
            at,
        )
        self._stack[-1].children.append(node)
        self._stack.append(node)
        self._opened = node

    def _named(self, name: str) -> str:
        namespace, space, local = name.rpartition(" ")
        prefix = self._prefix_of.get(namespace)
        canonical = local if not space else f"{prefix}:{local}" if prefix else f"{{{namespace}}}{local}"
        self._names[name] = canonical
        return canonical

    def _end(self, name: str) -> None:
        at = self._parser.CurrentByteIndex
        node = self._stack.pop()
        if self._opened is node and self._content[at - 2 : at] == b"/>":
            node.end = at
            self._opened = None
        else:
            self._event(at)
            node.inner_end = at
            node.end = self._content.index(b">", at) + 1
        if node.name in self._closed:
            self._closed[node.name](node, self._stack)

    def _characters(self, characters: str) -> None:
        if self._text is None:
            at = self._parser.CurrentByteIndex if self._cdata < 0 else self._cdata
            self._event(at)
            self._text = Text(at)
            self._stack[-1].children.append(self._text)
        self._text.value += characters

    def _cdata_start(self) -> None:
        if self._text is None:
            at = self._parser.CurrentByteIndex
            self._event(at)
            self._cdata = at

    def _aside(self, name: str) -> None:
        at = self._parser.CurrentByteIndex
        self._event(at)
        node = Node(name, {}, at)
        node.end = self._content.index(b"-->" if name == COMMENT else b"?>", at) + (3 if name == COMMENT else 2)
        self._stack[-1].children.append(node)

    def _namespace(self, prefix: str | None, namespace: str | None) -> None:
        if prefix and namespace and len(self._stack) == 1:
            self._prefixes.setdefault(namespace, prefix)

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "utf8", "us-ascii"):
            self._refuse_encoding(encoding)

    def _refuse_encoding(self, encoding: str) -> NoReturn:
        raise FormatError(f"encoded in {encoding[:40]}", public=NOT_UTF_8)

    def _doctype(self, *declaration: object) -> None:
        raise FormatError("it has a document type", public=HAS_DTD)
