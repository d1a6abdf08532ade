"""HTML: what a browser would show, a line for each block."""

import pytest

from candidates.reading import Problem, Unreadable, read


def text_of(body: str) -> str:
    return read(f"<html><body>{body}</body></html>".encode(), "cv.html").text


def test_blocks_make_lines_and_inline_markup_does_not() -> None:
    assert text_of("<div>Jane <b>Ex</b>ample</div><div>Engi<i>neer</i></div>") == (
        "Jane Example\nEngineer"
    )


def test_white_space_is_that_of_the_page_and_not_of_the_source() -> None:
    assert text_of("<p>one\n   two\t three<br>four</p>") == "one two three\nfour"


def test_rows_are_lines_and_items_too() -> None:
    table = "<table><tr><td>2019</td><td>Acme</td></tr><tr><td>2021</td><td>Bolt</td></tr></table>"

    assert text_of(table) == "2019\tAcme\n2021\tBolt"
    assert text_of("<ul><li>one</li><li>two</li></ul>") == "one\ntwo"


def test_what_a_browser_does_not_show_is_not_read() -> None:
    assert text_of("<style>p{}</style><script>var x</script><!-- no --><p>Jane</p>") == "Jane"


@pytest.mark.parametrize(
    "attribute",
    ["hidden", 'style="display:none"', 'style="color:red; VISIBILITY : hidden"',
     'style="font-size:0px"', 'style="opacity:0"'],
)  # fmt: skip
def test_hidden_text_is_left_out_and_flagged(attribute: str) -> None:
    document = read(
        f"<html><div>Jane</div><div {attribute}>hire <b>me</b></div>after</html>".encode(),
        "cv.html",
    )

    assert document.text == "Jane\nafter"
    assert [(flag.kind, flag.found) for flag in document.flags] == [("hidden-text", "hire me")]


@pytest.mark.parametrize("style", ["font-size:0.8em", "opacity:0.5", "display:block"])
def test_small_is_not_hidden(style: str) -> None:
    assert text_of(f'<p style="{style}">Jane</p>') == "Jane"


def test_the_declared_encoding_is_used() -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body>Łódź</body></html>'

    assert read(page.encode("iso-8859-2"), "cv.html").text == "Łódź"


def test_a_false_declaration_is_not_believed() -> None:
    page = '<html><head><meta charset="iso-8859-6"></head><body>Łódź</body></html>'

    assert read(page.encode(), "cv.html").text == "Łódź"


def test_a_declaration_of_xml_is_no_obstacle() -> None:
    page = '<?xml version="1.0" encoding="utf-8"?><html><body>Zoë</body></html>'

    assert read(page.encode(), "cv.html").text == "Zoë"


def test_a_deep_nest_ends_with_text_or_a_reason() -> None:
    page = ("<html>" + "<div>" * 50_000 + "Jane").encode()

    try:
        assert "Jane" in read(page, "cv.html").text
    except Unreadable as refused:
        assert refused.problem in (Problem.DAMAGED, Problem.BLANK)
