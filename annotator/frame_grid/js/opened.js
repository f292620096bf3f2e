// One frame in place of the grid, with everything that was said of it. Stepping shows the picture at once; the words follow.

const WORDS_AFTER_MS = 90;
const AHEAD = 3;

class Opened {
  constructor(grid) {
    this.grid = grid;
    this.root = grid.part("opened");
    this.isOpen = false;
    this.waiting = 0;
    this.kept = new Map(); // pictures asked for ahead of time
    this.player = new Player({
      ask: (frame) => this.grid.server.ask("moment", { frame }),
      away: () => this.away,
      tell: (text) => this.tell(text),
      say: (text) => this.tell(text),
      changed: (isPlaying) => this.button("play")?.setAttribute("aria-pressed", String(isPlaying)),
    });
    this.around = new Around({
      ask: (act, frame) => this.grid.server.ask(act, { frame }),
      pictures: () => this.stage,
      strip: () => this.below,
      button: (act) => this.button(act),
      tell: (text) => this.tell(text),
      say: (text) => this.tell(text),
      look: (camera, label) => this.look(camera, label),
      leave: () => this.leave(),
    });
    this.root.addEventListener("click", (event) => {
      const around = event.target.closest("[data-frame]");
      if (around) this.openFrame(around.dataset.frame);
      if (event.target.closest("[data-act=back]")) this.close();
      if (event.target.closest("[data-act=like]")) this.grid.likeThis(this.frame);
      if (event.target.closest("[data-act=play]")) this.player.toggle();
      for (const act of ["boxes", "cameras"]) if (event.target.closest(`[data-act=${act}]`)) this.around.toggle(act);
    });
  }

  button(act) {
    return this.root.querySelector(`[data-act=${act}]`);
  }

  tell(text) {
    this.said.textContent = text;
  }

  open(place) {
    const item = this.grid.items[place];
    if (!item) return;
    this.place = place;
    this.show(item.frame, item.caption, item.aside ? "" : item.large);
    this.askAhead();
  }

  // A frame of an address, which may not be among those that were found.
  openFrame(frame) {
    this.place = this.grid.items.findIndex((item) => item?.frame === frame);
    const item = this.grid.items[this.place];
    this.show(frame, item?.caption || "", item && !item.aside ? item.large : "");
  }

  show(frame, caption, picture) {
    this.isOpen = true;
    this.frame = frame;
    this.grid.asked.frame = frame;
    this.grid.keepAddress();
    this.grid.part("main").hidden = true;
    this.root.hidden = false;
    this.picture = el("img", { class: "fg-large", src: picture || null, alt: caption ? `Front camera picture, ${visible(caption)}` : "" });
    this.side = el("div", { class: "fg-side", "aria-live": "polite" });
    this.below = el("div", { class: "fg-below" });
    this.away = el("div", { class: "fg-away", hidden: true });
    this.stage = el("div", { class: "fg-stage" }, this.picture, this.away);
    this.said = el("p", { class: "fg-said", role: "status" });
    this.player.follow(frame);
    this.around.follow(frame);
    this.root.replaceChildren(
      el("div", { class: "fg-head" }, el("button", { type: "button", "data-act": "back" }, "All frames ", el("kbd", { text: "Esc" })),
        el("h2", { text: visible(caption) }), el("button", { type: "button", "data-act": "like" }, "More like this ", el("kbd", { text: "M" })), el("span", { class: "fg-place", text: this.placeWords() })),
      el("div", { class: "fg-left" }, this.stage, this.tools(), this.said, this.below), this.side);
    this.root.focus({ preventScroll: true });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.load(frame), WORDS_AFTER_MS);
  }

  tools() {
    const tool = (act, text, key, title) => el("button", { type: "button", "data-act": act, "aria-pressed": "false", title }, `${text} `, el("kbd", { text: key }));
    return el("div", { class: "fg-tools" }, tool("play", "Play", "Space", "Play the seconds before this frame; with Shift at half speed"),
      tool("boxes", "Boxes", "B", "What the data set has marked, with its distance"), tool("cameras", "Cameras", "C", "What the other cameras saw at this moment"));
  }

  // A frame without a picture has nothing to play and nothing to draw over.
  showAside(why) {
    this.stage.replaceChildren(el("p", { class: "fg-refused", text: visible(why) }), this.away);
    this.root.querySelector(".fg-tools")?.remove();
    this.player.follow(null);
    this.around.follow(null);
  }

  look(camera, label) {
    this.away.replaceChildren(el("img", { class: "pl-picture", src: camera.large, alt: label, draggable: "false" }), el("span", { text: `${label} · Esc goes back` }));
    this.away.hidden = false;
  }

  leave() {
    this.away.hidden = true;
    this.away.replaceChildren();
  }

  placeWords() {
    return this.place >= 0 ? `${(this.place + 1).toLocaleString("en")} of ${this.grid.n.toLocaleString("en")}` : "";
  }

  async load(frame) {
    try {
      const { opened } = await this.grid.server.ask("open", { frame });
      if (this.isOpen && this.frame === frame) this.showWords(opened);
    } catch (error) {
      if (!this.isOpen || this.frame !== frame) return;
      this.side.replaceChildren(el("p", { class: "fg-refused", text: error.message }),
        el("button", { type: "button", text: "Ask again", onclick: () => this.load(frame) }));
    }
  }

  showWords(opened) {
    if (!this.picture.getAttribute("src") && !opened.aside) this.picture.src = opened.large;
    this.full = opened.full;
    this.root.querySelector("h2").textContent = visible(opened.caption);
    this.picture.alt = `Front camera picture, ${visible(opened.caption)}`;
    if (this.frame !== opened.frame) return;
    if (opened.aside) this.showAside(opened.aside);
    this.below.replaceChildren(...this.context(opened));
    const cards = opened.cards.map((card) => this.card(card));
    if (!cards.length) cards.push(el("p", { text: "Nobody has said anything of this frame yet." }));
    this.side.replaceChildren(...this.standing(opened), ...cards, ...this.address(opened));
  }

  context(opened) {
    const cues = opened.cues.map((cue) => `${cue.name}: ${cue.evidence}`).join("; ");
    const unknown = opened.unknown_cues.length ? `. Could not be looked for: ${visible(opened.unknown_cues.join(", "))}` : "";
    const around = opened.around.map((one) => el("button", { type: "button", "data-frame": one.frame },
      el("img", { src: one.small, alt: `${one.seconds > 0 ? "+" : ""}${one.seconds} s` }), el("span", { text: `${one.seconds > 0 ? "+" : ""}${one.seconds} s` })));
    return [
      opened.generated ? el("p", {}, el("span", { class: "fg-made-word", text: "generated" })) : null,
      el("p", { text: `${opened.local_time}. ${visible(opened.description)}` }),
      el("p", { text: `Cues: ${visible(cues) || "none"}${unknown}` }),
      around.length ? el("div", { class: "fg-around", role: "group", "aria-label": "Before and after" }, ...around) : null,
    ].filter(Boolean);
  }

  standing(opened) {
    const marks = this.grid.data.levels;
    if (!opened.state) return [el("p", { text: "Not in review: not sampled, not asked about, or set aside." })];
    const more = opened.needed ? `, ${opened.needed} more needed` : "";
    const terms = Object.entries(opened.terms);
    return [
      el("p", { class: "fg-standing" }, `${capitalised(opened.state)}${more} `, opened.level ? levelChip(marks, opened.level, "Verified") : null,
        opened.gold ? " It is gold: it tests people." : null),
      opened.suspicion ? el("p", { class: "fg-doubt" }, "May be wrong: ", levelChip(marks, opened.suspicion.likely, "Likelier"),
        ` is likelier (${opened.suspicion.chances}). ${visible(opened.suspicion.why)}`) : null,
      opened.state === "contested" ? el("p", {}, el("a", { href: `adjudicate?frame=${encodeURIComponent(opened.frame)}`, target: "_self", text: "Settle it under Adjudicate" })) : null,
      ...(opened.next || []).map((words) => el("p", { class: "fg-next", text: `Served before the order: ${visible(words)}` })),
      terms.length ? el("details", {}, el("summary", { text: `Priority ${opened.priority.toFixed(3)}` }),
        el("table", {}, ...terms.map(([name, value]) => el("tr", {}, el("th", { scope: "row", text: visible(name) }), el("td", { text: value.toFixed(3) }))))) : null,
    ].filter(Boolean);
  }

  card({ title, level, texts, thought }) {
    const marks = this.grid.data.levels;
    return el("section", { class: "fg-card" }, el("h3", {}, visible(title), " ", level ? levelChip(marks, level, "Said") : null),
      ...texts.map((text) => el("p", { text: visible(text) })),
      thought ? el("details", {}, el("summary", { text: "Chain of thought" }), el("p", { text: visible(thought) })) : null);
  }

  address(opened) {
    const link = new URL(`frames?frame=${encodeURIComponent(opened.frame)}`, this.grid.server.root);
    return [el("label", { class: "fg-link" }, "Address to send to another lead or a trainer", el("input", { type: "text", readonly: true, value: link.href }))];
  }

  askAhead() {
    const near = [1, -1, 2, -2, AHEAD].map((step) => this.grid.items[this.place + step]).filter((item) => item && !item.aside);
    const kept = new Map();
    for (const item of near) {
      const picture = this.kept.get(item.large) || Object.assign(new Image(), { src: item.large });
      kept.set(item.large, picture);
    }
    this.kept = kept;
    this.grid.want(this.place + 2 * AHEAD);
  }

  step(by) {
    const to = this.place < 0 ? this.grid.cells.at : this.place + by;
    if (to < 0 || to >= this.grid.n || !this.grid.items[to]) return;
    this.grid.cells.at = to;
    this.open(to);
  }

  close() {
    clearTimeout(this.waiting);
    this.player.follow(null);
    this.around.follow(null);
    this.isOpen = false;
    this.frame = "";
    this.grid.asked.frame = "";
    this.grid.keepAddress();
    this.root.hidden = true;
    this.root.replaceChildren();
    this.grid.part("main").hidden = false;
    this.grid.cells.layOut();
    this.grid.cells.moveTo(this.grid.cells.at);
    this.grid.focus();
  }

  key(key, { isShifted, isRepeated }) {
    if (isRepeated && [" ", "b", "c"].includes(key)) return true;
    if (key === "Escape" && (this.player.close() || this.around.comeBack())) return true;
    if (key === "Escape") this.close();
    else if (key === " ") this.player.toggle({ half: isShifted });
    else if (key === "b") this.around.toggle("boxes");
    else if (key === "c") this.around.toggle("cameras");
    else if (key === "ArrowRight" || key === "ArrowDown") this.player.step(1) || this.step(1);
    else if (key === "ArrowLeft" || key === "ArrowUp") this.player.step(-1) || this.step(-1);
    else if (key === "m") this.grid.likeThis(this.frame);
    else if (key === "f" && this.full) this.picture.src = this.full;
    else return false;
    return true;
  }
}
