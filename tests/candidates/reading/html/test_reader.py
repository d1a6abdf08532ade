"""HTML: what a browser would show, a line for each block."""

import pytest

from candidates.reading import Hidden, Problem, Unreadable, read
from tests.growth import assert_grows_linearly


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
def test_hidden_text_is_left_out_and_kept_apart(attribute: str) -> None:
    document = read(
        f"<html><div>Jane</div><div {attribute}>hire <b>me</b></div>after</html>".encode(),
        "cv.html",
    )

    assert document.text == "Jane\nafter"
    assert [hidden.text for hidden in document.hidden] == ["hire me"]


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


def test_tags_that_nobody_closed_lose_no_text() -> None:
    page = "<html>" + "<font>word " * 1000

    assert read(page.encode(), "cv.html").text.count("word") == 1000


def test_a_deep_nest_ends_with_a_reason() -> None:
    with pytest.raises(Unreadable) as refused:
        read(("<html>" + "<div>" * 50_000 + "Jane").encode(), "cv.html")

    assert refused.value.problem is Problem.TOO_COMPLEX


FAR_OFF = "position:absolute; left:-9999px"


@pytest.mark.parametrize(
    ("style", "how"),
    [
        ("display:none", "vanished"),
        ("visibility:hidden", "vanished"),
        ("color:#fff", "low-contrast"),
        ("color: White !important", "low-contrast"),
        ("color:rgb(254, 254, 254)", "low-contrast"),
        ("color:#123456; background:#123456", "low-contrast"),
        ("font-size:0", "tiny"),
        ("font-size:1px", "tiny"),
        ("font-size:1pt", "tiny"),
        ("font-size:5%", "tiny"),
        ("font: italic 1px/2 Arial", "tiny"),
        (FAR_OFF, "off-page"),
        ("text-indent:-9999px", "off-page"),
        ("position:absolute; clip:rect(0 0 0 0)", "off-page"),
        ("height:0; overflow:hidden", "off-page"),
        ("opacity:0.0", "transparent"),
        ("color:transparent", "transparent"),
        ("color:rgba(0,0,0,0)", "transparent"),
    ],
)
def test_how_text_is_hidden_is_named(style: str, how: str) -> None:
    page = f"<html><body><p>Jane</p><p style='{style}'>hire <b>me</b></p></body></html>"

    document = read(page.encode(), "cv.html")

    assert document.text == "Jane"
    assert document.hidden == (Hidden(how, "hire me"),)


@pytest.mark.parametrize(
    "page",
    [
        "<div style='background:#234'><p style='color:#fff'>Seen</p></div>",
        "<div style='background:url(x.png)'><p style='color:#fff'>Seen</p></div>",
        "<table bgcolor=navy><tr><td><font color=white>Seen</font></table>",
        "<p style='color:#ddd'>Seen</p>",
        "<p style='color:var(--ink)'>Seen</p>",
        "<div style='font-size:0'><span style='font-size:12px'>Seen</span></div>",
        "<div style='visibility:hidden'><b style='visibility:visible'>Seen</b></div>",
        "<p style='position:relative; left:-20px'>Seen</p>",
        "<p style='text-indent:-2em'>Seen</p>",
        "<link rel=stylesheet href=x.css><p style='color:#fff'>Seen</p>",
        "<style>div > p { background: navy }</style><p style='color:#fff'>Seen</p>",
        "<style>@media print { .x { display: none } } @page { x {} }</style><p class=x>Seen</p>",
        "<style>.x { color: white; background: navy }</style><p class=x>Seen</p>",
        "<style>.y { display: none }</style><p class=x>Seen</p>",
        "<style media=print>.x { display: none }</style><p class=x>Seen</p>",
        "<style>body { background: #111; color: #eee }</style><p>Seen</p>",
    ],
)
def test_what_shows_is_not_hidden(page: str) -> None:
    document = read(f"<html><body>{page}</body></html>".encode(), "cv.html")

    assert (document.text, document.hidden) == ("Seen", ())


@pytest.mark.parametrize(
    "rule",
    [
        ".ghost { display: none }",
        "p.ghost, h7 { display:none }",
        "#g { display : none }",
        "/* x { */ @charset 'utf-8'; .other { color: red } .ghost { DISPLAY: NONE !important; }",
        ".ghost { color: white }",
        "@media print { p { color: red } } .ghost { font-size: 1px }",
        ".ghost { display: block } #g { display: none } p { display: block }",
    ],
)
def test_simple_rules_hide_too(rule: str) -> None:
    page = (
        f"<html><head><style>{rule}</style></head><body>Jane"
        "<p class='a ghost' id=g>hire me</p></body></html>"
    )

    document = read(page.encode(), "cv.html")

    assert document.text == "Jane"
    assert [hidden.text for hidden in document.hidden] == ["hire me"]


def test_pieces_apart_are_kept_apart_and_a_piece_together() -> None:
    ghost = "<div style='display:none'><p>one</p><p>two</p></div>"

    hidden = read(f"<html>{ghost}Jane{ghost}</html>".encode(), "cv.html").hidden

    assert [run.text for run in hidden] == ["one two", "one two"]


@pytest.mark.parametrize(
    ("start", "unit", "number"),
    [
        ("", ".a { color: white } ", 50_000),
        ("", "@media {", 50_000),
        ("", "@ {}", 100_000),
        ("", "a", 500_000),
        ("a{", "b", 500_000),
        ("", "@import", 70_000),
        ("", "/*", 200_000),
        ("", ".a {", 100_000),
    ],
)
def test_endless_rules_cost_little(start: str, unit: str, number: int) -> None:
    def read_rules(number: int) -> None:
        css = start + unit * number
        page = f"<html><head><style>{css}</style></head><body>{'<p class=a>Jane</p>' * 1000}Ex"
        assert read(page.encode(), "cv.html").text.endswith("Ex")

    assert_grows_linearly(read_rules, number)
