// What opens over the card: reasons for a skip or a flag, the keys and settings, the guideline.

const NOTE_REASONS = {
  skip: ["The picture does not show enough", "I cannot decide between two levels", "I know this place or these people"],
  flag: ["The guideline does not cover this", "The picture or its cues are wrong", "Somebody should look at this frame"],
};
const ACT_TITLES = {
  autonomy: "Autonomy", supervision: "Supervision", teleoperation: "Teleoperation", accept: "Accept, keep or save, as the large button says",
  undo: "Take back the last decision", skip: "Skip with a reason", flag: "Flag for the lead", edit: "Edit the text",
  take: "Take the model's, after your own level", unsure: "Mark as unsure",
  play: "Play the seconds before, pause; with Shift at half speed", boxes: "Boxes of the data set", cameras: "Other cameras",
  before: "Frame before; pan left", after: "Frame after; pan right", up: "Pan up", down: "Pan down",
  zoom: "Zoom to where you looked last", zoom_in: "Zoom in", zoom_out: "Zoom out",
  implausible: "Reject a generated clip", stack: "The level for all frames that look the same", guideline: "Guideline and examples", help: "Keys and settings",
};

class Dialogs {
  constructor(card) {
    this.card = card;
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  get dialog() {
    return this.card.part("dialog");
  }

  get isOpen() {
    return this.dialog.open;
  }

  open(title, ...content) {
    this.byKey = {};
    this.dialog.replaceChildren(
      el("div", { class: "rc-dialog-head" },
        el("h2", { id: "rc-dialog-title", text: title }),
        el("button", { type: "button", text: "Close (Esc)", onclick: () => this.dialog.close() })),
      ...content,
    );
    this.dialog.setAttribute("aria-labelledby", "rc-dialog-title");
    if (!this.dialog.open) this.dialog.showModal();
  }

  closed() {
    this.dialog.replaceChildren();
    this.card.root.focus({ preventScroll: true });
  }

  onKey(event, target) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || this.card.keys.isTyping(target)) return;
    const choose = this.card.keys.on && this.byKey[event.key];
    if (!choose) return this.write(event.key);
    event.preventDefault();
    choose();
    return undefined;
  }

  // A reason in one's own words begins with its first letter, wherever the focus is.
  write(key) {
    if (key.length === 1 && key !== " ") this.dialog.querySelector("#rc-own-reason")?.focus();
  }

  note(kind) {
    const title = kind === "skip" ? "Skip this frame: why?" : "Flag for the lead: why?";
    const input = el("input", { type: "text", maxlength: 300, id: "rc-own-reason", placeholder: "Another reason, in your words", "aria-label": "Another reason, in your words" });
    const send = (reason) => {
      if (!reason.trim()) return input.focus();
      this.dialog.close();
      this.card.deciding.note(kind, reason);
    };
    const reasons = NOTE_REASONS[kind];
    this.open(
      title,
      el("p", { class: "rc-line", text: kind === "skip"
        ? "Somebody else gets it; you will not see it again for a few hours."
        : "The lead sees your name, the frame and the reason. You go on judging it." }),
      el("div", { class: "rc-choices" }, ...reasons.map((reason, place) => el(
        "button",
        { type: "button", "data-note": String(place + 1), onclick: () => send(reason) },
        el("span", { text: reason }),
        this.card.keys.on ? el("kbd", { text: String(place + 1) }) : null,
      ))),
      el("form", { class: "rc-row", onsubmit: (event) => { event.preventDefault(); send(input.value); } },
        input, el("button", { type: "submit", text: kind === "skip" ? "Skip" : "Flag" })),
    );
    reasons.forEach((reason, place) => { this.byKey[String(place + 1)] = () => send(reason); });
    this.dialog.querySelector("[data-note]").focus();
  }

  help() {
    const { settings } = this.card;
    const problem = el("p", { class: "rc-warning", role: "alert", hidden: true });
    const on = el("input", { type: "checkbox", id: "rc-keys-on" });
    on.checked = settings.keys_on;
    const target = el("input", { type: "number", min: 1, max: 10000, id: "rc-target", value: settings.daily_target });
    const inputs = Object.entries(settings.keys).map(([act, key]) => this.keyInput(act, key));
    const chosen = () => ({
      ...this.card.settings,
      keys_on: on.checked,
      keys: Object.fromEntries(inputs.map((input) => [input.dataset.key, input.dataset.value])),
      daily_target: Number(target.value),
    });
    const reset = () => inputs.forEach((input) => this.showKey(input, this.card.data.default_keys[input.dataset.key]));
    this.open(
      "Keys and settings",
      el("p", { class: "rc-line", text: "Shortcuts are off while you type. To change a key, go to its box and press the new one." }),
      el("label", { class: "rc-check", for: "rc-keys-on" }, on, el("span", { text: "Single-key shortcuts" })),
      el("div", { class: "rc-keys" }, ...inputs.map((input) => el("label", { for: input.id },
        el("span", { text: ACT_TITLES[input.dataset.key] }), input))),
      el("p", { class: "rc-line", text: "While correcting, a reason's letter saves with that reason; 4–9, G H J, N M and the comma key say what, where and how far first. Ctrl ⏎ saves from a text box, Esc goes back." }),
      el("label", { class: "rc-check", for: "rc-target" }, el("span", { text: "Frames a day" }), target),
      problem,
      el("div", { class: "rc-row" },
        el("button", { type: "button", class: "rc-accept", "data-act": "save-settings", text: "Save settings", onclick: () => this.saveSettings(chosen(), problem) }),
        el("button", { type: "button", text: "Default keys", onclick: reset }),
        el("button", { type: "button", text: "Take the tour", onclick: () => { this.dialog.close(); this.card.tour.start(); } })),
    );
    this.byKey[this.card.keys.keyFor("help")] = () => this.dialog.close();
  }

  keyInput(act, key) {
    const input = el("input", { type: "text", class: "rc-key", id: `rc-key-${act}`, "data-key": act, readonly: true });
    this.showKey(input, key);
    input.addEventListener("keydown", (event) => {
      if (["Tab", "Escape", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      event.preventDefault();
      this.showKey(input, event.key);
    });
    return input;
  }

  showKey(input, key) {
    input.dataset.value = key;
    input.value = keyLabel(key);
  }

  async saveSettings(chosen, problem) {
    try {
      const told = await this.card.server.ask("settings", { settings: chosen });
      this.dialog.close();
      this.card.useSettings(told.settings);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }

  // Settled frames, by level.
  examples(examples) {
    if (!examples.length) return [el("p", { class: "rc-line", text: "No example yet: frames that a lead settles appear here, apart from those of your tour." })];
    return [
      el("h3", { text: "Examples" }),
      el("div", { class: "rc-examples" }, ...examples.map((one) => el("figure", { class: "rc-example" },
        el("img", { src: one.thumb, alt: visible(one.caption), draggable: "false" }),
        el("figcaption", {}, this.card.panel.chip(one.level), el("span", { text: ` ${visible(one.why)}` }))))),
    ];
  }

  // What is new since this person last read the guideline: the lead's words, and what went and came.
  change({ change, number, version }) {
    if (!change) return [];
    const tags = { same: "span", removed: "del", added: "ins" };
    const problem = el("p", { class: "rc-warning", role: "alert", hidden: true });
    return [el("div", { class: "rc-changing", "data-part": "guideline-change" },
      el("h3", { text: `New in version ${number}` }),
      el("p", { class: "rc-text", text: visible(change.note) }),
      ...change.paragraphs.map((runs) => el("p", { class: "rc-text" },
        ...runs.flatMap(([kind, words]) => [el(tags[kind], { text: visible(words).replaceAll("**", "") }), " "]))),
      problem,
      el("div", { class: "rc-row" }, el("button", {
        type: "button", class: "rc-accept", "data-act": "guideline-read", text: "I have read it",
        onclick: () => this.readGuideline(number, version, problem),
      })))];
  }

  async readGuideline(number, version, problem) {
    try {
      await this.card.server.ask("guideline-read", { number });
      this.dialog.close();
      this.card.guidelineRead(version);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }

  async guideline() {
    const text = el("div", { class: "rc-guideline", text: "Loading …" });
    this.open("Guideline", text);
    this.byKey[this.card.keys.keyFor("guideline")] = () => this.dialog.close();
    try {
      const { guideline } = await this.card.server.ask("guideline");
      text.replaceChildren(...this.change(guideline), ...guidelineElements(guideline.text), ...this.examples(guideline.examples),
        el("p", { class: "rc-line", text: `Version ${guideline.number}; every review carries it.` }));
      if (guideline.change) text.querySelector("[data-act=guideline-read]").focus();
      else this.card.guidelineRead(guideline.version);
    } catch (error) {
      text.textContent = error.message;
    }
  }
}
