// Notices: words that pass by themselves, and notices that stay until somebody has dealt with them. They lie over the
// strip, so that nothing moves when one comes or goes.

const PASSES_AFTER_MS = 6000;

class Notices {
  constructor(card) {
    this.card = card;
    this.passing = [];
    this.tour = 0; // how many frames the tour offers
    this.rejectedClip = null;
    this.newGuideline = null; // the number of a version that this person has not read
    this.wantsBreak = false;
    this.answers = []; // of leads to this person's flags, not seen in this browser yet
  }

  answersAre(told) {
    const seen = this.card.outbox.kept.get("answers", "seen") || 0;
    const unseen = told.filter((one) => one.id > seen);
    if (unseen.length === this.answers.length) return;
    this.answers = unseen;
    this.draw();
  }

  stop() {
    clearTimeout(this.timer);
  }

  // Say something that is gone after some seconds or with the next decision.
  pass(text) {
    this.passing = [...this.passing.filter((one) => one.text !== text), { text, until: Date.now() + PASSES_AFTER_MS }].slice(-2);
    this.draw();
  }

  drop(text) {
    this.passing = this.passing.filter((one) => one.text !== text);
    this.draw();
  }

  decided() {
    if (!this.passing.length) return;
    this.passing = [];
    this.draw();
  }

  draw() {
    clearTimeout(this.timer);
    const now = Date.now();
    this.passing = this.passing.filter((one) => one.until > now);
    if (this.passing.length) this.timer = setTimeout(() => this.draw(), Math.min(...this.passing.map((one) => one.until)) - now + 10);
    this.card.part("notices").replaceChildren(
      ...this.passing.map(({ text }) => el("div", { class: "rc-notice", "data-notice": "passing", role: "status", text })),
      ...this.standing(),
    );
  }

  standing() {
    const { outbox, side, tour, dialogs } = this.card;
    const notices = [];
    if (this.tour) notices.push(tour.notice(this.tour));
    if (this.rejectedClip) notices.push(this.clip(this.rejectedClip));
    if (this.newGuideline) {
      notices.push(this.notice("guideline", `Version ${this.newGuideline} of the guideline is in force. `,
        el("button", { type: "button", text: "See what changed", onclick: () => dialogs.guideline() })));
    }
    notices.push(...this.answers.slice(-1).map((one) => this.answer(one))); // the oldest first
    if (this.wantsBreak) {
      notices.push(this.notice("break", "45 minutes without a break. Look away for five; everything is kept. ",
        el("button", { type: "button", text: "I had a break", onclick: () => side.tookBreak() })));
    }
    notices.push(...outbox.kept.all("left").map(([frame, left]) => this.left(frame, left)));
    notices.push(...outbox.refusedAnswers().map((one) => side.refusedNotice(one)));
    return notices;
  }

  notice(name, text, ...buttons) {
    return el("div", { class: "rc-notice", "data-notice": name, role: "status" }, el("span", { text }), ...buttons);
  }

  clip({ caption }) {
    const leave = () => {
      this.rejectedClip = null;
      this.draw();
    };
    return this.notice("clip", `The clip of ${visible(caption)} is rejected: nobody sees it any more. `,
      el("button", { type: "button", text: "Take it back", onclick: () => this.card.deciding.takeClipBack() }),
      el("button", { type: "button", class: "rc-link", text: "OK", onclick: leave }));
  }

  answer({ id, caption, question, answer }) {
    const seen = () => {
      this.card.outbox.kept.put("answers", "seen", id);
      this.answers = this.answers.filter((one) => one.id > id);
      this.draw();
    };
    return this.notice("answer", `You asked about ${visible(caption)}: “${visible(question)}” The lead: “${visible(answer)}” `,
      el("button", { type: "button", text: "OK", onclick: seen }));
  }

  // Words that were being written here when another tab decided their frame.
  left(frame, { caption, level, words }) {
    const discard = () => {
      this.card.outbox.kept.drop("left", frame);
      this.draw();
    };
    return el("div", { class: "rc-notice", "data-notice": "left", role: "group", "aria-label": "Words that were not saved" },
      el("strong", { text: `You decided ${visible(caption)} in another tab. ` }),
      el("span", { text: `Your words for ${level} here were not saved:` }),
      el("p", { class: "rc-text", text: visible(words) }),
      el("div", { class: "rc-row" },
        el("button", { type: "button", text: "Copy", onclick: () => navigator.clipboard?.writeText(words).then(discard, () => null) }),
        el("button", { type: "button", text: "Discard", onclick: discard })));
  }
}
