// The settling card: a queue of frames, the one on screen, its decision, and the way back from the last one.

const KEYS = {
  autonomy: "1", supervision: "2", teleoperation: "3", next: "j", previous: "k", undo: "u", gold: "g", play: " ", boxes: "b", cameras: "c",
  zoom: "z", zoom_in: "+", zoom_out: "-", before: "ArrowLeft", after: "ArrowRight", up: "ArrowUp", down: "ArrowDown",
};
const NO_MORE = "Frames on which people disagree about the level, or that were sent back, appear here.";

class SettlingKeys extends Keys {
  onKey(event) {
    const target = event.composedPath()[0];
    if (event.defaultPrevented || event.isComposing || this.isCovered) return;
    if (event.ctrlKey && event.key === "Enter") {
      event.preventDefault();
      if (!event.repeat) this.card.decision.save();
      return;
    }
    if (event.key === "Escape" && !event.repeat) return this.card.escape(event, target);
    if (event.ctrlKey || event.metaKey || event.altKey || !this.on || this.isTyping(target)) return;
    if (this.isNative(event.key, target)) return;
    const act = this.actFor(event.key);
    if (!act) return;
    const { isZoomed } = this.card.picture;
    if ((act === "up" || act === "down") && !isZoomed) return; // the page scrolls
    event.preventDefault();
    if (!event.repeat || isZoomed) this.card.act(act, event.shiftKey);
  }

  // Boxes to tick are no boxes to type into.
  isTyping(target) {
    return super.isTyping(target) && target.type !== "checkbox";
  }
}

class SettlingCard {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.settings = { keys_on: data.keys_on, keys: KEYS };
    setInvisible(data.invisible);
    this.queue = []; // { frame, caption, levels }
    this.items = new Map(); // frame -> what the server told of it
    this.place = 0;
    this.current = null;
    this.isRandom = false;
    this.wanted = data.wanted;
    this.server = new Server(data.person, { place: "settle" });
    this.keys = new SettlingKeys(this);
    this.picture = new Picture(this);
    this.strip = new Strip(this);
    const tell = (text) => this.note(el("span", { text }));
    this.player = playerOn(this, tell);
    this.around = aroundOn(this, tell);
    this.said = new Said(this);
    this.decision = new Decision(this);
    this.root.addEventListener("click", (event) => this.clicked(event));
    for (const button of root.querySelectorAll("[data-act]")) {
      if (button.dataset.act in KEYS) this.keys.mark(button, button.dataset.act);
    }
    this.markGold();
    this.load();
  }

  markGold() {
    const hint = this.root.querySelector("[data-key-of=gold]");
    hint.hidden = !this.keys.on;
    hint.textContent = keyLabel(KEYS.gold);
  }

  stop() {
    this.player.follow(null);
    this.keys.stop();
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  button(act) {
    return this.root.querySelector(`[data-act=${act}]`);
  }

  focus() {
    this.root.focus({ preventScroll: true });
  }

  say(text) {
    this.part("live").textContent = text;
  }

  note(...content) {
    this.part("note").replaceChildren(...content);
  }

  chip(levelName) {
    const level = this.data.levels.find((one) => one.name === levelName);
    return el("span", { class: "rc-chip", "data-level": levelName, text: `${level.mark} ${level.name}` });
  }

  // ---- the queue

  async load() {
    let told;
    try {
      told = await this.server.ask("queue", { random: this.isRandom });
    } catch (error) {
      this.cutOff(error, () => this.load());
      return;
    }
    this.note();
    this.queue = told.frames;
    this.total = told.total;
    this.wide = told.wide;
    this.items.clear();
    for (const act of ["contested", "random"]) {
      this.button(act).setAttribute("aria-pressed", String((act === "random") === this.isRandom));
    }
    this.part("total").textContent = this.isRandom ? "" : this.total.toLocaleString("en");
    this.place = this.placeOfWanted();
    this.show();
  }

  // The frame that the address names; one that is not there is never replaced by the first without a word.
  placeOfWanted() {
    const { wanted } = this;
    this.wanted = null;
    if (!wanted) return 0;
    const place = this.queue.findIndex((one) => one.frame === wanted);
    if (place < 0) {
      this.note(el("span", { text: `Frame ${visible(wanted)} is not contested (any more). ` }), this.frameLink(wanted, "See what was said of it"));
    }
    return Math.max(0, place);
  }

  frameLink(frame, text) {
    return el("a", { href: new URL(`frame?id=${encodeURIComponent(frame)}`, this.server.root).href, target: "_self", text });
  }

  step(by) {
    if (this.queue.length < 2) return;
    this.place = (this.place + by + this.queue.length) % this.queue.length;
    this.note();
    this.show();
  }

  get line() {
    return this.queue[this.place];
  }

  showPlace() {
    this.part("place").textContent = this.line ? `${this.place + 1} of ${this.total.toLocaleString("en")}` : "";
    this.part("place").title = this.wide ? `${this.wide.toLocaleString("en")} of them Autonomy versus Teleoperation; they come first` : "";
  }

  // ---- one frame

  async show() {
    this.player.close();
    this.showPlace();
    const { line } = this;
    for (const act of ["previous", "next"]) this.button(act).disabled = this.queue.length < 2;
    if (!line) return this.showEmpty();
    const told = this.item(line.frame);
    if (this.current?.frame !== line.frame) this.root.dataset.state = "loading";
    let item;
    try {
      item = await told;
    } catch (error) {
      if (this.line !== line) return;
      if (error.status === 422) return this.gone(line);
      return this.cutOff(error, () => this.show());
    }
    if (this.line === line) this.showItem(item);
  }

  item(frame) {
    if (!this.items.has(frame)) {
      const told = this.server.ask("frame", { frame }).then((answer) => answer.item);
      told.catch(() => this.items.delete(frame));
      this.items.set(frame, told);
    }
    return this.items.get(frame);
  }

  showItem(item) {
    this.current = item;
    this.root.dataset.state = "ready";
    this.root.dataset.frame = item.frame;
    this.part("made").hidden = !item.generated;
    this.picture.warm([item]);
    this.picture.show(item.frame);
    this.strip.follow(item.frame);
    this.player.follow(item.frame);
    this.around.follow(item.frame);
    this.said.show(item);
    this.decision.show(item);
    this.leadOn();
    if (item.warning) this.note(el("span", { text: visible(item.warning) }));
    this.part("context").replaceChildren(
      el("span", { text: visible([item.frame_caption, item.local_time, item.description].filter(Boolean).join(" · ")) }),
      ...item.cues.map((cue) => el("span", { class: "rc-cue", title: visible(cue.evidence), text: visible(cue.name) })),
      ...[!item.is_random && this.frameLink(item.frame, "Open this frame"), alikeLink(item, this.server.root)].filter(Boolean),
    );
    const address = new URL(document.location.href);
    address.hash = "";
    address.searchParams.set("frame", item.frame);
    history.replaceState(history.state, "", address);
    if (!this.keys.isTyping(document.activeElement)) this.focus();
    this.say(`${visible(item.frame_caption)}. ${item.said.map((one) => `${visible(one.who)}: ${one.level}`).join(". ")}`);
    this.ahead();
  }

  // To what the address names below the card, which has its place once the card has its height.
  leadOn() {
    const { hash } = document.location;
    if (hash) requestAnimationFrame(() => document.getElementById(hash.slice(1))?.scrollIntoView());
  }

  // The next frame and its picture are there before they are asked for.
  async ahead() {
    const next = this.queue[(this.place + 1) % this.queue.length];
    if (!next || next === this.line) return;
    const item = await this.item(next.frame).catch(() => null);
    if (item && this.current) this.picture.warm([this.current, item]);
  }

  showEmpty() {
    this.current = null;
    this.root.dataset.state = "empty";
    delete this.root.dataset.frame;
    this.strip.follow(null);
    this.player.follow(null);
    this.around.follow(null);
    const words = this.isRandom
      ? ["Nothing of the random share waits", "Verified frames of the random share that no lead has settled appear here."]
      : ["No frame is contested", NO_MORE];
    this.leadOn();
    this.note(...this.part("note").childNodes, el("div", { class: "st-empty" }, el("h2", { text: words[0] }), el("p", { text: words[1] })));
  }

  // Somebody else settled it meanwhile.
  gone(line) {
    this.queue = this.queue.filter((one) => one !== line);
    this.count(line, -1);
    this.place = Math.min(this.place, Math.max(0, this.queue.length - 1));
    this.note(el("span", { text: `${visible(line.caption)} is settled by somebody else. ` }), this.frameLink(line.frame, "See it"));
    this.show();
  }

  cutOff(error, again) {
    const words = error.status === 0 ? "No connection. What you wrote is kept here. " : `${visible(error.message)} `;
    const next = error.status === 401 ? el("a", { href: this.server.root.href, target: "_self", text: "Sign in" })
      : el("button", { type: "button", class: "rc-link", text: "Try again", onclick: again });
    this.note(el("span", { text: words }), next);
  }

  pictureReady(frame) {
    if (this.current?.frame === frame && this.picture.shown !== frame) this.picture.show(frame);
  }

  pictureBroken(item) {
    if (this.current?.frame === item.frame) this.part("wait").textContent = "The picture cannot be shown.";
  }

  addressExpired(frame) {
    this.items.delete(frame);
    if (this.line?.frame === frame) this.show();
  }

  // ---- what a lead does

  clicked(event) {
    const button = event.target.closest("[data-act]");
    if (!button || event.detail > 1 || button.disabled) return;
    this.act(button.dataset.act);
  }

  act(act, isShifted = false) {
    if (act === "contested" || act === "random") return this.turnTo(act === "random");
    if (act === "undo") return this.undo();
    if (act === "next" || act === "previous") return this.step(act === "next" ? 1 : -1);
    if (!this.current) return;
    if (act === "settle") return this.decision.save();
    if (act === "play") return this.player.toggle({ half: isShifted });
    if (act === "boxes" || act === "cameras") return this.around.toggle(act);
    if (act === "gold") return this.toggleGold();
    const level = this.data.levels.find((one) => one.name.toLowerCase() === act);
    if (level) return this.decision.choose(level.name);
    this.picture.steer(act);
  }

  turnTo(isRandom) {
    if (this.isRandom === isRandom) return;
    this.isRandom = isRandom;
    this.load();
  }

  toggleGold() {
    const box = this.decision.box("gold");
    box.checked = !box.checked;
    this.decision.keep();
  }

  escape(event, target) {
    if (this.keys.isTyping(target)) {
      target.blur();
      this.focus();
    } else if (this.picture.isZoomed) this.picture.resetZoom();
    else if (this.player.close()) event.preventDefault();
    else if ([this.strip, this.around].filter((one) => one.comeBack()).length) event.preventDefault();
  }

  // The frame is settled: the next one stands in its place, and until that one is settled this can be taken back.
  settled(item, last, words) {
    const line = this.queue.find((one) => one.frame === item.frame);
    this.queue = this.queue.filter((one) => one !== line);
    this.items.delete(item.frame);
    this.count(line, -1);
    this.place = this.place < this.queue.length ? this.place : 0;
    this.last = last && { ...last, words, line, isRandom: this.isRandom };
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.showLast();
    this.note();
    if (!this.queue.length && this.total > 0) return this.load();
    this.show();
  }

  count(line, by) {
    this.total += by;
    if (line.levels.includes(this.data.levels[0].name) && line.levels.includes(this.data.levels[2].name)) this.wide += by;
    if (!this.isRandom) this.part("total").textContent = this.total.toLocaleString("en");
  }

  showLast() {
    const { last } = this;
    this.part("settled").replaceChildren(...(last ? [
      el("span", { text: `${visible(last.caption)} is settled as ` }), this.chip(last.level), " ",
      last.isGold ? el("span", { text: "and a hidden test now" }) : el("button", { type: "button", class: "rc-link", "data-act": "undo" }, el("span", { text: "Undo" }), el("kbd")),
    ] : []));
    const undo = this.button("undo");
    if (undo) this.keys.mark(undo, "undo");
  }

  async undo() {
    const { last } = this;
    if (!last || this.isUndoing) return;
    this.isUndoing = true;
    try {
      await this.server.ask("undo", { settlement: last.id });
    } catch (error) {
      this.decision.say(`Not undone. ${error.message}`);
      return;
    } finally {
      this.isUndoing = false;
    }
    this.last = null;
    this.showLast();
    this.decision.drafts.set(last.frame, { ...last.words, gold: false });
    if (last.isRandom !== this.isRandom) {
      this.isRandom = last.isRandom;
      this.wanted = last.frame;
      return this.load();
    }
    this.queue.splice(this.place, 0, last.line);
    this.count(last.line, 1);
    this.note(el("span", { text: `${visible(last.caption)} is open again.` }));
    this.show();
  }
}

const cards = new WeakMap();

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector("[data-testid=settling-card]");
  let card = cards.get(root);
  if (!card) {
    card = new SettlingCard(root, data);
    cards.set(root, card);
  }
  return () => {
    card.stop();
    cards.delete(root);
  };
}
