"""Owns the formula engine (IronCalc): the only importer of it. It gets cells, never files.

The engine can die: deep nesting and enormous areas end the process, which no exception handler holds. `compute.py`
keeps such formulas away, and whoever calls it runs in the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ironcalc

Value = float | str | bool
"""What a cell holds; an error is a `Fault`."""


class Fault(str):
    """The name of an error: `#DIV/0!`."""

    __slots__ = ()


_KNOWN_FAULTS = frozenset(("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"))


class Engine:
    """One workbook in memory. Sheets are numbered from 0 and called `S0`, `S1`, …; places are counted from 0."""

    def __init__(self, sheets: int) -> None:
        self._model = ironcalc.create("workbook", "en", "UTC", "en")
        self._model.rename_sheet(0, sheet_name(0))
        for number in range(1, sheets):
            self._model.add_sheet(sheet_name(number))

    def put(self, sheet: int, row: int, col: int, value: Value) -> None:
        """Put a value into a cell; a text is a text, whatever it looks like."""
        if isinstance(value, Fault):
            fault = value if value in _KNOWN_FAULTS else "#VALUE!"
            self._model.set_user_input(sheet, row + 1, col + 1, fault)
        elif isinstance(value, bool):
            self._model.update_cell_with_bool(sheet, row + 1, col + 1, value)
        elif isinstance(value, str):
            self._model.update_cell_with_text(sheet, row + 1, col + 1, value)
        else:
            self._model.update_cell_with_number(sheet, row + 1, col + 1, float(value))

    def put_formula(self, sheet: int, row: int, col: int, text: str) -> bool:
        """Put a formula into a cell, its text without `=`; False when the engine takes it for none."""
        return _holds(lambda: self._model.update_cell_with_formula(sheet, row + 1, col + 1, f"={text}"))

    def define(self, name: str, text: str) -> bool:
        """Define a name for all sheets; False when the engine does not take it."""
        return _holds(lambda: self._model.new_defined_name(name, None, text))

    def evaluate(self) -> bool:
        """Compute everything; False when the engine gave up."""
        return _holds(self._model.evaluate)

    def value(self, sheet: int, row: int, col: int) -> Value:
        """The value of a cell."""
        value = self._model.get_cell_value(sheet, row + 1, col + 1)
        if self._model.get_cell_type(sheet, row + 1, col + 1) == ironcalc.CellType.ErrorValue:
            return Fault(value)
        return "" if value is None else value

    def is_empty(self, sheet: int, row: int, col: int) -> bool:
        """Whether nothing is in a cell, also nothing that spilled from a neighbour."""
        return bool(self._model.is_empty_cell(sheet, row + 1, col + 1))


def sheet_name(number: int) -> str:
    """What a sheet is called in formulas for the engine."""
    return f"S{number}"


def unknown_functions(names: Sequence[str]) -> set[str]:
    """Those of these functions that the engine does not have."""
    engine = Engine(1)
    for row, name in enumerate(names):
        engine.put_formula(0, row, 0, f"{name}()")
    if not engine.evaluate():
        return set(names)
    return {name for row, name in enumerate(names) if engine.value(0, row, 0) == "#NAME?"}


def _holds(action: Callable[[], object]) -> bool:
    """Whether the engine did it. Its panics are no `Exception`."""
    try:
        action()
    except Exception:
        return False
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return False
    return True
