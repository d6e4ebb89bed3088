"""Owns new odt files made of blocks that have no file: every block is written, nothing is kept. Reads nothing.

An odt that exists is saved by splices (`formats/rich`); here there is nothing to keep, so all is written at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from collab.formats.exports.markdown_read import CODE_STYLE, QUOTE_STYLE, RULE_STYLE, SPAN_STYLE
from collab.formats.exports.tree import is_ordered
from collab.formats.rich.blank import odt_with
from collab.formats.rich.model import HARD_BREAK, LINK, SPAN, TAB, TOGGLES, Block, Marks, Piece
from collab.formats.rich.odf_read import columns
from collab.formats.zipped.patch import escape_attribute, escape_text

_LEVELS = 10
_BULLETS = "•◦▪"
_MONO = 'style:font-name="Liberation Mono" fo:font-family="Liberation Mono" style:font-family-generic="modern"'
_HEADINGS = "".join(
    f'<style:style style:name="Heading_20_{level}" style:display-name="Heading {level}" style:family="paragraph" '
    f'style:parent-style-name="Standard" style:next-style-name="Standard" style:default-outline-level="{level}">'
    '<style:paragraph-properties fo:margin-top="0.3cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"/>'
    '<style:text-properties fo:font-size="12pt" fo:font-weight="bold"/></style:style>'
    for level in (4, 5, 6)
)
_NAMED = (
    f'<style:style style:name="{CODE_STYLE}" style:display-name="Preformatted Text" style:family="paragraph" '
    'style:parent-style-name="Standard"><style:paragraph-properties fo:margin-bottom="0cm" fo:line-height="100%"/>'
    f'<style:text-properties {_MONO} fo:font-size="9.5pt" fo:language="zxx" fo:country="none"/></style:style>'
    f'<style:style style:name="{QUOTE_STYLE}" style:family="paragraph" style:parent-style-name="Standard">'
    '<style:paragraph-properties fo:margin-left="1cm" fo:margin-right="1cm"/></style:style>'
    f'<style:style style:name="{RULE_STYLE}" style:display-name="Horizontal Line" style:family="paragraph" '
    'style:parent-style-name="Standard"><style:paragraph-properties fo:margin-bottom="0.5cm" '
    'fo:border-bottom="0.5pt solid #808080"/><style:text-properties fo:font-size="6pt"/></style:style>'
    f'<style:style style:name="{SPAN_STYLE}" style:display-name="Source Text" style:family="text">'
    f'<style:text-properties {_MONO} fo:font-size="90%"/></style:style>{_HEADINGS}'
)
_TOGGLE_STYLES = {
    "strong": 'fo:font-weight="bold"',
    "em": 'fo:font-style="italic"',
    "underline": 'style:text-underline-style="solid" style:text-underline-width="auto"',
    "strike": 'style:text-line-through-style="solid"',
    "sub": 'style:text-position="sub 58%"',
    "sup": 'style:text-position="super 58%"',
}
_ALIGNED = "".join(
    f'<style:style style:name="Standard-lf-{name}" style:family="paragraph" style:parent-style-name="Standard">'
    f'<style:paragraph-properties fo:text-align="{value}"/></style:style>'
    for name, value in (("center", "center"), ("right", "end"))
)
_TABLES = (
    '<style:style style:name="LFtable" style:family="table"><style:table-properties style:width="17cm" '
    'table:align="margins" fo:margin-bottom="0.3cm"/></style:style>'
    '<style:style style:name="LFcell" style:family="table-cell"><style:table-cell-properties '
    'fo:border="0.5pt solid #808080" fo:padding="0.1cm"/></style:style>'
)


def to_odt(blocks: Sequence[Block]) -> bytes:
    """The file."""
    writer = _Writer()
    body = "".join(writer.block(block) for block in blocks) or '<text:p text:style-name="Standard"/>'
    return odt_with(body, _NAMED, writer.automatic_styles())


def _list_style(name: str) -> str:
    levels = []
    for level in range(1, _LEVELS + 1):
        kind = (
            f'number text:level="{level}" style:num-suffix="." style:num-format="1"'
            if name == "LFnumber"
            else f'bullet text:level="{level}" text:bullet-char="{_BULLETS[(level - 1) % 3]}"'
        )
        levels.append(
            f"<text:list-level-style-{kind}><style:list-level-properties text:list-level-position-and-space-mode="
            '"label-alignment"><style:list-level-label-alignment text:label-followed-by="listtab" '
            f'fo:text-indent="-0.635cm" fo:margin-left="{level * 0.635:.3f}cm"/></style:list-level-properties>'
            f"</text:list-level-style-{kind.split()[0]}>"
        )
    return f'<text:list-style style:name="{name}">{"".join(levels)}</text:list-style>'


class _Writer:
    def __init__(self) -> None:
        self._toggles: set[tuple[str, ...]] = set()

    def automatic_styles(self) -> str:
        spans = "".join(
            f'<style:style style:name="{_toggle_name(names)}" style:family="text"><style:text-properties '
            f"{' '.join(_TOGGLE_STYLES[name] for name in names)}/></style:style>"
            for names in sorted(self._toggles)
        )
        return spans + _ALIGNED + _TABLES + _list_style("LFbullet") + _list_style("LFnumber")

    def block(self, block: Block) -> str:
        inner = "".join(self.block(child) for child in block.children)
        if block.kind == "heading":
            level = block.attrs.get("level", "1")
            head = f'text:h text:style-name="Heading_20_{level}" text:outline-level="{level}"'
            return f"<{head}>{self._line(block.pieces)}</text:h>"
        if block.is_text:
            style = _attribute(_style(block))
            return f'<text:p text:style-name="{style}">{self._line(block.pieces)}</text:p>'
        if block.kind == "list":
            return self._list(block)
        if block.kind == "table":
            width = f'<table:table-column table:number-columns-repeated="{max(1, columns(block.children))}"/>'
            return f'<table:table table:style-name="LFtable">{width}{self._rows(block)}</table:table>'
        return inner

    def _list(self, block: Block) -> str:
        style = "LFnumber" if is_ordered(block) else "LFbullet"
        items = []
        for number, item in enumerate(block.children):
            start = block.attrs.get("start", "") if number == 0 else ""
            value = f' text:start-value="{_attribute(start)}"' if start else ""
            items.append(f"<text:list-item{value}>{''.join(map(self.block, item.children))}</text:list-item>")
        return f'<text:list text:style-name="{style}">{"".join(items)}</text:list>'

    def _rows(self, table: Block) -> str:
        width, rows = columns(table.children), []
        for row in table.children:
            cells = [self._cell(cell) for cell in row.children]
            cells += [self._cell(Block("table_cell"))] * (width - len(cells))
            rows.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
        return "".join(rows)

    def _cell(self, cell: Block) -> str:
        inner = "".join(map(self.block, cell.children)) or '<text:p text:style-name="Standard"/>'
        return f'<table:table-cell table:style-name="LFcell" office:value-type="string">{inner}</table:table-cell>'

    # -- a line --

    def _line(self, pieces: Sequence[Piece]) -> str:
        done, blank = [], True
        for piece in pieces:
            if piece.atom:
                done.append({TAB: "<text:tab/>", HARD_BREAK: "<text:line-break/>"}.get(piece.atom, ""))
                blank = False
            else:
                text, blank = _characters(piece.text, blank)
                done.append(self._marked(text, piece.marks))
        return "".join(done)

    def _marked(self, text: str, marks: Marks) -> str:
        names = tuple(name for name in TOGGLES if (name, "") in marks)
        if names:
            self._toggles.add(names)
            text = f'<text:span text:style-name="{_toggle_name(names)}">{text}</text:span>'
        values = dict(marks)
        if SPAN in values:
            text = f'<text:span text:style-name="{_attribute(values[SPAN])}">{text}</text:span>'
        if LINK in values:
            text = f'<text:a xlink:type="simple" xlink:href="{_attribute(values[LINK])}">{text}</text:a>'
        return text


def _style(block: Block) -> str:
    align = block.attrs.get("align", "")
    return f"Standard-lf-{align}" if align else block.attrs.get("style", "Standard")


def _toggle_name(names: tuple[str, ...]) -> str:
    return "LF_" + "_".join(f"{name}1" for name in names)


def _attribute(value: str) -> str:
    return escape_attribute(value).decode()


def _characters(text: str, blank: bool) -> tuple[str, bool]:
    """Text as it is written, and whether it ends with a blank: a second one in a row has to be an element."""
    done, run = [], 0
    for part in text.split(" "):
        if part:
            done.append(_blanks(run, blank))
            done.append(escape_text(part).decode())
            run, blank = 0, False
        run += 1
    run -= 1
    done.append(_blanks(run, blank))
    return "".join(done), blank or run > 0


def _blanks(count: int, blank: bool) -> str:
    """So many blanks; `blank`: one stands before them, or a paragraph begins."""
    literal = 0 if blank or not count else 1
    rest = count - literal
    return " " * literal + (f'<text:s text:c="{rest}"/>' if rest > 0 else "")
