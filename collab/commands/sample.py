"""Owns the sample folder that `collab serve` makes when no folder is named: small documents about the product."""

from __future__ import annotations

from pathlib import Path

SAMPLE = Path("sample")

WELCOME = """# Welcome

This file is **live**. Open it in a second window, or send its address to somebody on this machine: what one types,
the other sees.

It is also a plain file. Look into the folder that you started the server in: `sample/welcome.md` is there, and it
changes while you type. Edit it with another program, and the change appears here.

## Try this

- [ ] Type something, and watch the state at the top: *Saved* survives a crash, *Stored* is in the file.
- [ ] Open `paper.tex`, `data.csv` and `script.py` beside this one.
- [ ] Change a line here and another line in `vim` at the same time. Both stay.
- [ ] Switch the network off, go on typing, switch it on again.

## What it can show

| What you see | What it means |
| --- | --- |
| Saved | in the journal: it survives the end of every process |
| Stored 12:04 | the file in the folder has it |
| Not stored since 12:04 | the storage refuses; the reason stands beside it |

Formulas are set as they are in a paper. For $n$ people who each type $k$ characters, all orders of delivery give the
same text:

$$
\\forall\\, \\pi \\in S_{nk}: \\quad
\\operatorname{apply}(\\pi(u_1, \\dots, u_{nk})) = \\operatorname{apply}(u_1, \\dots, u_{nk})
$$

```python
from pathlib import Path

SAMPLE = Path("sample")

print(Path("sample/welcome.md").read_text())
```

Your own folder: `collab serve path/to/folder`
"""

PAPER = r"""\documentclass{article}
\usepackage{amsmath}

\title{Editing Together Without Losing Anything}
\author{A. Writer \and B. Writer}

\begin{document}
\maketitle

\begin{abstract}
  Two people change the same paragraph. This note says what becomes of it.
\end{abstract}

\section{Merging}\label{sec:merging}

Every keystroke becomes an operation with an identity of its own. Operations commute~\cite{shapiro2011}, so that
replicas which have seen the same set of them are equal:
\begin{equation}
  S_1 = S_2 \implies \operatorname{text}(S_1) = \operatorname{text}(S_2).
\end{equation}

\section{Storing}

A file that somebody else changed meanwhile is merged with the document by its lines~\cite{khanna2007}: what only one
side changed is taken from that side. Where both changed the same lines, Section~\ref{sec:merging} does not help, and
both versions are kept for a person to decide.

\bibliographystyle{plain}
\bibliography{refs}

\end{document}
"""

REFERENCES = """@inproceedings{shapiro2011,
  author    = {Shapiro, Marc and Pregui{\\c{c}}a, Nuno and Baquero, Carlos and Zawirski, Marek},
  title     = {Conflict-Free Replicated Data Types},
  booktitle = {Stabilization, Safety, and Security of Distributed Systems},
  year      = {2011},
  pages     = {386--400}
}

@inproceedings{khanna2007,
  author    = {Khanna, Sanjeev and Kunal, Keshav and Pierce, Benjamin C.},
  title     = {A Formal Investigation of {Diff3}},
  booktitle = {Foundations of Software Technology and Theoretical Computer Science},
  year      = {2007},
  pages     = {485--496}
}
"""

DATA = """run,energy_tev,events,efficiency
1,7.0,120381,0.912
2,8.0,240112,0.921
3,13.0,1204410,0.934
4,13.6,1530072,0.941
"""

SCRIPT = '''"""Reads data.csv and prints the events that were really there."""

import csv
from pathlib import Path

SAMPLE = Path("sample")

HERE = Path(__file__).parent


def true_events(row: dict[str, str]) -> float:
    """Events corrected for the efficiency of the detector."""
    return int(row["events"]) / float(row["efficiency"])


with (HERE / "data.csv").open(newline="") as table:
    for row in csv.DictReader(table):
        print(f"run {row['run']}: {true_events(row):,.0f} events at {row['energy_tev']} TeV")
'''

FILES = {
    "welcome.md": WELCOME,
    "paper.tex": PAPER,
    "refs.bib": REFERENCES,
    "data.csv": DATA,
    "script.py": SCRIPT,
}


def make_sample(folder: Path) -> bool:
    """Make the sample folder when there is none; what is there is left alone. Returns whether it was made."""
    if folder.exists():
        return False
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return True
