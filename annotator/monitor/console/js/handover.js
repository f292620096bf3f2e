// The end of a shift: what is open, and a few words, for the next operator, who confirms having read them.

const LISTED_EVERY_MS = 2000;

class Handover {
  constructor(console_) {
    this.console = console_;
    this.key = null;
    this.draft = ""; // what was written and not sent, if the form was left
  }

  takeIn(waiting) {
    const key = JSON.stringify(waiting);
    if (key === this.key) return;
    this.key = key;
    const place = this.console.part("handover");
    place.hidden = !waiting;
    if (!waiting) return place.replaceChildren();
    const who = waiting.is_own ? "You handed over" : `${visible(waiting.by)} handed over`;
    const title = `${who} at ${clock(waiting.at_us)}.`;
    place.replaceChildren(
      el("strong", { text: title }),
      el("span", { class: "mo-first-words", text: visible(waiting.words) }),
      waiting.is_own ? el("span", { class: "mo-note", text: "The next operator confirms it." })
        : el("button", { type: "button", "data-act": "read", onclick: () => this.read(title, waiting) }, "Read and confirm"));
    return undefined;
  }

  read(title, waiting) {
    const dialog = this.console.part("dialog");
    const line = el("p", { class: "mo-note", role: "status" });
    dialog.replaceChildren(el("h2", { text: title }),
      el("p", { class: "mo-words", text: visible(waiting.words) || "Without words." }),
      el("h3", { text: "What was open then" }), this.list(waiting.state), line,
      el("div", { class: "mo-buttons" },
        el("button", { type: "button", "data-act": "confirm", onclick: () => this.confirm(waiting.handover, line) }, "I have read this and have the shift"),
        el("button", { type: "button", onclick: () => dialog.close() }, "Back", el("kbd", { text: "Esc" }))));
    dialog.showModal();
  }

  list(state) {
    const open = state.open_alerts.map((one) => `${one.feed} (${one.level})`);
    const lines = [
      open.length ? `${alertsOf(open.length)} open: ${someOf(open)}` : "No alert is open",
      state.unanswered ? `${alertsOf(state.unanswered)} ended without an answer${state.unanswered_teleoperation ? `, ${state.unanswered_teleoperation} of them TELEOPERATION` : ""}` : "No alert ended without an answer",
      state.by_eye.length ? `By eye: ${someOf(state.by_eye.map((one) => `${one.feed} (${this.console.why(one.manual)})`))}` : "No feed is watched by eye",
      ...(state.taken_over?.length ? [`Taken over: ${someOf(state.taken_over.map((one) => `${one.feed} (${one.by})`))}`] : []),
    ];
    return el("ul", {}, ...lines.map((text) => el("li", { text })));
  }

  async open() {
    const dialog = this.console.part("dialog");
    const token = newToken();
    const words = /** @type {HTMLTextAreaElement} */ (el("textarea", { rows: "4", maxlength: "2000", "aria-label": "Words for the next operator", placeholder: "What the next operator should know" }));
    const state = el("div", { text: "Looking at what is open …" });
    const line = el("p", { class: "mo-note", role: "status" });
    dialog.replaceChildren(el("h2", { text: "Hand over the shift" }), state, words, line,
      el("div", { class: "mo-buttons" },
        el("button", { type: "button", "data-act": "send-handover", onclick: () => this.send(token, words.value, line) }, "Hand over", el("kbd", { text: "Ctrl Enter" })),
        el("button", { type: "button", onclick: () => dialog.close() }, "Back", el("kbd", { text: "Esc" }))));
    words.value = this.draft;
    words.addEventListener("input", () => { this.draft = words.value; });
    words.addEventListener("keydown", (event) => {
      if (event.ctrlKey && event.key === "Enter" && !event.repeat) this.send(token, words.value, line);
    });
    if (!dialog.open) dialog.showModal();
    words.focus();
    while (dialog.open && state.isConnected) {
      await this.listOpen(state);
      await new Promise((done) => setTimeout(done, LISTED_EVERY_MS));
    }
  }

  // What is open, as it is now: it changes while somebody writes.
  async listOpen(state) {
    try {
      const list = this.list((await this.console.slow.ask("open")).state);
      if (list.textContent !== state.textContent) state.replaceChildren(list);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      state.textContent = `What is open cannot be listed now: ${visible(error.message)}`;
    }
  }

  // Whoever signs out while alerts are open is asked once whether somebody else has them.
  leaving(event) {
    const form = event.target;
    const open = this.console.isSilent() ? 0 : this.console.alerts.list.length;
    if (!form.matches("form[action=sign-out]") || !open || this.isLeaving) return;
    event.preventDefault();
    const dialog = this.console.part("dialog");
    const leave = () => { this.isLeaving = true; form.requestSubmit(); };
    dialog.replaceChildren(el("h2", { text: open === 1 ? "1 alert is open" : `${open} alerts are open` }),
      el("p", { text: "Hand the shift over, so that the next operator knows what you know." }),
      el("div", { class: "mo-buttons" },
        el("button", { type: "button", "data-act": "hand-over" }, "Hand over"),
        el("button", { type: "button", "data-act": "leave", onclick: leave }, "Sign out all the same"),
        el("button", { type: "button", onclick: () => dialog.close() }, "Back", el("kbd", { text: "Esc" }))));
    dialog.showModal();
  }

  async send(token, words, line) {
    if (await this.asked("hand-over", { token, words }, line, "The shift is handed over.")) this.draft = "";
  }

  async confirm(handover, line) {
    await this.asked("confirm", { token: newToken(), handover_id: handover }, line, "Confirmed: you have the shift.");
  }

  async asked(act, body, line, done) {
    try {
      await this.console.slow.ask(act, body);
      this.console.part("dialog").close();
      this.console.tell(done);
      this.console.askMatters();
      return true;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      line.textContent = `Not saved: ${visible(error.message)} Try again.`;
      return false;
    }
  }
}
