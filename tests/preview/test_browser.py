"""The page in a real Chromium: on a phone and on a desk, in both languages, by keyboard, while somebody edits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.content.repository import SHIPPED
from tests.packs import entry, person, write
from tests.preview.browser import Served, browsing
from tests.preview.office import FILES

pytestmark = pytest.mark.xdist_group("chromium")  # one browser, on one worker
AUDIT = (Path(__file__).parent / "audit.js").read_text()
PAGES = ("/?", "/?ask=/show+kem-sokha&look=both&", "/?ask=/show+sok-vanna&form=news&", "/updates?", "/problems?")
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
WAIT = 15_000  # milliseconds, on a machine that is busy with other tests


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """The shipped pack, and a tiny one that may be edited."""
    homes = {name: tmp_path_factory.mktemp(name) for name in ("shipped", "tiny")}
    write(homes["tiny"] / "content", FILES, "en", "km")
    folders = {"shipped": SHIPPED, "tiny": homes["tiny"] / "content"}
    running = {name: Served(home, folders[name]) for name, home in homes.items()}
    yield running
    for each in running.values():
        each.end()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture
def shipped(served: dict[str, Served]) -> str:
    return served["shipped"].address


@pytest.fixture
def tiny(served: dict[str, Served]) -> Iterator[Served]:
    yield served["tiny"]
    write(served["tiny"].folder, FILES, "en", "km")


class Visitor:
    """Somebody with a browser of their own; what it asks of anybody is noted."""

    def __init__(self, chromium: Browser, **options: Any) -> None:
        self.context = chromium.new_context(**{"viewport": DESK, **options})
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def opens(self, address: str) -> Page:
        self.page.goto(address)
        return self.page


@pytest.fixture
def visit(chromium: Browser) -> Iterator[type[Visitor]]:
    """Makes visitors, and sees them off."""
    contexts = len(chromium.contexts)
    yield Visitor
    for context in chromium.contexts[contexts:]:
        context.close()


@pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(PHONE, "light", "en"), (PHONE, "dark", "km"), (DESK, "dark", "en"), (DESK, "light", "km")],
    ids=["phone-light-en", "phone-dark-km", "desk-dark-en", "desk-light-km"],
)
def test_every_page_can_be_used_by_anybody(
    chromium: Browser, visit: type[Visitor], served: dict[str, Served], viewport: Any, scheme: str, language: str
) -> None:
    visitor = visit(chromium, viewport=viewport, color_scheme=scheme)
    for path in PAGES:
        pack = "tiny" if "sok-vanna" in path or path == "/updates?" else "shipped"
        page = visitor.opens(f"{served[pack].address}{path}lang={language}")
        assert page.evaluate(AUDIT) == [], path
        assert page.get_attribute("html", "lang") == language
    assert visitor.complaints == []


def test_nothing_is_asked_of_anybody_else(chromium: Browser, visit: type[Visitor], shipped: str) -> None:
    visitor = visit(chromium)
    for path in PAGES:
        visitor.opens(shipped + path)
    assert {url.split("/", 3)[2] for url in visitor.requests} == {shipped.removeprefix("http://")}
    assert visitor.context.cookies() == []
    assert visitor.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_khmer_is_drawn_with_a_khmer_font(chromium: Browser, visit: type[Visitor], shipped: str) -> None:
    page = visit(chromium).opens(f"{shipped}/?ask=/show+kem-sokha&lang=km")
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    for selector in ("#sheet-title", ".screen:lang(km) .message strong"):
        node = devtools.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        fonts = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert [font["familyName"] for font in fonts if "Khmer" in font["familyName"]], fonts


def test_phones_are_as_light_as_the_screen_unless_one_chooses(
    chromium: Browser, visit: type[Visitor], shipped: str
) -> None:
    page = visit(chromium, color_scheme="dark").opens(f"{shipped}/?ask=/show+kem-sokha&speech=en")
    color = "getComputedStyle(document.querySelector('.telegram .message')).backgroundColor"
    dark = page.evaluate(color)
    page.emulate_media(color_scheme="light")
    light = page.evaluate(color)
    assert light == "rgb(255, 255, 255)" != dark
    page.get_by_role("link", name="dark", exact=True).click()
    page.wait_for_url("**look=dark**")
    assert page.evaluate(color) == dark
    page.get_by_role("link", name="both", exact=True).click()
    expect(page.locator(".telegram .message")).to_have_count(2)


def test_by_keyboard_alone_an_entry_is_found_and_opened(chromium: Browser, visit: type[Visitor], shipped: str) -> None:
    page = visit(chromium, reduced_motion="reduce").opens(f"{shipped}/")
    assert page.evaluate("getComputedStyle(document.querySelector('.rows a')).transitionDuration") == "0s"
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Words")).to_be_focused()
    page.keyboard.type("kem soka")
    expect(page.get_by_label("Words")).to_have_value("kem soka")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=kem+soka**")
    page.locator("#content").focus()
    focused = "document.activeElement"
    for _ in range(8):
        page.keyboard.press("Tab")
        outline = page.evaluate(f"[getComputedStyle({focused}).outlineStyle, getComputedStyle({focused}).outlineWidth]")
        assert outline == ["solid", "3px"], page.evaluate(f"{focused}.outerHTML")
        if page.evaluate(f"{focused}.matches('.rows a')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#sheet-title")).to_have_text("Kem Sokha")
    expect(page.locator("#sheet-title")).to_be_focused()
    assert "ask=%2Fshow+kem-sokha" in page.url
    page.go_back()
    expect(page.locator("#sheet-title")).to_have_text("Messages")


def test_a_button_of_a_message_shows_its_answer(chromium: Browser, visit: type[Visitor], shipped: str) -> None:
    page = visit(chromium, viewport=PHONE).opens(f"{shipped}/?ask=/show+kem-sokha&speech=en")
    page.locator(".telegram .keys").get_by_role("link", name="Timeline").click()
    expect(page.locator(".tabs [aria-current]")).to_have_text("Timeline")
    expect(page.locator("#filter")).to_be_hidden()
    page.get_by_role("link", name="← To the list").click()
    expect(page.locator("#filter")).to_be_visible()


def test_without_scripts_everything_but_the_reloading_works(
    chromium: Browser, visit: type[Visitor], shipped: str
) -> None:
    page = visit(chromium, java_script_enabled=False).opens(f"{shipped}/")
    page.get_by_label("Words").fill("lango")
    page.get_by_label("Kind").select_option("law")
    page.get_by_role("button", name="Show").click()
    page.locator(".rows a").first.click()
    expect(page.locator(".phone")).to_have_count(4)
    page.get_by_label("Ask the bot").fill("/laws draft")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".telegram .message").first).to_contain_text("draft")


def test_a_saved_file_is_shown_anew_where_one_reads_and_types(
    chromium: Browser, visit: type[Visitor], tiny: Served
) -> None:
    visitor = visit(chromium, viewport={"width": 1280, "height": 500})
    page = visitor.opens(f"{tiny.address}/?q=vanna&ask=/show+sok-vanna")
    page.locator("#q").fill("half a wo")
    page.evaluate("scrollTo(0, 150)")
    write(tiny.folder, {"prisoners/sok-vanna.yaml": person(custody="free", related="[a-law]")}, "en", "km")
    expect(page.locator(".telegram .message").first).to_contain_text("Free", timeout=WAIT)
    expect(page.locator("#live")).to_contain_text("The content has changed")
    expect(page.locator("#q")).to_be_focused()
    assert page.evaluate("[scrollY, q.value, location.search]") == [150, "half a wo", "?q=vanna&ask=/show+sok-vanna"]
    assert page.evaluate(AUDIT) == []
    assert visitor.complaints == []


def test_a_broken_file_is_shown_and_what_was_whole_stays(chromium: Browser, visit: type[Visitor], tiny: Served) -> None:
    page = visit(chromium).opens(f"{tiny.address}/?ask=/show+a-law&speech=en")
    write(
        tiny.folder,
        {"laws/a-law.yaml": entry(title="A law", kind="low", status="draft", related="[nobody]")},
        "en",
        "km",
    )
    expect(page.locator(".banner")).to_contain_text("errors in the files", timeout=WAIT)
    expect(page.locator(".telegram .message")).to_contain_text("A law")
    expect(page.locator(".problems")).to_contain_text("laws/a-law.yaml:2:1")
    page.get_by_role("link", name="See what is to be mended").click()
    expect(page.locator("section", has_text="Links that lead nowhere")).to_contain_text("there is no entry nobody")
    assert page.evaluate(AUDIT) == []
    write(tiny.folder, FILES, "en", "km")
    expect(page.locator(".banner")).to_have_count(0, timeout=WAIT)


def test_the_program_refuses_a_busy_port_and_ends_on_control_c(
    chromium: Browser, visit: type[Visitor], tmp_path: Path
) -> None:
    server = Served(tmp_path, write(tmp_path / "content", FILES, "en", "km"))
    page = visit(chromium).opens(f"{server.address}/")
    port = server.address.rpartition(":")[2]
    said = server.program.run("preview", "--port", port, str(server.folder), code=1)
    assert said.err == (
        f"127.0.0.1:{port} cannot be used (address already in use): stop what uses it, or name another with --port\n"
    )
    assert server.end() == (130, "")
    expect(page.locator("#live")).to_contain_text("Not connected any more", timeout=WAIT)
    assert not server.program.data.exists()
    assert not server.program.keys.exists()
