// Every feed as a tile.

class Wall {
  constructor(console_) {
    this.console = console_;
    this.tiles = new Map();
    this.pictures = new Map(); // feed -> {number, picture}
  }

  // Tiles stay the same nodes, and move only when the order of the alerts does: fifty tiles do not flicker.
  draw(told, silent) {
    const names = told.feeds.map((feed) => feed.name);
    const same = this.tiles.size === names.length && names.every((name) => this.tiles.has(name));
    if (!same) {
      this.tiles = new Map(names.map((name) => [name, this.tile(name)]));
      this.console.part("wall").dataset.many = names.length <= 12 ? "few" : names.length <= 80 ? "some" : "hundreds";
    }
    this.place(names);
    const places = new Map(this.console.alerts.list.slice(0, 9).map((one, at) => [one.feed, String(at + 1)]));
    for (const feed of told.feeds) this.fill(this.tiles.get(feed.name), feed, silent, silent ? "" : places.get(feed.name) || "");
  }

  place(names) {
    const key = names.join("§");
    const wall = this.console.part("wall");
    if (this.order === key && wall.childNodes.length === names.length) return;
    this.order = key;
    const held = wall.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    wall.replaceChildren(...names.map((name) => this.tiles.get(name).node));
    held?.focus({ preventScroll: true });
  }

  tile(name) {
    const image = el("img", { alt: "", hidden: true });
    const mark = el("b");
    const label = el("span", { text: visible(name) });
    const number = el("kbd", { class: "mo-number" });
    const tile = { node: el("button", { type: "button", class: "mo-tile", "data-feed": name, onclick: () => this.console.large.open(name) }, image, mark, number, label), image, mark, number, label };
    const known = this.pictures.get(name);
    if (known) this.picture(tile, known.picture);
    return tile;
  }

  fill(tile, feed, silent, number) {
    const level = silent ? "UNKNOWN" : feed.level || "UNKNOWN";
    const by_eye = silent || feed.manual;
    const words = by_eye ? "by eye" : level === "UNKNOWN" ? "unknown" : capitalised(level);
    const text = `${MARKS[level]} ${words}`;
    if (tile.node.dataset.level !== level) tile.node.dataset.level = level;
    if (tile.number.textContent !== number) tile.number.textContent = number;
    if (tile.mark.textContent !== text) tile.mark.textContent = text;
    const why = silent ? "no word from the monitor" : feed.manual ? this.console.why(feed.manual) : words;
    const detail = feed.detail && !silent ? ` · ${visible(feed.detail)}` : "";
    const title = `${visible(feed.name)}: ${by_eye ? "manual monitoring, " : ""}${why}${detail}`;
    if (tile.node.title !== title) tile.node.title = title;
    const label = feed.answered && !silent ? `${feed.name} · ${answeredWords(feed.answered)}` : feed.name;
    if (tile.label.textContent !== visible(label)) tile.label.textContent = visible(label);
  }

  picture(tile, address) {
    tile.image.src = address;
    tile.image.hidden = false;
  }

  takeIn(pictures) {
    for (const [name, one] of Object.entries(pictures)) {
      this.pictures.set(name, one);
      const tile = this.tiles.get(name);
      if (tile) this.picture(tile, one.picture);
      this.console.alerts.now(name, one.picture);
    }
  }

  known() {
    return Object.fromEntries([...this.pictures].map(([name, one]) => [name, one.number]));
  }
}
