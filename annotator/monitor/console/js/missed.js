// Alerts that ended while nobody answered: they stay until somebody acknowledges them.

class Missed {
  constructor(console_) {
    this.console = console_;
    this.told = { n: 0, teleoperation: 0, alerts: [] };
    this.list = [];
    this.rows = new Map(); // what a row says -> its node
    this.ordered = el("ol");
    this.firstKey = el("kbd", { text: "A" });
    this.firstAt = -Infinity; // since when the first row is the first
  }

  get n() {
    return Math.max(0, this.told.n - (this.told.alerts.length - this.list.length));
  }

  takeIn(told) {
    this.told = told;
    this.redraw();
  }

  redraw() {
    const pending = this.console.answers.pendingAcknowledged();
    const first = this.list[0]?.alert;
    this.list = this.told.alerts.filter((one) => !pending.has(one.alert));
    if (this.list[0]?.alert !== first) this.firstAt = performance.now();
    const key = this.list.map(rowOf).join(" ") + this.n;
    if (key === this.key) return;
    this.key = key;
    this.draw();
  }

  words() {
    const level = this.list.filter((one) => one.level === "TELEOPERATION").length;
    const of = this.told.n > this.told.alerts.length ? this.told.teleoperation : level;
    return `${this.n} unanswered${of ? ` (${of} TELEOPERATION)` : ""}`;
  }

  draw() {
    const place = this.console.part("ended");
    const count = this.console.part("missed-count");
    place.hidden = count.hidden = !this.list.length;
    count.textContent = this.list.length ? this.words() : "";
    if (!this.list.length) {
      this.rows.clear();
      return place.replaceChildren();
    }
    this.rows = new Map(this.list.map((one) => [rowOf(one), this.rows.get(rowOf(one)) || this.row(one)]));
    arrange(this.ordered, [...this.rows.values()]);
    this.ordered.querySelector("[data-seen]").append(this.firstKey);
    const further = this.n - this.list.length;
    arrange(place, [
      el("header", {}, el("h2", { text: `Ended without an answer: ${this.n}` }),
        this.list.length > 1 ? el("button", { type: "button", "data-act": "all-seen", onclick: (event) => event.detail <= 1 && this.acknowledge(this.list) }, `Acknowledge all ${this.list.length}`) : null),
      this.ordered,
      ...(further > 0 ? [el("p", { class: "mo-further", text: `and ${further} more` })] : [])]);
    return undefined;
  }

  row(one) {
    const picture = el("img", { alt: "", loading: "lazy", src: this.console.alertPicture(one.alert, "small") });
    const until = one.ended_at_us ? `–${clock(one.ended_at_us)}` : "";
    return el("li", { "data-ended": one.alert, "data-level": one.level },
      el("button", { type: "button", class: "mo-thumb", "aria-label": `The picture that raised the alert of ${visible(one.feed)}`,
        onclick: () => this.console.lastHour.open(one.alert, `${visible(one.feed)}: ${visible(one.reason)}`) }, picture),
      el("div", {},
        el("p", { class: "mo-ended-head" }, el("strong", { text: `${MARKS[one.level]} ${one.level}` }), ` ${visible(one.feed)} `,
          el("time", { text: `${clock(one.raised_at_us)}${until}` })),
        el("p", { class: "mo-ended-reason", text: `${visible(one.reason)}${one.shown ? "" : " (on no screen)"}` })),
      el("button", { type: "button", "data-seen": one.alert, onclick: (event) => event.detail <= 1 && this.acknowledge([one]) }, "Acknowledge"));
  }

  acknowledgeFirst() {
    if (!this.list.length) return false;
    if (performance.now() - this.firstAt < NOT_SEEN_MS) this.console.tell("Another alert has just come first; look, then press again.");
    else this.acknowledge(this.list.slice(0, 1));
    return true;
  }

  acknowledge(alerts) {
    const ids = alerts.map((one) => one.alert);
    const what = alerts.length === 1 ? visible(alerts[0].feed) : alertsOf(alerts.length);
    this.console.answers.add({ token: newToken(), alert_ids: ids }, what, "acknowledge");
    this.console.tell(`Acknowledged: ${what}.`);
    this.redraw();
  }
}

// What tells one row from another.
function rowOf(one) {
  return `${one.alert}:${one.ended_at_us}:${one.shown}`;
}
