// The cells: only those near the window are elements, however many frames there are.

const CAPTION_PX = 50;
const HIT_PX = 22;
const GAP_PX = 10;
const BEYOND_ROWS = 2;

class Cells {
  constructor(grid) {
    this.grid = grid;
    this.list = grid.part("cells");
    this.floor = grid.part("floor");
    this.drawn = new Map(); // place -> element
    this.at = 0;
    this.columns = 1;
    this.list.addEventListener("scroll", () => this.draw(), { passive: true });
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.resized = new ResizeObserver(() => this.layOut());
    this.resized.observe(this.list);
  }

  stop() {
    this.resized.disconnect();
  }

  // Another answer: from its beginning.
  restart() {
    for (const cell of this.drawn.values()) cell.remove();
    this.drawn.clear();
    this.at = 0;
    this.list.scrollTop = 0;
    this.layOut();
  }

  layOut() {
    const width = this.list.clientWidth;
    if (!width) return;
    this.list.dataset.size = this.grid.asked.size;
    this.columns = Math.max(1, Math.floor((width - GAP_PX) / (SIZES[this.grid.asked.size] + GAP_PX)));
    this.width = Math.floor((width - GAP_PX * (this.columns + 1)) / this.columns);
    this.height = Math.round((this.width * 9) / 16) + CAPTION_PX + (this.grid.asked.words ? HIT_PX : 0);
    for (const cell of this.drawn.values()) cell.remove();
    this.drawn.clear();
    this.draw();
  }

  get rows() {
    return Math.max(1, Math.floor(this.list.clientHeight / (this.height + GAP_PX)));
  }

  draw() {
    if (!this.height) return;
    const step = this.height + GAP_PX;
    this.floor.style.height = `${Math.ceil(this.grid.n / this.columns) * step + GAP_PX}px`;
    const first = Math.max(0, Math.floor(this.list.scrollTop / step) - BEYOND_ROWS) * this.columns;
    const last = Math.min(this.grid.n, (Math.ceil((this.list.scrollTop + this.list.clientHeight) / step) + BEYOND_ROWS) * this.columns);
    for (const [place, cell] of this.drawn) {
      if (place >= first && place < last) continue;
      cell.remove();
      this.drawn.delete(place);
    }
    for (let place = first; place < last; place += 1) this.drawOne(place);
    this.list.setAttribute("aria-activedescendant", this.grid.n ? `fg-${this.at}` : "");
    this.grid.want(last);
  }

  drawOne(place) {
    const item = this.grid.items[place];
    const there = this.drawn.get(place);
    if (there && there.dataset.frame === (item?.frame ?? "")) {
      there.setAttribute("aria-selected", String(place === this.at));
      there.dataset.picked = String(this.grid.picked.has(item?.frame));
      return;
    }
    const cell = item ? this.cell(item) : el("div", { class: "fg-cell fg-waiting", "data-frame": "" });
    cell.id = `fg-${place}`;
    cell.dataset.place = String(place);
    cell.dataset.picked = String(this.grid.picked.has(item?.frame));
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-selected", String(place === this.at));
    cell.setAttribute("aria-posinset", String(place + 1));
    cell.setAttribute("aria-setsize", String(this.grid.n));
    cell.style.width = `${this.width}px`;
    cell.style.height = `${this.height}px`;
    const column = place % this.columns;
    const row = Math.floor(place / this.columns);
    cell.style.transform = `translate(${GAP_PX + column * (this.width + GAP_PX)}px, ${GAP_PX + row * (this.height + GAP_PX)}px)`;
    if (there) there.replaceWith(cell);
    else this.floor.append(cell);
    this.drawn.set(place, cell);
  }

  cell(item) {
    const marks = this.grid.data.levels;
    const picture = item.aside
      ? el("div", { class: "fg-aside", text: item.aside })
      : el("img", { src: this.grid.asked.size === "large" ? item.large : item.small, alt: "", loading: "eager", decoding: "async" });
    const chips = [
      item.proposed && ["proposed", el("span", {}, el("i", { text: "proposed" }), levelChip(marks, item.proposed, "Proposed"))],
      item.said.length && ["said", el("span", {}, el("i", { text: "people" }), ...item.said.map((level) => levelChip(marks, level, "A person said")))],
      item.level && ["verified", el("span", {}, el("i", { class: "fg-tick", text: "✓" }), levelChip(marks, item.level, "Verified"))],
    ].filter(Boolean);
    const words = [item.state.replaceAll("_", " "), item.proposed && `proposed ${item.proposed}`,
      item.said.length && `people said ${item.said.join(", ")}`, item.level && `verified ${item.level}`, item.alike && `stands for ${item.alike} more`].filter(Boolean).join(", ");
    return el("div", { class: "fg-cell", "data-frame": item.frame, "data-state": item.state },
      el("div", { class: "fg-picture" }, picture, item.generated ? el("span", { class: "fg-made", text: "generated" }) : null,
        item.alike ? el("span", { class: "fg-stack", "aria-hidden": "true", title: `Stands for ${item.alike} more that look like it`, text: `+${item.alike}` }) : null),
      el("div", { class: "fg-caption", title: visible(item.caption), text: visible(item.caption) }),
      el("span", { class: "fg-words", text: visible(words) }), // for who hears the grid; the chips are for the eye
      el("div", { class: "fg-chips", "aria-hidden": "true" }, ...chips.map(([, chip]) => chip)), item.hit ? hitRuns(item.hit) : null);
  }

  clicked(event) {
    const cell = event.target.closest("[data-place]");
    if (!cell) return;
    this.moveTo(Number(cell.dataset.place));
    if (event.shiftKey || event.ctrlKey || event.metaKey) this.grid.picked.turn(this.at);
    else this.grid.opened.open(this.at);
  }

  moveTo(place) {
    if (!this.grid.n) return;
    this.at = Math.max(0, Math.min(this.grid.n - 1, place));
    this.show();
    this.draw();
  }

  // Bring the current cell into the window.
  show() {
    const step = this.height + GAP_PX;
    const top = Math.floor(this.at / this.columns) * step;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    const bottom = top + step + GAP_PX;
    if (bottom > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = bottom - this.list.clientHeight;
  }

  key(key) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns, PageDown: this.columns * this.rows, PageUp: -this.columns * this.rows };
    if (key in steps) this.moveTo(this.at + steps[key]);
    else if (key === "Home") this.moveTo(0);
    else if (key === "End") this.moveTo(this.grid.n - 1);
    else return false;
    return true;
  }
}

// Where words were found: plain text, the words themselves marked.
function hitRuns(hit) {
  return el("div", { class: "fg-hit" }, el("i", { text: hit.source }), " ",
    ...hit.runs.map(([text, isWord]) => (isWord ? el("mark", { text: visible(text) }) : visible(text))));
}
