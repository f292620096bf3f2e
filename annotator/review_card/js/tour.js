// The first-run tour: settled frames, one's own level, then what it was settled as and why. Nothing here is a review.

class Tour {
  constructor(card) {
    this.card = card;
    this.frames = null;
    this.total = 0;
    this.feedback = null;
    this.right = 0;
  }

  get isOn() {
    return this.frames !== null;
  }

  async invite() {
    if (this.card.settings.tour_done) return;
    const { frames } = await this.card.server.ask("tour").catch(() => ({ frames: [] }));
    this.card.notices.tour = frames.length;
    this.card.notices.draw();
  }

  notice(n) {
    return el("div", { class: "rc-notice", "data-notice": "tour" },
      el("span", { text: `New here? Try ${n} ${n === 1 ? "frame" : "frames"} whose level is settled, with feedback. ` }),
      el("div", { class: "rc-row" },
        el("button", { type: "button", "data-act": "tour", text: "Take the tour", onclick: () => this.start() }),
        el("button", { type: "button", text: "Guideline", onclick: () => this.card.dialogs.guideline() }),
        el("button", { type: "button", text: "Not now", onclick: () => this.done() })));
  }

  async start() {
    const { frames } = await this.card.server.ask("tour").catch(() => ({ frames: [] }));
    if (!frames.length) {
      this.card.notices.pass("There is no tour frame left for you, or too few frames are settled yet.");
      return;
    }
    this.frames = frames.map((frame) => ({ ...frame, tour: true, mode: "blind" }));
    this.total = frames.length;
    this.right = 0;
    this.card.notices.tour = 0;
    this.card.notices.draw();
    this.showNext();
  }

  showNext() {
    this.feedback = null;
    if (!this.frames.length) return this.finish();
    this.card.showItem(this.frames[0]);
  }

  paragraphs() {
    const place = this.total - this.frames.length + 1;
    const head = el("div", { class: "rc-own" },
      el("span", { class: "rc-label", text: `Tour, frame ${place} of ${this.total}` }),
      el("button", { type: "button", class: "rc-link", text: "Leave the tour", onclick: () => this.finish() }));
    if (!this.feedback) return [head, this.card.panel.line("Which level does this frame need? The settled level follows your answer.")];
    const { right, level, reasoning, action, said } = this.feedback;
    return [
      head,
      el("p", { class: "rc-verdict", role: "status", "data-right": String(right), text: right ? "✓ Correct" : "✗ The settled level is different" }),
      el("div", { class: "rc-own" }, el("span", { class: "rc-label", text: "You" }), this.card.panel.chip(said),
        el("span", { class: "rc-label", text: "Settled" }), this.card.panel.chip(level)),
      el("div", { class: "rc-label", text: "Why" }),
      el("p", { class: "rc-text", text: visible(`${reasoning} ${action}`) }),
    ];
  }

  async answer(level) {
    const item = this.frames[0];
    if (this.feedback || this.asking) return;
    this.asking = true;
    try {
      const told = await this.card.server.ask("tour-answer", { frame: item.frame, level });
      this.feedback = { ...told, said: level };
      this.right += told.right ? 1 : 0;
      this.card.panel.show(item, null);
      this.card.say(`${told.right ? "Correct." : `The settled level is ${told.level}.`} ${told.reasoning}`);
    } catch (error) {
      this.card.notices.pass(error.message);
    } finally {
      this.asking = false;
    }
  }

  next() {
    if (!this.feedback) return;
    this.frames.shift();
    this.showNext();
  }

  finish() {
    const answered = this.total - this.frames.length;
    this.frames = null;
    this.feedback = null;
    this.card.notices.pass(`Tour finished: ${this.right} of ${answered} correct. From now on your answers count.`);
    this.done();
    this.card.showNext();
  }

  done() {
    this.card.notices.tour = 0;
    this.card.notices.draw();
    this.card.useSettings({ ...this.card.settings, tour_done: true });
    this.card.server.ask("settings", { settings: this.card.settings }).catch(() => null);
  }
}
