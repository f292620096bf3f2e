// The frames before and after in the scene, loaded once somebody stays with a frame or asks for them.

const SETTLE_MS = 500;

class Strip {
  constructor(card) {
    this.card = card;
    this.forget();
  }

  forget() {
    clearTimeout(this.timer);
    this.frame = null;
    this.around = null;
    this.at = 0;
  }

  follow(frame) {
    this.forget();
    this.frame = frame;
    this.card.part("strip").replaceChildren();
    if (frame) this.timer = setTimeout(() => this.load(), SETTLE_MS);
  }

  async load() {
    const frame = this.frame;
    if (!frame || this.around || this.card.current?.tour) return;
    try {
      const told = await this.card.server.ask("strip", { frame });
      if (this.frame !== frame) return;
      this.around = told.strip;
      this.draw();
    } catch {
      // the strip is a help, not a need; it is asked for again with the next look and when the connection is back
    }
  }

  draw() {
    this.card.part("strip").replaceChildren(...this.around.map((one) => el(
      "button",
      {
        type: "button",
        class: one.offset === 0 ? "rc-thumb rc-here" : "rc-thumb",
        "aria-current": one.offset === this.at ? "true" : null,
        "aria-label": this.label(one),
        tabindex: one.offset === this.at ? "0" : "-1", // one stop; the arrow keys go on from there
        title: this.label(one),
        onclick: () => this.lookAt(one.offset),
      },
      el("img", { src: one.thumb, alt: "", loading: "lazy", draggable: "false" }),
      el("span", { text: this.place(one) }),
    )));
  }

  place(one) {
    return one.offset === 0 ? "this frame" : `${one.seconds > 0 ? "+" : "−"}${Math.abs(one.seconds)} s`;
  }

  label(one) {
    if (one.offset === 0) return "this frame, the one you judge";
    const n = Math.abs(one.offset);
    return `${this.place(one)}, ${n} ${n === 1 ? "frame" : "frames"} ${one.offset < 0 ? "before" : "after"}`;
  }

  async step(by) {
    if (!this.around) await this.load();
    if (this.around) this.lookAt(this.at + by);
  }

  lookAt(offset) {
    const one = this.around.find((neighbour) => neighbour.offset === offset);
    if (!one) return;
    this.at = offset;
    if (offset === 0) this.card.picture.leave();
    else this.card.picture.look(one, this.label(one));
    this.draw();
    this.card.say(this.label(one));
  }

  // Back to the frame that is judged; false where nobody had left it.
  comeBack() {
    if (this.at === 0) return false;
    this.lookAt(0);
    return true;
  }
}
