"""Owns number formats between OpenDocument's styles and xlsx' language; what one cannot say is said plainer.

`format_code` is only shown in the editor; `format_parts` is what a person newly chose, as elements of a style.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from collab.formats.sheet.number_formats import DATE, DURATION, GENERAL, PERCENT, TEXT, TIME, format_kind
from collab.formats.zipped.scan import Node, Text

DATA_STYLES = {
    f"number:{name}-style" for name in ("number", "percentage", "currency", "date", "time", "boolean", "text")
}
_PLAIN = re.compile(r"[-+$€£¥:/ ()!&'~{}<>=.,%]*")
_CONDITION = re.compile(r"value\(\)\s*(>=|<=|<>|!=|=|>|<)\s*(-?\d+(?:\.\d+)?)")


def format_code(style: Node, others: Mapping[str, Node], depth: int = 0) -> str:
    """The format of a data style, its conditions as sections."""
    own = _section(style)
    maps = [child for child in style.elements if child.name == "style:map"] if depth == 0 else []
    found = []
    for one in maps[:3]:
        condition = _CONDITION.search(one.attrs.get("style:condition", ""))
        target = others.get(one.attrs.get("style:apply-style-name", ""))
        if condition is None or target is None:
            return own
        found.append((condition[1].replace("!=", "<>"), float(condition[2]), format_code(target, others, 1)))
    return _sections(own, found)


def _sections(own: str, maps: list[tuple[str, float, str]]) -> str:
    match [(sign, limit) for sign, limit, _ in maps]:
        case []:
            return own
        case [(">=", 0)]:
            return f"{maps[0][2]};{own}"
        case [(">", 0), ("<", 0)]:
            return f"{maps[0][2]};{maps[1][2]};{own}"
        case [(">", 0), ("<", 0), ("=", 0)] | [("<", 0), (">", 0), ("=", 0)] if own == "@":
            by_sign = {sign: code for sign, _, code in maps}
            return f"{by_sign['>']};{by_sign['<']};{by_sign['=']};@"
    if len(maps) > 2:
        return own
    return ";".join([*(f"[{sign}{limit:g}]{code}" for sign, limit, code in maps), own])


def _section(style: Node) -> str:
    if style.name == "number:boolean-style":
        return "BOOLEAN"
    elapsed = style.attrs.get("number:truncate-on-overflow") == "false"
    code, first_time = "", True
    for child in style.elements:
        if child.name == "style:text-properties":
            code = _colour(child) + code
            continue
        piece = _piece(child, child.name.partition(":")[2])
        if elapsed and first_time and child.name in ("number:hours", "number:minutes", "number:seconds"):
            piece, first_time = f"[{piece}]", False
        code += piece
    return code or GENERAL


_COLOURS = {"#ff0000": "Red", "#0000ff": "Blue", "#00ff00": "Green", "#000000": "Black", "#ffff00": "Yellow"}


_BY_COLOUR = {name: value for value, name in _COLOURS.items()}


def _colour(node: Node) -> str:
    name = _COLOURS.get(node.attrs.get("fo:color", "").lower())
    return f"[{name}]" if name else ""


def _piece(node: Node, kind: str) -> str:
    attrs = node.attrs
    long = attrs.get("number:style") == "long"
    match kind:
        case "text":
            return _literal(node.text())
        case "number":
            return _number(attrs)
        case "scientific-number":
            return f"{_number(attrs)}E+{'0' * _count(attrs, 'number:min-exponent-digits', 2)}"
        case "fraction":
            top, bottom = (_count(attrs, f"number:min-{part}-digits", 1) for part in ("numerator", "denominator"))
            return f"# {'?' * top}/{attrs.get('number:denominator-value') or '?' * bottom}"
        case "currency-symbol":
            return _literal(node.text(), quoted=True)
        case "year":
            return "yyyy" if long else "yy"
        case "month":
            return _month(textual=attrs.get("number:textual") == "true", long=long)
        case "day":
            return "dd" if long else "d"
        case "day-of-week":
            return "dddd" if long else "ddd"
        case "hours":
            return "hh" if long else "h"
        case "minutes":
            return "mm" if long else "m"
        case "seconds":
            places = _count(attrs, "number:decimal-places", 0)
            return ("ss" if long else "s") + ("." + "0" * places if places else "")
        case "am-pm":
            return "AM/PM"
        case "text-content":
            return "@"
    return ""


def _month(*, textual: bool, long: bool) -> str:
    return "m" * (1 + long + 2 * textual)


def _count(attrs: Mapping[str, str], key: str, default: int) -> int:
    value = attrs.get(key, "")
    return min(int(value), 30) if value.isdigit() and len(value) < 9 else default


def _number(attrs: Mapping[str, str]) -> str:
    if "number:decimal-places" not in attrs and "number:min-integer-digits" in attrs and attrs.keys() <= _ONLY_GENERAL:
        return GENERAL if attrs["number:min-integer-digits"] in ("0", "1") else "0" * _count(attrs, _INTEGER, 1)
    digits = "0" * _count(attrs, _INTEGER, 1)
    if attrs.get("number:grouping") == "true":
        padded = digits.rjust(4, "#")
        digits = f"{padded[:-3]},{padded[-3:]}"
    places = _count(attrs, "number:decimal-places", 0)
    least = min(places, _count(attrs, "number:min-decimal-places", places))
    decimals = "0" * least + "#" * (places - least)
    factor = attrs.get("number:display-factor", "1")
    thousands = "," * (len(factor.partition(".")[0]) // 3) if re.fullmatch(r"1(000)+(\.0*)?", factor) else ""
    return (digits or "#") + (f".{decimals}" if decimals else "") + thousands


_INTEGER = "number:min-integer-digits"
_ONLY_GENERAL = {_INTEGER, "number:grouping"}


def _literal(text: str, *, quoted: bool = False) -> str:
    if not text or (not quoted and _PLAIN.fullmatch(text)):
        return text
    if len(text) == 1 and text in "$€£¥-+":
        return text
    return '"' + text.replace('"', "") + '"'


# -- the other way --

Element = tuple[str, dict[str, str], str]
"""Name, attributes, text."""
_TOKENS = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]|(?P<elapsed>\[(?:h+|m+|s+)\])'
    r"|\[(?P<other>[^\]]*)\]|_(?P<gap>.)|\*(?P<fill>.)|(?P<general>General)|(?P<ampm>AM/PM|A/P)"
    r"|(?P<date>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<fraction>[#0?]+ [#0?]+/[#0?\d]+)"
    r"|(?P<number>[#0?][#0?,]*(?:\.[#0?]*)?(?:E[+-]0+)?,*|\.[0#?]+)|(?P<text>@)|(?P<percent>%)|(?P<rest>.)",
    re.IGNORECASE,
)


def sections(code: str) -> list[tuple[str, str]]:
    """The sections of a format with the condition under which each counts; the last one is for all else."""
    parts = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', code)[:4]
    text = parts.pop() if len(parts) == 4 else None
    bare = [_CONDITIONAL.sub("", part) for part in parts]
    limits = [_CONDITIONAL.search(part) for part in parts]
    if any(limits):
        signs = [f"value(){limit[1]}{limit[2]}" if limit else "" for limit in limits]
        found = [(sign, part) for sign, part in zip(signs[:-1], bare[:-1], strict=True) if sign]
        return [*found, ("", bare[-1])]
    defaults = {1: [""], 2: ["value()>=0", ""], 3: ["value()>0", "value()<0", ""]}[len(bare)]
    if text is not None and text.strip() == "@":
        return [*zip(["value()>0", "value()<0", "value()=0"], bare, strict=True), ("", "@")]
    return list(zip(defaults, bare, strict=True))


_CONDITIONAL = re.compile(r"\[(>=|<=|<>|=|>|<)(-?\d+(?:\.\d+)?)\]")


@lru_cache(maxsize=1024)
def readable_format(code: str) -> str:
    """A format as it is read again after it was written."""
    *parts, (_, last) = sections(code)
    own = _node(last)
    others = {str(number): _node(part) for number, (_, part) in enumerate(parts)}
    for number, (condition, _) in enumerate(parts):
        attributes = {"style:condition": condition, "style:apply-style-name": str(number)}
        own.children.append(Node("style:map", attributes, 0))
    return format_code(own, others)


def _node(section: str) -> Node:
    name, attributes, elements = format_parts(section)
    node = Node(name, attributes, 0)
    for child_name, child_attributes, text in elements:
        child = Node(child_name, child_attributes, 0)
        if text:
            child.children.append(Text(0))
            child.children[0].value = text  # type: ignore[union-attr]
        node.children.append(child)
    return node


def format_parts(section: str) -> tuple[str, dict[str, str], list[Element]]:
    """Name, attributes and elements of a data style for one section of a format."""
    kind = format_kind(section)
    elements = _elements(section or GENERAL, kind)
    if section == "BOOLEAN":
        return "number:boolean-style", {}, [("number:boolean", {}, "")]
    attributes = {"number:truncate-on-overflow": "false"} if kind == DURATION else {}
    if kind == PERCENT and any(name in _DIGITS for name, _, _ in elements):
        return "number:percentage-style", attributes, elements
    names = {DATE: "date", TIME: "time", DURATION: "time", TEXT: "text"}
    return f"number:{names.get(kind, 'number')}-style", attributes, elements


_DIGITS = {"number:number", "number:scientific-number", "number:fraction"}


def _elements(section: str, kind: str) -> list[Element]:
    found: list[Element] = []
    before = ""
    for token in _TOKENS.finditer(section):
        name = token.lastgroup or ""
        text = token[name] if name else ""
        if name == "date" and kind in (DATE, TIME, DURATION):
            found.append(_date_element(text, minutes=_is_minutes(text, before, section[token.end() :])))
            before = text
        elif name == "elapsed":
            found.append(_date_element(text.strip("[]"), minutes="m" in text.lower()))
            before = text.strip("[]")
        elif name in _MAKERS:
            found.append(_MAKERS[name](text))
        elif name == "other" and text.capitalize() in _BY_COLOUR:
            found.insert(0, ("style:text-properties", {"fo:color": _BY_COLOUR[text.capitalize()]}, ""))
        elif name in ("other", "fill"):
            continue
        else:
            text = " " if name == "gap" else text
            if found and found[-1][0] == "number:text":
                text = found.pop()[2] + text
            found.append(("number:text", {}, text))
    return found


def _is_minutes(text: str, before: str, behind: str) -> bool:
    if text.lower() not in ("m", "mm"):
        return False
    following = re.search(r"[ydhs]", re.sub(r'"[^"]*"', "", behind), re.IGNORECASE)
    return before[:1].lower() == "h" or (following is not None and following[0].lower() == "s")


def _date_element(text: str, *, minutes: bool) -> Element:
    letter, count = text[0].lower(), len(text.partition(".")[0])
    long = {"number:style": "long"} if count > 1 else {}
    match letter:
        case "y":
            return "number:year", {"number:style": "long"} if count > 2 else {}, ""
        case "m" if minutes:
            return "number:minutes", long, ""
        case "m":
            textual = {"number:textual": "true"} if count > 2 else {}
            return "number:month", {**({"number:style": "long"} if count in (2, 4, 5) else {}), **textual}, ""
        case "d" if count > 2:
            return "number:day-of-week", {"number:style": "long"} if count > 3 else {}, ""
        case "d":
            return "number:day", long, ""
        case "h":
            return "number:hours", long, ""
    places = text.partition(".")[2]
    return "number:seconds", {**long, **({"number:decimal-places": str(len(places))} if places else {})}, ""


def _number_element(text: str) -> Element:
    if "e" in text.lower():
        digits, _, exponent = re.split("(e)", text, maxsplit=1, flags=re.IGNORECASE)
        attrs = {**_digits(digits), "number:min-exponent-digits": str(exponent.count("0"))}
        return "number:scientific-number", attrs, ""
    bare = text.rstrip(",")
    attrs = _digits(bare)
    if thousands := len(text) - len(bare):
        attrs["number:display-factor"] = str(1000**thousands)
    return "number:number", attrs, ""


def _digits(text: str) -> dict[str, str]:
    whole, _, decimals = text.partition(".")
    attrs = {"number:decimal-places": str(len(decimals)), _INTEGER: str(whole.count("0"))}
    if decimals.count("0") < len(decimals):
        attrs["number:min-decimal-places"] = str(decimals.count("0"))
    return {**attrs, **({"number:grouping": "true"} if "," in whole else {})}


def _fraction_element(text: str) -> Element:
    top, _, bottom = text.partition(" ")[2].partition("/")
    attrs = {_INTEGER: "0", "number:min-numerator-digits": str(len(top))}
    if bottom.isdigit() and bottom.strip("0"):
        return "number:fraction", {**attrs, "number:denominator-value": bottom}, ""
    return "number:fraction", {**attrs, "number:min-denominator-digits": str(len(bottom))}, ""


_MAKERS: Mapping[str, Callable[[str], Element]] = {
    "number": _number_element,
    "fraction": _fraction_element,
    "general": lambda text: ("number:number", {_INTEGER: "1"}, ""),
    "ampm": lambda text: ("number:am-pm", {}, ""),
    "text": lambda text: ("number:text-content", {}, ""),
}
