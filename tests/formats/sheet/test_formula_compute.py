"""Only what depends on an edit gets a new value, and what is not certain gets none."""

from __future__ import annotations

import pytest

from collab.formats.sheet.formula.compute import Computed, Fault, Value, compute

Cells = dict[tuple[int, int], Value | Computed]


def column(*values: Value | Computed) -> Cells:
    return {(row, 0): value for row, value in enumerate(values)}


def test_only_dependents_of_an_edit_get_new_values() -> None:
    grid = {"S": column(2, Computed("A1*10", 10), Computed("A2+1", 11), 5, Computed("A4*2", 999))}

    assert compute(grid, {("S", 0, 0)}) == {("S", 1, 0): 20, ("S", 2, 0): 21}


def test_an_edited_formula_is_computed_and_nothing_happens_without_an_edit() -> None:
    grid = {"S": column(2, Computed('IF(A1>1,"yes","no")'))}

    assert compute(grid, {("S", 1, 0)}) == {("S", 1, 0): "yes"}
    assert compute(grid, set()) == {}


def test_values_that_nobody_changed_count_as_the_file_has_them() -> None:
    grid = {"S": column(Computed('CUBEVALUE("x")', 7), 1, Computed("A1+A2", 8))}

    assert compute(grid, {("S", 1, 0)}) == {("S", 2, 0): 8}


def test_whole_columns_other_sheets_and_names_are_followed() -> None:
    grid = {
        "My Data": {(row, 1): row + 1 for row in range(10)},
        "S": column(Computed("SUM('My Data'!B:B)", 0), Computed("total*2", 0), Computed("A2+1", 0)),
    }

    found = compute(grid, {("My Data", 3, 1)}, {"Total": "'My Data'!$B$1:$B$1"})
    assert found == {("S", 0, 0): 55}
    found = compute(grid, {("My Data", 0, 1)}, {"Total": "'My Data'!$B$1"})
    assert found == {("S", 0, 0): 55, ("S", 1, 0): 2, ("S", 2, 0): 3}


@pytest.mark.parametrize("text", ["NOSUCHTHING(A1)", "IFERROR(NOSUCHTHING(A1),0)", "nobody+A1", "A1/0", "A1+(", "A3"])
def test_what_the_engine_cannot_say_has_no_value_and_neither_has_what_stands_on_it(text: str) -> None:
    grid = {"S": column(1, Computed(text, 5), Computed("IFERROR(A2,7)", 5))}

    found = compute(grid, {("S", 0, 0), ("S", 1, 0)})

    assert found[("S", 1, 0)] is None
    assert found[("S", 2, 0)] == (7 if text == "A1/0" else None)


def test_circular_formulas_end_without_a_value() -> None:
    grid = {"S": column(Computed("A2+1", 1), Computed("A1+1", 1), Computed("A1", 1))}

    assert set(compute(grid, {("S", 0, 0)}).values()) == {None}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "COUNTBLANK(B:XFD)",
        "SUMPRODUCT(B:K*B:K*B:K*B:K*B:K)",
        "IF(1," * 1500 + "1" + ")" * 1500,
    ],
)
def test_runaway_formulas_are_not_given_to_the_engine(text: str) -> None:
    assert compute({"S": column(Computed(text, 1))}, {("S", 0, 0)}) == {("S", 0, 0): None}


def test_an_array_where_the_file_has_one_value_is_not_taken() -> None:
    grid = {"S": {**column(1, 2, 3), (1, 1): Computed("A1:A3*2", 4), (1, 3): Computed("SUM(A1:A3*2)", 4)}}

    assert compute(grid, {("S", 1, 1), ("S", 1, 3)}) == {("S", 1, 1): None, ("S", 1, 3): 12}


def test_formulas_that_reach_anywhere_are_computed_after_any_edit() -> None:
    grid = {"S": column("A3", Computed("INDIRECT(A1)", 0), 5)}

    assert compute(grid, {("S", 2, 0)}) == {("S", 1, 0): 5}


def test_texts_errors_and_truths_reach_the_engine_as_they_are() -> None:
    cells: Cells = {(0, col): value for col, value in enumerate(["=1+1", Fault("#N/A"), True, "1"])}
    cells |= {(1, col): Computed(text) for col, text in enumerate(["A1", "ISNA(B1)", "C1", 'D1&"x"', "ISTEXT(D1)"])}

    found = compute({"S": cells}, {("S", 1, col) for col in range(5)})

    assert [found[("S", 1, col)] for col in range(5)] == ["=1+1", True, True, "1x", True]


def test_a_long_chain_is_computed() -> None:
    cells: Cells = {(0, 0): 1, **{(row, 0): Computed(f"A{row}+1", 0) for row in range(1, 20_000)}}

    found = compute({"S": cells}, {("S", 0, 0)})

    assert found[("S", 19_999, 0)] == 20_000
    assert len(found) == 19_999


def test_running_sums_are_followed() -> None:
    cells: Cells = {(row, 0): 1 for row in range(3000)}
    cells |= {(row, 1): Computed(f"SUM($A$1:A{row + 1})", row + 1) for row in range(3000)}
    cells[(1000, 0)] = 2

    found = compute({"S": cells}, {("S", 1000, 0)})

    assert len(found) == 2000
    assert found[("S", 2999, 1)] == 3001
