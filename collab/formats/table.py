"""Owns the one table of file types: by name, extension and media type to language and format; opens no file.

The language names are those of the HTTP API (`markdown`, `latex`, …, `image`, `pdf`, `binary`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from collab.document import Kind
from collab.errors import FormatError
from collab.formats.base import Format
from collab.formats.notebook.ipynb import IpynbFormat
from collab.formats.rich.docx import DocxFile
from collab.formats.rich.format import RichFormat
from collab.formats.rich.odf import OdfFile
from collab.formats.sheet.format import SheetFormat
from collab.formats.sheet.ods import OdsFile
from collab.formats.sheet.xlsx import XlsxFile
from collab.formats.text import TextFormat
from collab.limits import Limits

_NOTEBOOK = "notebook"
_RICH = "document"
_RICH_FORMATS = {"odt": RichFormat("odt", OdfFile), "docx": RichFormat("docx", DocxFile)}
_SHEET = "spreadsheet"
_SHEET_FORMATS = {"ods": SheetFormat("ods", OdsFile), "xlsx": SheetFormat("xlsx", XlsxFile)}
FORMATS: Mapping[str, Format] = MappingProxyType(
    {"text": TextFormat(), "ipynb": IpynbFormat(), **_RICH_FORMATS, **_SHEET_FORMATS}
)
"""Every format by its name."""

_TEXT_EXTENSIONS = {
    "markdown": "md markdown mdown mkd mdx rmd qmd",
    "latex": "tex latex ltx sty cls dtx ins tikz",
    "bibtex": "bib bst",
    "restructuredtext": "rst",
    "asciidoc": "adoc asciidoc",
    "org": "org",
    "text": "txt text log me nfo srt vtt eml asc sub ics vcf po pot",
    "csv": "csv tsv tab psv",
    "json": "json jsonl ndjson geojson json5 webmanifest map topojson jsonld har",
    "yaml": "yaml yml cff",
    "toml": "toml",
    "ini": "ini cfg conf cnf properties desktop service timer env editorconfig",
    "xml": "xml xsd xsl xslt rng wsdl rss atom opml plist fodp fodg gpx kml tei musicxml dtd ent",
    "html": "html htm xhtml",
    "vue": "vue svelte",
    "svg": "svg",
    "css": "css",
    "scss": "scss sass less",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts tsx mts cts",
    "python": "py pyi pyw pyx pxd",
    "r": "r rprofile",
    "julia": "jl",
    "matlab": "m",
    "fortran": "f f90 f95 f03 f08 for",
    "c": "c h",
    "cpp": "cc cpp cxx c++ hh hpp hxx h++ ipp tpp ino cu cuh",
    "csharp": "cs csx",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sc sbt",
    "groovy": "groovy gradle",
    "go": "go",
    "rust": "rs",
    "swift": "swift",
    "ruby": "rb rake gemspec",
    "php": "php phtml",
    "perl": "pl pm",
    "lua": "lua",
    "haskell": "hs lhs",
    "ocaml": "ml mli",
    "erlang": "erl hrl",
    "elixir": "ex exs",
    "clojure": "clj cljs cljc edn",
    "lisp": "lisp lsp el scm ss rkt",
    "prolog": "pro",
    "shell": "sh bash zsh fish ksh csh command",
    "powershell": "ps1 psm1 psd1",
    "batch": "bat cmd",
    "sql": "sql ddl dml",
    "graphql": "graphql gql",
    "protobuf": "proto",
    "diff": "diff patch",
    "makefile": "mk mak",
    "cmake": "cmake",
    "dockerfile": "dockerfile",
    "terraform": "tf tfvars hcl",
    "nix": "nix",
    "graphviz": "dot gv",
    "mermaid": "mmd mermaid",
    "plantuml": "puml plantuml",
    "typst": "typ",
    "gnuplot": "gp gnuplot plt",
    "vhdl": "vhd vhdl",
    "verilog": "v sv svh",
    "assembly": "s asm",
    "tcl": "tcl",
    "vim": "vim",
}
_OTHER_EXTENSIONS = {
    "ipynb": (_NOTEBOOK, "ipynb"),
    **dict.fromkeys(("odt", "ott", "fodt"), (_RICH, "odt")),
    **dict.fromkeys(("docx", "docm", "dotx"), (_RICH, "docx")),
    **dict.fromkeys(("ods", "ots", "fods"), (_SHEET, "ods")),
    **dict.fromkeys(("xlsx", "xlsm", "xltx"), (_SHEET, "xlsx")),
}
"""Extension -> language and format of what is no text."""
_BINARY_EXTENSIONS = {
    "image": "png jpg jpeg jpe gif webp avif bmp ico tif tiff heic heif jxl psd xcf raw cr2 nef dng",
    "pdf": "pdf",
    "video": "mp4 m4v mkv webm mov avi wmv mpg mpeg ogv",
    "audio": "mp3 wav flac ogg oga opus m4a aac wma aiff mid midi",
    "archive": "zip tar gz tgz bz2 tbz xz txz zst 7z rar lz4 jar war iso dmg cab deb rpm whl",
    "document": "doc rtfd pages epub mobi",
    "spreadsheet": "xls xlsb numbers",
    "presentation": "ppt pptx pptm pps ppsx odp otp",
    "drawing": "odg otg vsd vsdx",
    "font": "ttf otf woff woff2 eot",
    "binary": (
        "exe dll so dylib o a lib class pyc pyo wasm bin img db sqlite sqlite3 mdb accdb parquet feather arrow "
        "npy npz pkl pickle h5 hdf5 hdf nc root fits mat rds rdata sav dta pt pth onnx safetensors"
    ),
}
_NAMES = {
    "makefile": "makefile gnumakefile bsdmakefile",
    "cmake": "cmakelists.txt",
    "dockerfile": "dockerfile containerfile",
    "ruby": "rakefile gemfile vagrantfile",
    "groovy": "jenkinsfile",
    "python": "sconstruct sconscript snakefile",
    "shell": ".bashrc .bash_profile .bash_aliases .profile .zshrc .zprofile .envrc apkbuild pkgbuild configure",
    "vim": ".vimrc",
    "ini": ".gitconfig .gitmodules .editorconfig .npmrc .flake8 .pylintrc .coveragerc pipfile .env",
    "json": ".babelrc .eslintrc .prettierrc composer.lock .jshintrc",
    "toml": "cargo.lock poetry.lock uv.lock",
    "yaml": ".clang-format .clang-tidy citation.cff .yamllint",
    "text": (
        "readme license licence copying notice authors contributors contributing changelog changes news todo install "
        "credits codeowners maintainers version manifest manifest.in .gitignore .gitattributes .dockerignore "
        ".npmignore .mailmap .git-blame-ignore-revs .hgignore .ignore .nojekyll cname procfile go.mod go.sum"
    ),
}
_MEDIA_TYPES = {
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "application/x-tex": "latex",
    "application/x-latex": "latex",
    "text/x-tex": "latex",
    "application/x-bibtex": "bibtex",
    "text/x-bibtex": "bibtex",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/json": "json",
    "application/x-ipynb+json": _NOTEBOOK,
    "application/yaml": "yaml",
    "text/yaml": "yaml",
    "application/toml": "toml",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "image/svg+xml": "svg",
    "text/css": "css",
    "text/javascript": "javascript",
    "application/javascript": "javascript",
    "application/typescript": "typescript",
    "text/x-python": "python",
    "text/x-r": "r",
    "text/x-julia": "julia",
    "text/x-c": "c",
    "text/x-csrc": "c",
    "text/x-c++src": "cpp",
    "text/x-java": "java",
    "text/x-java-source": "java",
    "text/x-go": "go",
    "text/rust": "rust",
    "application/x-sh": "shell",
    "text/x-shellscript": "shell",
    "application/sql": "sql",
    "text/x-sql": "sql",
    "application/pdf": "pdf",
    "application/vnd.oasis.opendocument.text": _RICH,
    "application/vnd.oasis.opendocument.spreadsheet": _SHEET,
    "application/zip": "archive",
    "application/gzip": "archive",
}
_BY_MEDIA_TYPE = {_NOTEBOOK: "ipynb", _RICH: "odt", _SHEET: "ods"}
"""Language -> format, of what is no text."""
_MEDIA_FAMILIES = {"text": "text", "image": "image", "video": "video", "audio": "audio", "font": "font"}


@dataclass(frozen=True, slots=True)
class FileType:
    """What a file is, by its name alone: `format` is a name in `FORMATS`, None for what cannot be edited here.

    When not `certain` the name says nothing: the file is offered for editing, and decoding it decides.
    """

    language: str
    format: str | None
    certain: bool = True

    @property
    def editable(self) -> bool:
        return self.format is not None


def _listed(table: Mapping[str, str]) -> dict[str, str]:
    return {name: language for language, names in table.items() for name in names.split()}


_BY_NAME = _listed(_NAMES)
_TEXT_BY_EXTENSION = _listed(_TEXT_EXTENSIONS)
_BINARY_BY_EXTENSION = _listed(_BINARY_EXTENSIONS)
_UNKNOWN = FileType("text", "text", certain=False)


def file_type(path: str, media_type: str | None = None) -> FileType:
    """The type of a file by its name; the media type is asked only where the name says nothing."""
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    found = _by_name(name)
    if found is None and media_type:
        found = _by_media_type(media_type.partition(";")[0].strip().lower())
    return found or _UNKNOWN


def editable_extensions() -> frozenset[str]:
    """The extensions that are certain to be editable."""
    return frozenset(_TEXT_BY_EXTENSION)


def format_of(path: str, media_type: str | None = None) -> Format:
    """The format that opens a file. Raises: FormatError when none does."""
    found = file_type(path, media_type)
    if found.format is None:
        raise FormatError(f"no format for {found.language}", public=_REFUSALS.get(found.language))
    return FORMATS[found.format]


def format_for(kind: str, wanted: Format) -> Format:
    """The format that a document of this kind is saved in: the kind belongs to the history, the name to the file."""
    if wanted.kind == kind:
        return wanted
    return next((found for found in FORMATS.values() if found.kind == kind), wanted)


def size_limit_bytes(format_name: str | None, limits: Limits) -> int:
    """The largest file that is edited in a format."""
    return limits.notebook_size_bytes if format_name == IpynbFormat.name else limits.file_size_bytes


def language_of(path: str, kind: str) -> str:
    """The language of a document for an editor: a notebook that is open as text is JSON."""
    language = file_type(path).language
    return "json" if language == _NOTEBOOK and kind != Kind.NOTEBOOK else language


def use_limits(limits: Limits) -> None:
    """The limits of this process, for those formats that read files when they save."""
    for rich in _RICH_FORMATS.values():
        rich.limits = limits
    for sheet in _SHEET_FORMATS.values():
        sheet.limits = limits


class FormatTable:
    """The table as an object, for those who get it handed in."""

    def for_path(self, path: str) -> Format | None:
        """The format that may open a file; None for what cannot be edited here."""
        found = file_type(path)
        return FORMATS[found.format] if found.format else None

    def by_name(self, name: str) -> Format:
        """A format by its name. Raises: FormatError."""
        return format_named(name)


def format_named(name: str) -> Format:
    """A format by its name. Raises: FormatError."""
    if name not in FORMATS:
        raise FormatError(f"no format is named {name!r}")
    return FORMATS[name]


_REFUSALS = {
    "image": "This is an image. It can be viewed, but not edited here.",
    "pdf": "This is a PDF. It can be downloaded, but not edited here.",
}


def _by_name(name: str) -> FileType | None:
    language = _BY_NAME.get(name)
    if language:
        return _text(language)
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return None
    if extension in _OTHER_EXTENSIONS:
        return FileType(*_OTHER_EXTENSIONS[extension])
    if extension in _TEXT_BY_EXTENSION:
        return _text(_TEXT_BY_EXTENSION[extension])
    if extension in _BINARY_BY_EXTENSION:
        return FileType(_BINARY_BY_EXTENSION[extension], None)
    return _text(_BY_NAME[stem]) if stem in _BY_NAME else None


def _by_media_type(media_type: str) -> FileType | None:
    language = _MEDIA_TYPES.get(media_type) or _MEDIA_FAMILIES.get(media_type.partition("/")[0])
    if language is None:
        return None
    if language in _BY_MEDIA_TYPE:
        return FileType(language, _BY_MEDIA_TYPE[language])
    return _text(language) if language not in _BINARY_EXTENSIONS else FileType(language, None)


def _text(language: str) -> FileType:
    return FileType(language, "text")
