"""Owns the frame of an exported web page: one file that loads nothing and runs nothing."""

from __future__ import annotations

from html import escape

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Also for who opens the file later: should anything slip through, it does not run."""
STYLE = """:root{color-scheme:light}
body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;color:#1b1d21;background:#fff}
img{max-width:100%;height:auto}
table{border-collapse:collapse;margin:1em 0}
td,th{border:1px solid #b9bec6;padding:.25em .5em;vertical-align:top;text-align:left}
td>p,li>p{margin:0}
pre,code{font-family:ui-monospace,monospace;font-size:.92em}
pre{background:#f4f5f7;padding:.75em 1em;overflow-x:auto;white-space:pre-wrap}
blockquote{margin:1em 0;padding-left:1em;border-left:3px solid #b9bec6;color:#444a52}
.notes{border-top:1px solid #b9bec6;margin-top:2em;font-size:.92em}
.quiet{color:#5b6169}
@media print{body{max-width:none;margin:0;padding:0}}
"""


def web_page(title: str, body: str, style: str = "") -> str:
    """A whole page; `body` and `style` are markup that is safe already."""
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
