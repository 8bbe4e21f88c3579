// What keeps somebody from using a page, in words; run in the page, where styles are computed.
() => {
  const found = [];
  const name = (node) => `${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""}.${node.className} "${(node.textContent || "").trim().slice(0, 30)}"`;
  const seen = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(".unseen, .skip");
  const all = (selector) => [...document.querySelectorAll(selector)];

  // ---- size
  if (document.documentElement.scrollWidth > innerWidth) found.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  for (const node of all("main *, header *"))
    if (seen(node) && node.getBoundingClientRect().right > innerWidth + 1) found.push(`beyond the edge: ${name(node)}`);
  for (const node of all("button, .choice a, .tabs a, nav a, .keys a, .rows a"))
    if (seen(node) && node.getBoundingClientRect().height < 24) found.push(`too small to touch: ${name(node)}`);

  // ---- names
  if (!document.documentElement.lang) found.push("no language");
  if (!document.title.trim()) found.push("no title");
  const ids = all("[id]").map((node) => node.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) found.push(`two are called ${id}`);
  for (const node of all("img")) if (!node.hasAttribute("alt")) found.push(`no alternative: ${node.src}`);
  for (const node of all("input:not([type=hidden]), select")) if (!node.labels.length) found.push(`no label: ${name(node)}`);
  for (const node of all("a, button")) if (!node.textContent.trim()) found.push(`no words: ${node.outerHTML}`);
  for (const node of all("[aria-labelledby]"))
    if (!document.getElementById(node.getAttribute("aria-labelledby"))) found.push(`no such label: ${name(node)}`);
  for (const node of all("nav, form, [role=group]"))
    if (!node.getAttribute("aria-label") && !node.getAttribute("aria-labelledby")) found.push(`a landmark without a name: ${name(node)}`);

  // ---- structure
  for (const tag of ["header", "main", "footer", "h1"]) if (all(tag).length !== 1) found.push(`not one ${tag}`);
  let level = 0;
  for (const node of all("h1, h2, h3, h4, h5, h6").filter((node) => node.checkVisibility())) {
    const next = Number(node.tagName[1]);
    if (next > level + 1) found.push(`a heading too deep: ${name(node)}`);
    level = next;
  }
  for (const node of all("ul, ol")) for (const child of node.children) if (child.tagName !== "LI") found.push(`no part of a list: ${name(child)}`);

  // ---- contrast
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = channels(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(node) || ["SCRIPT", "OPTION"].includes(node.tagName)) continue;
    const [a, b] = [light(channels(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${name(node)}`);
  }

  // ---- Khmer
  for (const node of all(":lang(km)").filter(seen)) {
    const words = [...node.childNodes].some((child) => child.nodeType === 3 && /[\u1780-\u17ff]/.test(child.data));
    const style = getComputedStyle(node);
    if (words && style.letterSpacing !== "normal") found.push(`Khmer letters are spaced: ${name(node)}`);
    if (words && parseFloat(style.lineHeight) < 1.79 * parseFloat(style.fontSize)) found.push(`Khmer lines are too near: ${name(node)}`);
  }
  return [...new Set(found)];
}
