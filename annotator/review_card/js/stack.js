// Frames that look like the one on screen, as small pictures, and one key that gives all of them its level. Where
// TELEOPERATION is proposed or said the key first shows each of them large.

class Stack {
  constructor(card) {
    this.card = card;
    this.seen = new Set(); // frames that were shown large
    this.judged = new Map(); // token of a decision -> the frames judged with it on this page
    this.takenBack = new Set();
    this.forAll = false; // whether the next decision is one of all of them
    this.at = null;
  }

  get frames() {
    const { current: item, changing } = this.card;
    return item && !item.tour && !changing && item.mode === "assisted" ? item.stack || [] : [];
  }

  get level() {
    const { wording, current: item } = this.card;
    return wording.isOpen ? wording.level : item.proposal?.level;
  }

  unseen(level) {
    const isGrave = [level, this.card.current.proposal?.level].includes("TELEOPERATION");
    return isGrave ? this.frames.filter((one) => !this.seen.has(one.frame)) : [];
  }

  show() {
    const part = this.card.part("stack");
    const { frames } = this;
    part.hidden = !frames.length || !this.level;
    if (part.hidden) return part.replaceChildren();
    const button = el("button", { type: "button", class: "rc-all", "data-act": "stack", "aria-pressed": String(this.forAll) }, el("span", { text: this.words() }), el("kbd"));
    this.card.keys.mark(button, "stack");
    part.replaceChildren(
      el("div", { class: "rc-label", text: `The vehicle stands: ${frames.length} more ${frames.length === 1 ? "frame looks" : "frames look"} like this one` }),
      el("div", { class: "rc-look-alikes" }, ...frames.map((one) => this.thumb(one))),
      button,
    );
  }

  words() {
    const left = this.unseen(this.level).length;
    if (left) return `Look at each large first: ${left} left`;
    const all = `${capitalised(this.level)} for all ${this.frames.length + 1}`;
    return this.forAll ? `${all}: the reason's key saves` : all;
  }

  thumb(one) {
    const label = this.label(one);
    return el("button", { type: "button", class: "rc-thumb", title: label, "aria-label": label, "data-alike": one.frame,
      "data-seen": String(this.seen.has(one.frame)), "aria-current": this.at === one.frame ? "true" : null, onclick: () => this.look(one) },
    el("img", { src: one.thumb, alt: "", draggable: "false", onerror: (event) => event.target.replaceWith(el("span", { text: this.when(one) })) }));
  }

  when(one) {
    return `${one.seconds > 0 ? "+" : "−"}${Math.abs(one.seconds)} s`;
  }

  label(one) {
    return `${this.when(one)}, looks like this frame`;
  }

  // One of them large; it counts as seen once its picture is there.
  look(one) {
    this.at = one.frame;
    this.card.picture.look(one, this.label(one));
    this.card.say(this.label(one));
    this.card.part("away").querySelector("img").decode().then(() => {
      this.seen.add(one.frame);
      this.show();
    }, () => this.card.notices.pass("This picture cannot be shown; judge the frame alone."));
    this.show();
  }

  comeBack() {
    if (!this.at) return false;
    this.at = null;
    this.card.picture.leave();
    this.show();
    return true;
  }

  // The key for all: the next large picture where one is due, else what Enter does, for all of them.
  act() {
    if (!this.frames.length || !this.level) return this.card.notices.pass("No other frame looks like this one.");
    if (this.showsNext(this.level)) return;
    const { wording, deciding } = this.card;
    if (wording.isOpen && !wording.isComplete) {
      this.forAll = !this.forAll;
      this.show();
      return this.card.say(this.words());
    }
    this.forAll = true;
    deciding.confirm();
    this.forAll = false;
  }

  // Whether one of them has to be seen large before this level is theirs; it is shown.
  showsNext(level) {
    const [next] = this.unseen(level);
    if (next) this.look(next);
    return Boolean(next);
  }

  forget() {
    this.at = null;
    this.forAll = false;
  }

  // What a decision says of the stack; nothing where it is of one frame.
  taken(token) {
    if (!this.forAll) return {};
    const others = this.frames.map((one) => one.frame);
    this.judged.set(token, others);
    return { kind: "stack", others, seen_large: others.filter((frame) => this.seen.has(frame)) };
  }

  takeBack(decision) {
    if (!decision.stacked || this.takenBack.has(decision.token)) return;
    this.takenBack.add(decision.token);
    for (const frame of this.judged.get(decision.token) || []) this.card.decided.delete(frame);
    this.card.outbox.add({ kind: "unstack", token: newToken(), frame_id: decision.frame, stack: decision.token }, decision);
    this.card.notices.pass("The whole stack is taken back: its other frames come again.");
  }
}
