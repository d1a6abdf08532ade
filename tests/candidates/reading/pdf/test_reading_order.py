"""The order of texts that stand beside each other on a page."""

import pytest

from candidates.reading.pdf.fragments import Fragment
from candidates.reading.pdf.reading_order import ordered
from candidates.reading.registry import new_context
from candidates.reading.sniff import FileKind
from tests.makers import layouts


def letters(data: bytes) -> str:
    return "".join(" ".join(new_context().parse(FileKind.PDF, data).pages).split())


@pytest.mark.parametrize("name", layouts.TWO_COLUMNS)
def test_columns_follow_each_other(name: str) -> None:
    data, words = layouts.TWO_COLUMNS[name]()

    assert letters(data) == "".join(words)


@pytest.mark.parametrize("name", layouts.ONE_COLUMN)
def test_what_is_one_column_is_read_across(name: str) -> None:
    data, words = layouts.ONE_COLUMN[name]()

    assert letters(data) == "".join(words)


def fragment(place: int, x0: float, y: float, text: str = "words here") -> Fragment:
    return Fragment(x0, y, x0 + 5 * len(text), y + 10, text, place)


def test_the_order_of_the_file_is_kept_where_every_line_is_below_the_last() -> None:
    assert ordered([fragment(n, 50, 700 - 14 * n) for n in range(9)]) is None


def test_cells_of_one_row_are_one_line_with_a_tab() -> None:
    rows = [fragment(0, 300, 700, "2019 - 2021"), fragment(1, 50, 700, "Engineer, Acme")]

    [line] = ordered(rows) or []

    assert line.text == "Engineer, Acme\t2019 - 2021"


def test_columns_of_a_script_from_right_to_left_begin_at_the_right() -> None:
    text = "خبرة في العمل"
    stored = [
        fragment(
            2 * n + side, x, 700 - 14 * n - 3 * side, f"{text} {'يمين' if x == 300 else 'يسار'}"
        )
        for n in range(8)
        for side, x in enumerate((50, 300))
    ]

    lines = ordered(stored) or []

    assert [line.text[-4:] for line in lines] == ["يمين"] * 8 + ["يسار"] * 8


def test_a_part_that_the_file_stores_first_is_read_first() -> None:
    """As the program wrote it: the main column at the right, then the margin."""
    main = [fragment(n, 200, 700 - 14 * n) for n in range(8)]
    margin = [fragment(8 + n, 50, 695 - 16 * n) for n in range(5)]

    assert ordered([*main, *margin]) is None
