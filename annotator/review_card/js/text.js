// Making elements and showing text. Whatever a model or a dataset wrote enters the page only as text.

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "value") node.value = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Let a place hold these nodes in this order. Those that are there already keep their pictures, focus and playback.
function arrange(place, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...place.childNodes]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (place.childNodes[at] !== node) place.insertBefore(node, place.childNodes[at] || null);
  });
}

let invisibleCharacters = /[^\t\n -~]/gu; // everything but ASCII, until the page's data names the class

function setInvisible(characterClass) {
  invisibleCharacters = new RegExp(characterClass, "gu");
}

// Invisible and direction-changing characters as ‹U+202E›.
function visible(text) {
  return (text || "").replace(
    invisibleCharacters,
    (char) => `‹U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}›`,
  );
}

const KEY_NAMES = { Enter: "⏎", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", " ": "Space" };

function keyLabel(key) {
  return KEY_NAMES[key] || (key.length === 1 ? key.toUpperCase() : key);
}

function capitalised(name) {
  return name.charAt(0) + name.slice(1).toLowerCase();
}

// The guideline's few Markdown forms (headings, paragraphs, **strong**, lists) as elements; everything else as text.
function guidelineElements(text) {
  return text.trim().split(/\n\s*\n/).map((block) => {
    const heading = /^(#{1,3})\s+(.*)$/s.exec(block);
    if (heading) return el("h3", { text: heading[2] });
    const lines = block.split("\n");
    if (lines.every((line) => /^[-*]\s/.test(line))) {
      return el("ul", {}, ...lines.map((line) => el("li", {}, ...strongRuns(line.slice(2)))));
    }
    return el("p", {}, ...strongRuns(lines.join(" ")));
  });
}

function strongRuns(text) {
  return visible(text).split(/\*\*/).map((run, place) => (place % 2 ? el("strong", { text: run }) : run));
}

// Leads look at frames like this one in a tab of its own, where the server names an address.
function alikeLink(item, root) {
  return item.alike ? el("a", { class: "rc-alike", href: new URL(item.alike, root).href, target: "_blank", rel: "noopener", text: "More like this" }) : null;
}
