/** Owns the icons: lucide (ISC), drawn as inline SVG in the text's colour; decorative, so hidden from screen readers. */
import {
  ArrowDown, ArrowDownAZ, ArrowDownZA, ArrowLeft, ArrowUp, Baseline, ChartColumn, Check, ChevronDown, ClipboardPaste, Play, Plug, Scissors, Square, ChevronRight, CircleAlert, CircleHelp, Clock, CloudOff, Copy, DecimalsArrowLeft, DecimalsArrowRight, Download, Ellipsis, ExternalLink, Eye,
  File, FileArchive, FileAudio, FileCode, FileImage, FilePlus, FileSpreadsheet, FileText, FileVideo, Folder, FolderPlus, Funnel, History,
  Keyboard, Link, List, ListOrdered, Lock, LogOut, Menu, MessageSquare, Monitor, Moon, PanelLeft, PaintBucket, PanelRight, Pencil, Percent, Pin, Plus, Redo2, RefreshCw, Save,
  Search, Sheet, Sigma, Subscript, Sun, Superscript, Table, TableCellsMerge, TextAlignCenter, TextAlignEnd, TextAlignJustify, TextAlignStart, Trash2, TriangleAlert, Undo2, Upload, User, Users, WrapText, X, type IconNode,
} from "lucide";

export const ICONS = {
  alert: CircleAlert, archive: FileArchive, arrowDown: ArrowDown, arrowUp: ArrowUp, audio: FileAudio, back: ArrowLeft, chart: ChartColumn, check: Check, chevronDown: ChevronDown,
  chevronRight: ChevronRight, clock: Clock, close: X, code: FileCode, comment: MessageSquare, copy: Copy, cut: Scissors, download: Download,
  external: ExternalLink, eye: Eye, file: File, filePlus: FilePlus, folder: Folder, folderPlus: FolderPlus, help: CircleHelp,
  history: History, image: FileImage, keyboard: Keyboard, link: Link, list: List, lock: Lock, math: Sigma, menu: Menu, monitor: Monitor,
  moon: Moon, more: Ellipsis, offline: CloudOff, paste: ClipboardPaste, play: Play, plug: Plug, stop: Square, paneLeft: PanelLeft, paneRight: PanelRight, pencil: Pencil, plus: Plus, redo: Redo2,
  refresh: RefreshCw, save: Save, search: Search, sheet: Sheet, signOut: LogOut, spreadsheet: FileSpreadsheet, sun: Sun,
  alignStart: TextAlignStart, alignCenter: TextAlignCenter, alignEnd: TextAlignEnd, alignJustify: TextAlignJustify, ordered: ListOrdered,
  filter: Funnel, fewerDecimals: DecimalsArrowLeft, merge: TableCellsMerge, moreDecimals: DecimalsArrowRight, paint: PaintBucket, percent: Percent, pin: Pin, sortDown: ArrowDownZA,
  sortUp: ArrowDownAZ, textColor: Baseline, wrap: WrapText,
  subscript: Subscript, superscript: Superscript, table: Table, text: FileText, trash: Trash2, undo: Undo2, upload: Upload, user: User, users: Users, video: FileVideo, warning: TriangleAlert,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof ICONS;

const SVG = "http://www.w3.org/2000/svg";

/** An icon of 16 px (or `size`), in the colour of the text around it. */
export function icon(name: IconName, size = 16): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor", "aria-hidden": "true" };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, String(value));
  svg.classList.add("icon");
  for (const [tag, shape] of ICONS[name]) {
    const child = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(shape)) if (value !== undefined) child.setAttribute(key, String(value));
    svg.appendChild(child);
  }
  return svg;
}

/** One object literal, never indexed with a key from outside: `format` comes from the server. */
const BY_FORMAT = new Map<string, IconName>([
  ["markdown", "text"], ["text", "text"], ["latex", "math"], ["bibtex", "math"], ["csv", "sheet"], ["tsv", "sheet"],
  ["spreadsheet", "spreadsheet"], ["document", "text"], ["image", "image"], ["svg", "image"], ["archive", "archive"], ["audio", "audio"],
  ["video", "video"], ["binary", "file"], ["pdf", "file"],
]);

/** The icon of a file's format: code for every language, a plain page for what we do not know. */
export function formatIcon(format: string, editable: boolean): IconName {
  return BY_FORMAT.get(format) ?? (editable ? "code" : "file");
}
