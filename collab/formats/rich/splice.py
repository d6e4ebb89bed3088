"""Owns the way from a changed model to patches: walks the file's blocks beside the live ones; knows no vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

from collab.formats.linediff import Change, diff_lines
from collab.formats.rich.align import align
from collab.formats.rich.leaves import Context, Token, tokens_of
from collab.formats.rich.model import Block, Piece, atom_identity, joined
from collab.formats.rich.source import Place, Writer
from collab.formats.zipped.patch import Patch
from collab.formats.zipped.scan import Node

_EMPTY = Context()


class Splicer:
    """Gathers the patches of one save."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._content = writer.source.scan.content
        self.patches: list[Patch] = []
        self._touched: set[int] = set()

    def run(self, live: Sequence[Block]) -> list[Patch]:
        """The patches that make the file's body what the live blocks are."""
        source = self._writer.source
        self._children(source.body, source.blocks, live)
        return self.patches

    def _children(self, parent: Node, base: Sequence[Block], live: Sequence[Block]) -> None:
        found = align(base, live)
        at = _start(base[0]) if base else max(parent.inner_start, 0)
        beside: Block | None = base[0] if base else None
        pending = b""
        for index, block in enumerate(live):
            source = found.kept[index]
            if source is None:
                copied = found.copied.get(index)
                new = self._copy(copied) if copied is not None else self._writer.block(block, beside)
                self.patches.append(Patch(at, at, new))
            else:
                self._block(source, block)
                at, beside = _end(source), source
        for gone in found.gone:
            pending = self._writer.markers(gone) if gone not in found.copied.values() else b""
            self._cut(gone, pending)

    def _copy(self, block: Block) -> bytes:
        return self._content[_start(block) : _end(block)]

    def _cut(self, block: Block, markers: bytes) -> None:
        self.patches.append(Patch(_start(block), _end(block), markers))

    def _block(self, base: Block, live: Block) -> None:
        if base.digest == live.digest:
            return
        if base.is_text:
            return self._text(base, live)
        self.patches += self._writer.restyle(base, live)
        node = base.node
        if node is not None and node.inner_start < 0 and live.children:
            inner = b"".join(self._writer.block(child, None) for child in live.children)
            self.patches.append(Patch(node.start, node.end, self._writer.filled(base, inner)))
        elif node is not None:
            self._children(base.inner or node, base.children, live.children)

    # -- text --

    def _text(self, base: Block, live: Block) -> None:
        if base.node is not None and base.node.inner_start < 0:
            if live.pieces:
                self.patches.append(Patch(_start(base), _end(base), self._writer.block(live, base)))
            else:
                self.patches += self._writer.restyle(base, live)
            return
        self.patches += self._writer.restyle(base, live)
        source = tokens_of(self._writer.leaves(base), self._content)
        wanted = _atoms(live.pieces)
        for change in self._hunks(source, wanted):
            self._hunk(base, source, wanted, change)

    def _hunks(self, source: list[Token], wanted: list[Piece]) -> list[Change]:
        old = [repr(token.value) for token in source]
        new = [repr(_value(piece)) for piece in wanted]
        changes = [self._widened(change, source) for change in diff_lines(old, new)]
        return self._without_lost_blanks(_merged(changes), source, wanted)

    def _widened(self, change: Change, source: list[Token]) -> Change:
        """A hunk takes what can only be cut whole."""
        a_start, a_end, b_start, b_end = change.a_start, change.a_end, change.b_start, change.b_end
        while 0 < a_start < len(source) and _inseparable(source[a_start - 1], source[a_start]):
            a_start, b_start = a_start - 1, b_start - 1
        while 0 < a_end < len(source) and _inseparable(source[a_end - 1], source[a_end]):
            a_end, b_end = a_end + 1, b_end + 1
        return Change(a_start, a_end, b_start, b_end)

    def _without_lost_blanks(self, changes: list[Change], source: list[Token], wanted: list[Piece]) -> list[Change]:
        """A hunk takes the blank behind it, where that would vanish behind what is before it now."""
        done = []
        for change in changes:
            a_end, b_end = change.a_end, change.b_end
            while a_end < len(source) and source[a_end].leaf.literal and source[a_end].value[0] == " ":
                before = _value(wanted[b_end - 1]) if b_end else None
                if not self._writer.literal_blank_at_risk(before, True):
                    break
                a_end, b_end = a_end + 1, b_end + 1
            done.append(Change(change.a_start, a_end, change.b_start, b_end))
        return _merged(done)

    def _hunk(self, base: Block, source: list[Token], wanted: list[Piece], change: Change) -> None:
        self.patches += _cuts(source[change.a_start : change.a_end])
        self._touch(source[max(change.a_start - 1, 0) : change.a_end + 1])
        pieces = joined(wanted[change.b_start : change.b_end])
        if pieces:
            previous = wanted[change.b_start - 1] if change.b_start else None
            kept = source[change.a_start - 1] if change.a_start else None
            place = _place(base, source, change, pieces[0])
            literal = kept is not None and kept.leaf.literal
            place = Place(
                place.at,
                place.context,
                place.left,
                place.right,
                place.inside,
                _value(previous) if previous else None,
                literal,
            )
            self.patches.append(self._writer.insertion(pieces, place))

    def _touch(self, tokens: Sequence[Token]) -> None:
        """What holds characters that are about to change may need to say that its blanks count."""
        for token in tokens:
            holder = token.leaf.context.holder
            if holder is not None and holder.start not in self._touched:
                self._touched.add(holder.start)
                self.patches += self._writer.touched(holder)


def _atoms(pieces: Sequence[Piece]) -> list[Piece]:
    return [one for piece in pieces for one in ([Piece(c, piece.marks) for c in piece.text] if piece.text else [piece])]


def _value(piece: Piece) -> tuple[object, ...]:
    return (piece.text, piece.marks) if piece.text else atom_identity(piece)


def _inseparable(one: Token, other: Token) -> bool:
    return one.whole and one.leaf is other.leaf


def _merged(changes: list[Change]) -> list[Change]:
    done: list[Change] = []
    for change in changes:
        if done and done[-1].a_end >= change.a_start:
            last = done.pop()
            change = Change(last.a_start, max(last.a_end, change.a_end), last.b_start, max(last.b_end, change.b_end))
        done.append(change)
    return done


def _cuts(tokens: Sequence[Token]) -> list[Patch]:
    spans: list[tuple[int, int]] = []
    for token in tokens:
        if spans and spans[-1][0] <= token.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], token.end))
        else:
            spans.append((token.start, token.end))
    return [Patch(start, end, b"") for start, end in spans]


def _place(base: Block, source: list[Token], change: Change, first: Piece) -> Place:
    """Where new pieces go: beside a text of the same marks if there is one, else behind their left neighbour."""
    left = source[change.a_start - 1] if change.a_start else None
    gone = source[change.a_start] if change.a_start < change.a_end else None
    right = source[change.a_end] if change.a_end < len(source) else None
    spots = [(left, True)] if left else []
    spots += [(gone, False)] if gone else []
    spots += [(right, False)] if right and not gone else []
    for token, behind in spots:
        if token is not None and token.leaf.literal and first.text and token.leaf.piece.marks == first.marks:
            return _beside(token, behind, source)
    for token, behind in spots:
        if token is not None:
            return _beside(token, behind, source)
    node = base.node
    at = node.inner_end if node is not None else 0
    return Place(at, _EMPTY, None, None, inside=False)


def _beside(token: Token, behind: bool, source: list[Token]) -> Place:
    leaf = token.leaf
    at = token.end if behind else token.start
    inside = leaf.literal and leaf.start < at < leaf.end
    left = leaf if behind or inside else None
    right = leaf if not behind or inside else None
    return Place(at, leaf.context, left, right, inside)


def _start(block: Block) -> int:
    return block.node.start if block.node is not None else 0


def _end(block: Block) -> int:
    return block.node.end if block.node is not None else 0
