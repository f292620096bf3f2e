// One's own day: progress, pace, the last five decisions, answers that were not saved, and when to take a break.

const BREAK_AFTER_MS = 45 * 60 * 1000;
const GAP_MS = 5 * 60 * 1000;

class Side {
  constructor(card) {
    this.card = card;
    this.recent = [];
    this.day = { reviewed: 0, median_s: null, timed: 0 };
  }

  takeIn(told) {
    this.day = told.day;
    this.recent = told.recent;
  }

  // What the server knows, and in front of it what it has not acknowledged yet.
  lastFive() {
    const pending = this.card.outbox.waiting()
      .filter(({ entry }) => ["decision", "stack"].includes(entry.kind))
      .map(({ entry, shown }) => ({ ...shown, ...this.said(entry) }))
      .reverse();
    const frames = new Set();
    return [...pending, ...this.recent].filter((one) => {
      const isNew = !frames.has(one.frame);
      frames.add(one.frame);
      return isNew;
    }).slice(0, 5);
  }

  said(entry) {
    const { token, level, reasoning, action, reason_code, is_unsure: unsure = false, seconds_shown: seconds } = entry;
    return { token, level, reasoning, action, reason_code, unsure, unconfirmed: seconds < HURRIED_S, stacked: entry.kind === "stack" };
  }

  draw() {
    const target = this.card.settings.daily_target;
    const pending = this.card.outbox.waiting().filter(({ entry }) => ["decision", "stack"].includes(entry.kind) && !entry.supersedes_token);
    const done = this.day.reviewed + pending.flatMap(({ entry }) => framesOf(entry)).length;
    const pace = this.day.median_s === null ? "" : `, ${this.day.median_s.toFixed(1)} s a frame (median of ${this.day.timed})`;
    const isEmpty = !this.card.current && this.card.outbox.answered && !this.card.problem;
    const words = `${isEmpty ? done : `${done} of ${target}`} today${pace}`;
    this.card.part("side").replaceChildren(
      el("div", { class: "rc-day" },
        isEmpty ? null : el("progress", { max: target, value: Math.min(done, target), "aria-label": "Progress towards today's target" }),
        el("span", { "data-part": "progress", text: words })),
      this.recentList(),
    );
  }

  recentList() {
    const five = this.lastFive();
    if (!five.length) return el("p", { class: "rc-line", text: "Your last five decisions appear here." });
    return el("ol", { class: "rc-recent", "aria-label": "Your last decisions" }, ...five.map((one) => el(
      "li",
      { "data-recent": one.frame },
      el("span", { class: "rc-caption", text: visible(one.caption) }),
      this.card.panel.chip(one.level),
      one.unsure ? el("span", { title: "Marked as unsure", text: "?" }) : null,
      el("button", { type: "button", class: "rc-link", text: one.unconfirmed ? "Confirm" : "Change",
        "aria-label": `${one.unconfirmed ? "Confirm or change" : "Change"} ${visible(one.caption)}, ${one.level}`,
        onclick: () => this.card.deciding.change(one) }),
    )));
  }

  // Work without a gap of five minutes counts on; after 45 minutes a break is suggested until one is taken.
  worked() {
    const now = Date.now();
    const work = this.card.outbox.kept.get("work", "day");
    const since = work && now - work.last < GAP_MS ? work.since : now;
    this.card.outbox.kept.put("work", "day", { since, last: now });
    return now - since >= BREAK_AFTER_MS;
  }

  tookBreak() {
    this.card.outbox.kept.drop("work", "day");
    this.card.notices.wantsBreak = false;
    this.card.notices.draw();
  }

  refusedNotice(refused) {
    const { entry, shown, reason } = refused;
    const text = [entry.reasoning, entry.action, entry.reason].filter(Boolean).map(visible).join(" ");
    return el(
      "div",
      { class: "rc-notice", "data-draft": entry.frame_id, role: "group", "aria-label": "An answer that was not saved" },
      el("strong", { text: "Not saved: " }),
      el("span", { text: `${visible(shown?.caption || "a frame")}, ${entry.level || entry.kind}. ${visible(reason)}` }),
      text ? el("p", { class: "rc-text", text }) : null,
      el("div", { class: "rc-row" },
        el("button", { type: "button", text: "Send again", onclick: () => this.sendAgain(refused) }),
        el("button", { type: "button", text: "Discard", onclick: () => this.discard(refused) })),
    );
  }

  sendAgain(refused) {
    this.card.outbox.kept.drop("refused", refused.name);
    this.card.outbox.add({ ...refused.entry, token: newToken() }, refused.shown);
    this.card.notices.draw();
  }

  discard(refused) {
    this.card.outbox.kept.drop("refused", refused.name);
    this.card.notices.draw();
    this.card.showState();
  }
}
