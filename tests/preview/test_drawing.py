"""Drawing: what is sent, as a phone shows it, and nobody's words as markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from bot.core.text import Style, Text, parse
from bot.platforms.matrix import render as matrix_render
from bot.platforms.telegram import render as telegram_render
from bot.preview import drawing


def telegram(text: Text) -> str:
    return drawing.telegram(text, lambda command: f"/?ask={command}")


class Words(HTMLParser):
    """The words and tags of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "br":
            self.words += "\n"
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_telegram_shows_bold_italic_code_and_links() -> None:
    assert telegram(parse("*Bold* and _slanted_ `code`")) == (
        "<strong>Bold</strong> and <em>slanted</em> <code>code</code>"
    )
    link = '<a href="https://example.org/?a=1&amp;b" rel="noopener noreferrer" target="_blank">here</a>'
    assert telegram(parse("[here](https://example.org/?a=1&b)")) == link


def test_marks_stay_in_their_places_beyond_what_utf16_holds_in_one_unit() -> None:
    assert telegram(parse("🕯🕯 *ប្រទីប* 🕯")) == "🕯🕯 <strong>ប្រទីប</strong> 🕯"


def test_telegram_finds_commands_and_addresses_by_itself_and_not_in_code() -> None:
    assert telegram(Text("See /latest, https://example.org/a.")) == (
        'See <a class="command" href="/?ask=latest">/latest</a>, '
        '<a href="https://example.org/a" rel="noopener noreferrer" target="_blank">https://example.org/a</a>.'
    )
    assert telegram(parse("`/settings quiet 22-7` and either/or")) == "<code>/settings quiet 22-7</code> and either/or"


def test_matrix_shows_the_html_of_the_event() -> None:
    assert drawing.matrix(parse("*Bold*\n/help")) == "<strong>Bold</strong><br><code>!help</code>"


def test_matrix_finds_addresses_with_and_without_html() -> None:
    link = '<a href="https://example.org" rel="noopener noreferrer" target="_blank">https://example.org</a>'
    assert drawing.matrix(Text("At https://example.org")) == f"At {link}"
    assert drawing.matrix(parse("*At* https://example.org")) == f"<strong>At</strong> {link}"


def test_what_element_takes_out_is_not_drawn_and_its_words_stay() -> None:
    sanitizer = drawing._Sanitizer()
    sanitizer.feed(
        '<script>alert(1)</script><img src="https://example.org/x"><a href="javascript:alert(1)">a</a>'
        '<p onclick="alert(1)">b<em>c</p><a href="https://example.org">d'
    )
    sanitizer.close()
    assert "".join(sanitizer.kept) == (
        'alert(1)a<p>b<em>c</em></p><a href="https://example.org" rel="noopener noreferrer" target="_blank">d</a>'
    )


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)
STYLES = st.sampled_from([Style.BOLD, Style.ITALIC, Style.CODE, Style.LINK])
TEXTS = st.lists(st.tuples(PLAIN, st.none() | STYLES), max_size=5).map(
    lambda parts: sum(
        (Text(words).styled(style, "https://example.org/<x>") if style else Text(words) for words, style in parts),
        Text(),
    )
)


def matrix_words(text: Text) -> str:
    """What the event shows where there is HTML: its words without the addresses behind links."""
    content = matrix_render.content(text)
    return text.plain if "formatted_body" in content else str(content["body"])


@given(TEXTS)
def test_no_words_become_markup_and_none_are_lost(text: Text) -> None:
    drawn = Words(telegram(text))
    assert drawn.words == telegram_render.render(text)[0]
    assert not drawn.open
    assert set(drawn.tags) <= {"a", "strong", "em", "code"}
    drawn = Words(drawing.matrix(text))
    assert not drawn.open
    assert drawn.words.split() == matrix_words(text).split()
    assert set(drawn.tags) <= {"a", "strong", "em", "code", "br"}
