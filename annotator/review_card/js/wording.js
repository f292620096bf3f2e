// Wording a level: one key for the reason composes the text, which is shown, editable, and saved with Enter.

class Wording {
  constructor(card) {
    this.card = card;
    this.close();
  }

  close() {
    this.isOpen = false;
    this.level = null;
    this.code = null;
    this.warned = false;
    this.card.root.classList.remove("rc-wording");
  }

  // start: { code, reasoning, action } to begin with, as from a draft or for editing what is proposed.
  /** @param {{ code?: string, reasoning?: string, action?: string }} start */
  open(level, start = {}) {
    /** @type {{ code?: string }} */
    const typed = this.isOpen && this.code ? { code: this.code } : {};
    this.isOpen = true;
    this.level = level;
    this.warned = false;
    this.code = null;
    this.card.root.classList.add("rc-wording");
    this.draw();
    this.card.panel.pressed(level);
    const { code, reasoning, action } = { ...typed, ...start };
    if (code) this.choose(code, { quietly: true });
    if (reasoning !== undefined) this.reasoning.value = reasoning;
    if (action !== undefined) this.action.value = action;
    this.keepDraft();
    this.showReady();
  }

  draw() {
    const { limits, reasons } = this.card.data;
    this.reasoning = el("textarea", { rows: 3, maxlength: limits.reasoning, id: "rc-reasoning", oninput: () => this.edited() });
    this.action = el("textarea", { rows: 2, maxlength: limits.action, id: "rc-action", oninput: () => this.edited() });
    this.warning = el("p", { class: "rc-warning", role: "alert", hidden: true });
    this.saveButton = el("button", { type: "button", class: "rc-accept", "data-act": "save", onclick: () => this.save() },
      el("span", { text: "Save" }), el("kbd", { text: this.card.keys.on ? keyLabel(this.card.keys.keyFor("accept")) : "Ctrl ⏎" }));
    this.card.part("body").replaceChildren(
      el("div", { class: "rc-label", id: "rc-why", text: "What decides it?" }),
      el("div", { class: "rc-reasons", role: "group", "aria-labelledby": "rc-why" }, ...reasons.map((one) => this.reasonButton(one))),
      el("label", { class: "rc-label", for: "rc-reasoning", text: "Reasoning" }),
      this.reasoning,
      el("label", { class: "rc-label", for: "rc-action", text: "Operator action" }),
      this.action,
      this.warning,
      el("div", { class: "rc-row" }, this.saveButton,
        el("button", { type: "button", text: "Back (Esc)", onclick: () => this.card.act("back") })),
    );
  }

  reasonButton(reason) {
    return el(
      "button",
      {
        type: "button",
        "data-reason": reason.code,
        "aria-pressed": "false",
        "aria-keyshortcuts": this.card.keys.on ? reason.key.toUpperCase() : null,
        onclick: () => this.choose(reason.code),
      },
      el("span", { text: reason.title }),
      this.card.keys.on ? el("kbd", { text: reason.key.toUpperCase() }) : null,
    );
  }

  actFor(key) {
    if (!this.isOpen) return null;
    const reason = this.card.data.reasons.find((one) => one.key === key.toLowerCase());
    return reason ? `reason:${reason.code}` : null;
  }

  choose(code, { quietly = false } = {}) {
    const reason = this.card.data.reasons.find((one) => one.code === code);
    if (!reason) return;
    this.code = code;
    const text = reason.texts[this.level];
    this.reasoning.value = text.reasoning;
    this.action.value = text.action;
    this.warned = false;
    this.warning.hidden = true;
    for (const button of this.card.part("body").querySelectorAll("[data-reason]")) {
      button.setAttribute("aria-pressed", String(button.dataset.reason === code));
    }
    this.keepDraft();
    this.showReady();
    if (!quietly) this.card.say(`${reason.title}. ${text.reasoning} ${text.action} Enter saves.`);
  }

  edited() {
    this.warned = false;
    this.warning.hidden = true;
    this.keepDraft();
    this.showReady();
  }

  get isComplete() {
    return Boolean(this.reasoning.value.trim() && this.action.value.trim());
  }

  showReady() {
    this.saveButton.setAttribute("aria-disabled", String(!this.isComplete));
    this.saveButton.firstElementChild.textContent = this.warned ? "Save all the same" : "Save";
  }

  keepDraft() {
    const item = this.card.current;
    if (!item || item.tour) return;
    this.card.outbox.kept.put("draft", item.frame, {
      level: this.level, code: this.code, reasoning: this.reasoning.value, action: this.action.value,
    });
  }

  save() {
    if (!this.isComplete) return this.warn("Choose what decides it, or write a reasoning and an operator action.");
    const against = arguedLevel(this.card.data.contradiction, this.card.data.levels, this.level,
      `${this.reasoning.value} ${this.action.value}`);
    if (against && !this.warned) {
      this.warned = true;
      this.warn(`This text argues for ${against}, but the level is ${this.level}. Change one of them, or save all the same.`);
      return this.showReady();
    }
    this.card.decide(this.level, { reasoning: this.reasoning.value, action: this.action.value, code: this.code });
  }

  warn(text) {
    this.warning.textContent = text;
    this.warning.hidden = false;
    this.warning.scrollIntoView({ block: "nearest" });
  }
}

// The same rule as on the server's side, over the same phrases.
function arguedLevel(rule, levels, level, text) {
  const denied = new RegExp(rule.negation, "i");
  const argues = (name) => rule.phrases[name].some((phrase) => [...text.matchAll(new RegExp(phrase, "gi"))]
    .some((found) => !denied.test(text.slice(0, found.index))));
  const names = levels.map((one) => one.name);
  const argued = [...names].reverse().filter(argues);
  const highest = argued[0];
  if (!highest) return null;
  return names.indexOf(highest) > names.indexOf(level) || !argued.includes(level) ? highest : null;
}
