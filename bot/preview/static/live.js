"use strict";
// The page as it was when it was made is whole without this; here it looks again when the content has changed.
const live = document.getElementById("live");
const KEPT = [".list", ".sheet"]; // what scrolls by itself

function scrolled() {
  return KEPT.map((name) => document.querySelector(name)?.scrollTop ?? 0);
}

function typed() {
  const fields = document.querySelectorAll("input[id], select[id]");
  return [...fields].filter((each) => each.value !== initial(each)).map((each) => [each.id, each.value]);
}

function initial(field) {
  return field.tagName === "SELECT"
    ? [...field.options].find((each) => each.defaultSelected)?.value ?? ""
    : field.defaultValue;
}

// Puts a page that was fetched in place of this one, without moving what somebody reads or types.
function show(html, keepFields) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const places = scrolled();
  const [x, y] = [window.scrollX, window.scrollY];
  const fields = keepFields ? typed() : [];
  const opened = [...document.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
  const focused = document.activeElement?.id;
  const caret = document.activeElement?.selectionStart;
  for (const id of ["top", "content"]) {
    document.getElementById(id).replaceWith(document.adoptNode(fresh.getElementById(id)));
  }
  document.title = fresh.title;
  document.documentElement.lang = fresh.documentElement.lang;
  document.body.dataset.edition = fresh.body.dataset.edition;
  for (const [id, value] of fields) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  for (const [id, open] of keepFields ? opened : []) {
    const part = document.getElementById(id);
    if (part) part.open ||= open;
  }
  KEPT.forEach((name, index) => {
    const part = document.querySelector(name);
    if (part) part.scrollTop = places[index];
  });
  const again = focused && document.getElementById(focused);
  if (again) {
    again.focus({ preventScroll: true });
    if (caret !== undefined && caret !== null) again.setSelectionRange?.(caret, caret);
  }
  window.scrollTo(x, y);
}

async function look(address, keepFields) {
  const answer = await fetch(address, { cache: "no-store" });
  if (answer.ok) show(await answer.text(), keepFields);
  return answer.ok;
}

const events = new EventSource("/events");
events.addEventListener("edition", async (event) => {
  if (live.textContent === live.dataset.lost) live.textContent = "";
  if (event.data === document.body.dataset.edition) return;
  if (await look(location.href, true)) {
    const time = new Date().toLocaleTimeString(document.documentElement.lang);
    live.textContent = `${live.dataset.updated} ${time}`;
  }
});
events.addEventListener("error", () => {
  live.textContent = live.dataset.lost;
});

// An entry is opened beside the list, which stays where it is.
document.addEventListener("click", async (event) => {
  const link = event.target.closest(".list .rows a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!(await look(link.href, true))) return;
  history.pushState(null, "", link.href);
  document.querySelector(".sheet").scrollTop = 0;
  document.getElementById("sheet-title").focus();
  if (matchMedia("(max-width: 60rem)").matches) window.scrollTo(0, 0);
});
window.addEventListener("popstate", () => look(location.href, false));
