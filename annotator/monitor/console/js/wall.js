// Every feed as a tile, and what happened in the last hour.

class Wall {
  constructor(console_) {
    this.console = console_;
    this.tiles = new Map();
    this.pictures = new Map(); // feed -> {number, picture}
  }

  // order and names stay; only what changed is touched, so that fifty tiles do not flicker
  draw(told, silent) {
    const names = told.feeds.map((feed) => feed.name);
    const same = this.tiles.size === names.length && names.every((name) => this.tiles.has(name));
    if (!same) {
      this.tiles = new Map(names.map((name) => [name, this.tile(name)]));
      this.console.part("wall").dataset.many = names.length <= 12 ? "few" : names.length <= 80 ? "some" : "hundreds";
      this.console.part("wall").replaceChildren(...[...this.tiles.values()].map(({ node }) => node));
    }
    for (const feed of told.feeds) this.fill(this.tiles.get(feed.name), feed, silent);
  }

  tile(name) {
    const image = el("img", { alt: "", hidden: true });
    const mark = el("b");
    const label = el("span", { text: visible(name) });
    const tile = { node: el("button", { type: "button", class: "mo-tile", "data-feed": name, onclick: () => this.console.large.open(name) }, image, mark, label), image, mark, label };
    const known = this.pictures.get(name);
    if (known) this.picture(tile, known.picture);
    return tile;
  }

  fill(tile, feed, silent) {
    const level = silent ? "UNKNOWN" : feed.level || "UNKNOWN";
    const by_eye = silent || feed.manual;
    const words = by_eye ? "by eye" : level === "UNKNOWN" ? "unknown" : capitalised(level);
    const text = `${MARKS[level]} ${words}`;
    tile.node.dataset.level = level;
    if (tile.mark.textContent !== text) tile.mark.textContent = text;
    const why = silent ? "no word from the monitor" : feed.manual ? this.console.why(feed.manual) : words;
    const detail = feed.detail && !silent ? ` · ${visible(feed.detail)}` : "";
    tile.node.title = `${visible(feed.name)}: ${by_eye ? "manual monitoring, " : ""}${why}${detail}`;
    tile.node.setAttribute("aria-label", tile.node.title);
    const label = feed.handled && !silent ? `${feed.name} ✓ ${feed.handled}` : feed.name;
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
      this.console.large.now(name, one.picture);
    }
  }

  known() {
    return Object.fromEntries([...this.pictures].map(([name, one]) => [name, one.number]));
  }

  hour(events) {
    const rows = events.map((event) => el("li", {}, el("time", { text: clock(event.at_us) }), el("span", { text: visible(event.text) })));
    this.console.part("hour").replaceChildren(...(rows.length ? rows : [el("li", { text: "Nothing has happened." })]));
  }
}
