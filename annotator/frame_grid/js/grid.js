// The grid itself: a question in the address, the frames that answer it, and keys for everything.

class FrameGrid {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    setInvisible(data.invisible);
    this.server = new Server(data.person, { place: "grid", timeout_ms: 60000 });
    this.asked = new Asked(location.search);
    this.items = [];
    this.n = 0;
    this.after = null;
    this.wanted = 0;
    this.asking = 0; // counts the questions, so that a late answer to an old one is dropped
    this.picked = new Picked(this);
    this.cells = new Cells(this);
    this.filters = new Filters(this);
    this.opened = new Opened(this);
    this.views = new Views(this);
    this.listen();
    this.views.load();
    const { frame } = this.asked;
    this.ask();
    if (frame) this.opened.openFrame(frame);
    else this.focus();
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  listen() {
    this.onKey = (event) => this.key(event);
    window.addEventListener("keydown", this.onKey);
    const sort = this.part("sort");
    sort.append(...Object.entries(this.data.sorts).map(([value, title]) => el("option", { value, text: title })));
    sort.addEventListener("change", () => {
      this.asked.sort = sort.value;
      this.ask();
    });
    this.part("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.asked.words = this.part("words").value.trim();
      this.ask();
      this.focus();
    });
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.size) this.resize(button.dataset.size);
      else if (button?.dataset.act === "levels") this.turnLevels();
      else if (button?.dataset.act === "stacks") this.turnStacks();
      else if (button?.dataset.act === "reverse") this.turnAround();
      else if (button?.dataset.act === "help") this.help();
      else if (button?.dataset.act === "save-view") this.views.save();
    });
  }

  stop() {
    window.removeEventListener("keydown", this.onKey);
    this.cells.stop();
  }

  focus() {
    this.part("cells").focus({ preventScroll: true });
  }

  keepAddress() {
    history.replaceState(history.state, "", this.asked.address);
  }

  tell(words) {
    this.part("told").textContent = visible(words);
    this.part("told").hidden = !words;
  }

  // ---- asking

  async ask() {
    this.asking += 1;
    this.keepAddress();
    this.showAsked();
    this.items = [];
    this.n = 0;
    this.after = null;
    this.wanted = 0;
    this.tell("");
    this.root.dataset.state = "asking";
    await Promise.all([this.load(), this.count()]);
  }

  showAsked() {
    const { asked } = this;
    this.part("words").value = asked.words;
    this.part("sort").value = asked.sort;
    this.root.querySelector("[data-act=reverse]").setAttribute("aria-pressed", String(asked.isReversed));
    this.root.querySelector("[data-act=levels]").setAttribute("aria-pressed", String(asked.showsLevels));
    this.root.querySelector("[data-act=stacks]").setAttribute("aria-pressed", String(asked.isStacked));
    for (const button of this.root.querySelectorAll("button[data-size]")) button.setAttribute("aria-pressed", String(button.dataset.size === asked.size));
    this.filters.showAsked();
  }

  // Frames up to this place will be needed.
  want(place) {
    this.wanted = Math.max(this.wanted, Math.min(place, this.n));
    if (!this.isLoading && this.after && this.wanted > this.items.length - PAGE / 2) this.load();
  }

  async load() {
    const asking = this.asking;
    this.isLoading = true;
    try {
      do {
        const isFar = this.wanted > this.items.length + PAGE;
        const told = await this.server.ask("page", { query: this.asked.query, after: this.after, n: isFar ? FAR : PAGE });
        if (asking !== this.asking) return;
        this.takeIn(told);
      } while (this.after && this.wanted > this.items.length - PAGE / 2);
      this.isLoading = false;
    } catch (error) {
      if (asking === this.asking) this.refused(error);
    }
  }

  takeIn(told) {
    const isFirst = !this.items.length;
    this.items.push(...told.frames);
    this.after = told.after;
    this.n = told.after ? told.n : this.items.length;
    if (isFirst) this.cells.restart();
    else this.cells.draw();
    this.root.dataset.state = this.n ? "shown" : "empty";
    this.part("empty").hidden = Boolean(this.n);
    this.part("cells").hidden = !this.n;
    if (!this.n) this.filters.showEmpty(told.emptied);
    if (isFirst && this.n && this.cells.list.clientWidth) this.cells.layOut();
    this.part("count").textContent = `${this.n.toLocaleString("en")} ${this.n === 1 ? "frame" : "frames"}`
      + (told.held ? `; ${told.held} that you are reviewing left out` : "");
  }

  refused(error) {
    this.isLoading = false;
    this.root.dataset.state = "refused";
    this.part("cells").hidden = true;
    this.part("empty").hidden = false;
    this.part("count").textContent = "";
    this.tell(error.message);
    const isOurs = error.status === 422;
    this.part("empty").replaceChildren(isOurs
      ? el("button", { type: "button", text: "Drop all filters", onclick: () => this.filters.instead("") })
      : el("button", { type: "button", text: "Ask again", onclick: () => this.ask() }));
  }

  async count() {
    const asking = this.asking;
    try {
      const told = await this.server.ask("counts", { query: this.asked.query });
      if (asking === this.asking) this.filters.show(told.filters);
    } catch {
      // what is wrong with the question stands where the frames would be
    }
  }

  // ---- what people do

  resize(size) {
    this.asked.size = size;
    this.keepAddress();
    this.showAsked();
    this.cells.layOut();
    this.cells.moveTo(this.cells.at);
  }

  turnLevels() {
    this.asked.showsLevels = !this.asked.showsLevels;
    this.ask();
  }

  // Frames that look like one, nearest first, among those that the rest of the question asks for.
  likeThis(frame) {
    if (this.opened.isOpen) this.opened.close();
    this.asked.add("like", frame, false);
    this.ask();
  }

  // Look-alikes of a standing vehicle as one cell, or each by itself.
  turnStacks() {
    this.asked.isStacked = !this.asked.isStacked;
    this.ask();
  }

  turnAround() {
    this.asked.isReversed = !this.asked.isReversed;
    this.ask();
  }

  key(event) {
    const target = event.composedPath()[0];
    const isTyping = target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);
    const isButton = target instanceof HTMLElement && /^(BUTTON|SUMMARY|A)$/.test(target.tagName);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || this.part("dialog").open) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (isTyping && !(key === "Escape" && this.root.contains(target))) return;
    if (isTyping || (key === "Escape" && isButton && !this.opened.isOpen)) this.focus();
    else if (this.opened.isOpen) {
      const isPress = isButton && (key === "Enter" || key === " ");
      if (isPress || !this.opened.key(key, { isShifted: event.shiftKey, isRepeated: event.repeat })) return;
    } else if (!this.gridKey(key, isButton)) return;
    event.preventDefault();
  }

  gridKey(key, isButton) {
    if (key === "Enter" && !isButton) this.opened.open(this.cells.at);
    else if (key === "/") this.part("words").focus();
    else if (key === "f") this.part("filter").focus();
    else if (key === "l") this.turnLevels();
    else if (key === "s") this.turnStacks();
    else if (key === "x") this.picked.turn(this.cells.at);
    else if (key === "Escape" && this.picked.frames.size) this.picked.clear();
    else if (key === "m" && this.items[this.cells.at]) this.likeThis(this.items[this.cells.at].frame);
    else if (key === "+" || key === "-") this.resizeBy(key === "+" ? 1 : -1);
    else if (key === "?") this.help();
    else return this.cells.key(key);
    return true;
  }

  resizeBy(by) {
    const sizes = Object.keys(SIZES);
    const to = sizes[sizes.indexOf(this.asked.size) + by];
    if (to) this.resize(to);
  }

  help() {
    const dialog = this.part("dialog");
    const keys = [["← ↑ → ↓", "another frame"], ["Enter", "open it; arrows step, F shows the whole picture, Space plays the seconds before (Shift: half speed), B shows boxes, C the other cameras"], ["Esc", "back to all frames"],
      ["Home End", "first and last"], ["Page ↑ ↓", "a screen further"], ["/", "search words; pedest* finds every word that begins so"], ["F", "add a filter"], ["M", "more like this one"], ["X", "pick it, for one act on all that are picked (a click with Shift does too)"],
      ["+ −", "larger and smaller pictures"], ["L", "levels of frames that wait for reviews too: who sees them is not asked to review the frame"], ["S", "look-alikes of a standing vehicle as one"], ["?", "these keys"]];
    dialog.replaceChildren(el("h2", { text: "Keys" }),
      el("dl", {}, ...keys.flatMap(([key, words]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: words })])),
      el("button", { type: "button", text: "Close", onclick: () => dialog.close() }));
    dialog.showModal();
  }
}

const grids = new WeakMap();

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector("[data-testid=frame-grid]");
  let grid = grids.get(root);
  if (!grid) {
    grid = new FrameGrid(root, data);
    grids.set(root, grid);
  }
  return () => {
    grid.stop();
    grids.delete(root);
  };
}
