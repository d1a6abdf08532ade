"""Facts are found quickly in texts that were made to take long."""

import pytest

from candidates.facts import contact, language, nature, sections
from candidates.reading.limits import MAX_CHARACTERS
from tests.growth import assert_grows_linearly

UNITS = [
    "1", "1 ", "1\n", " ", "\n", "\t", "x\t", "a", "a.", "a-", "@", "a@", "a@a.",
    "a@a.com ", "a@a.com\n", "[", "[your ", "<your ", "{{", "your name ", "(", "(1(",
    "+1 (", "1-", "2019 ", "tel 1 ", "& ", "/a", "Skills\n\n", "Skills: a\n", "S ",
    "Jane Example\n", "J. ", "jane at ", "a dot ", "www.", "http://a.com/ ", "github: a",
    "invoice\n", "dear\n", "姓 ", "工", "#", "_", ", ", "e\u0301", "1-\n",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("line", [MAX_CHARACTERS, 900], ids=["one-line", "lines"])
def test_a_text_of_one_thing_over_and_over_takes_no_time(unit: str, line: int) -> None:
    """Half as long as the shortest limit of what is searched, so that all of it is."""
    check_time(unit, nature.MAX_CHARACTERS // 2 // len(unit), line)


@pytest.mark.parametrize("line", [MAX_CHARACTERS, 900], ids=["one-line", "lines"])
def test_the_longest_text_takes_no_time_either(line: int) -> None:
    check_time("1 (", MAX_CHARACTERS // 3, line)


def check_time(unit: str, repetitions: int, line: int) -> None:
    def find_facts(repetitions: int) -> None:
        text = unit * repetitions
        text = "\n".join(text[place : place + line] for place in range(0, len(text), line))
        parts = sections.find(text)
        person = contact.find((text,), parts)
        nature.judge(text, parts, person)
        language.detect(text)

    assert_grows_linearly(find_facts, repetitions)
