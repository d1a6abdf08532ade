"""How far two scorings lie apart, in words."""

from candidates.pages.repeatability import repeatability


def test_it_is_told_in_one_sentence_and_not_where_nothing_is_known() -> None:
    assert repeatability(None) == ""
    none, some = repeatability((0.0, 8)), repeatability((1.44, 8))
    assert "differs by 0.0 points" in none and "the same score share" in none
    assert "from 8 résumés" in some and "differs by 1.4 points" in some
