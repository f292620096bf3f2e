// Wording a level: a reason's key composes the text and saves it. Words that somebody typed are never composed over.

class Wording {
  constructor(card) {
    this.card = card;
    this.close();
  }

  close() {
    this.isOpen = false;
    this.isChoice = false; // beside the model's answer, after an own level that differs from it
    this.isWriting = false;
    this.level = null;
    this.code = null;
    this.specifics = {};
    this.given = { reasoning: "", action: "" }; // what the boxes held before anybody typed
    this.warned = false;
    this.card.root.classList.remove("rc-wording");
  }

  /**
   * Begin, with what a draft, an earlier answer or the model's words bring along.
   * @param {{ code?: string, reasoning?: string, action?: string, specifics?: object, given?: any, isChoice?: boolean }} start
   */
  open(level, start = {}) {
    this.close();
    this.isOpen = true;
    this.isChoice = Boolean(start.isChoice);
    this.level = level;
    this.code = start.code || null;
    this.specifics = { ...start.specifics };
    this.card.root.classList.add("rc-wording");
    this.draw();
    if (start.reasoning !== undefined && start.reasoning !== null) this.begin(start);
    else this.compose();
    if (this.isTyped) this.write({ focus: false });
    this.keepDraft();
    this.show();
  }

  /** @param {{ reasoning?: string, action?: string, given?: any }} start */
  begin({ reasoning, action, given }) {
    this.reasoning.value = reasoning;
    this.action.value = action || "";
    this.given = given || this.untouched(reasoning, action || "");
  }

  // Words of an earlier answer are its person's own, unless a reason's key composed them; the model's are nobody's.
  untouched(reasoning, action) {
    const { changing } = this.card;
    if (!changing?.reasoning) return { reasoning, action };
    const template = this.reason()?.texts[changing.level];
    if (template && reasoning.startsWith(template.reasoning) && action === template.action) return { reasoning, action };
    return { reasoning: "", action: "" };
  }

  draw() {
    const { limits, reasons } = this.card.data;
    this.reasoning = el("textarea", { rows: 3, maxlength: limits.reasoning, id: "rc-reasoning", oninput: () => this.edited() });
    this.action = el("textarea", { rows: 2, maxlength: limits.action, id: "rc-action", oninput: () => this.edited() });
    this.warning = el("p", { class: "rc-warning", role: "alert", hidden: true });
    this.preview = el("div", { class: "rc-text", "data-part": "composed" });
    this.templateButton = el("button", { type: "button", class: "rc-link", text: "Use the reason's text instead", hidden: true, onclick: () => this.useTemplate() });
    this.boxes = el("div", { class: "rc-boxes", hidden: true },
      el("label", { class: "rc-label", for: "rc-reasoning", text: "Reasoning" }), this.reasoning,
      el("label", { class: "rc-label", for: "rc-action", text: "Operator action" }), this.action,
      this.templateButton);
    this.naming = el("div", { class: "rc-naming" },
      el("div", { class: "rc-label", text: "First, if you like: what, where, how far" }),
      ...["what", "where", "far"].map((kind) => this.specificsRow(kind)));
    this.writeButton = this.key(el("button", { type: "button", "data-act": "edit" }, el("span", { text: "Write it yourself" }), el("kbd")), "edit");
    const { changing } = this.card;
    this.card.part("body").replaceChildren(
      changing ? this.card.panel.changing(changing) : "",
      this.card.current?.proposal?.level ? this.sideBySide() : this.preview,
      this.warning,
      this.boxes,
      el("div", { class: "rc-label", id: "rc-why" }),
      el("div", { class: "rc-reasons", role: "group", "aria-labelledby": "rc-why" }, ...reasons.map((one) => this.reasonButton(one))),
      this.naming,
      el("div", { class: "rc-row" },
        this.writeButton,
        this.isChoice ? "" : el("button", { type: "button", text: "Back (Esc)", onclick: () => this.back() })),
    );
  }

  key(button, act) {
    this.card.keys.mark(button, act);
    return button;
  }

  // One's own answer beside the model's, whose level key still takes it: nobody saves words that are out of sight.
  sideBySide() {
    const { proposal } = this.card.current;
    return el("div", { class: "rc-two" },
      el("div", {}, el("div", { class: "rc-own" }, el("span", { class: "rc-label", text: "Yours" }), this.card.panel.chip(this.level)), this.preview),
      el("div", {}, el("div", { class: "rc-own" }, el("span", { class: "rc-label", text: "The model's" }), this.card.panel.chip(proposal.level)),
        el("p", { class: "rc-text", "data-part": "reasoning", text: visible(proposal.reasoning) }),
        el("p", { class: "rc-text", "data-part": "action", text: visible(proposal.action) })));
  }

  reasonButton(reason) {
    return el("button",
      {
        type: "button", "data-reason": reason.code, "aria-pressed": "false", onclick: () => this.choose(reason.code),
        "aria-keyshortcuts": this.card.keys.on ? reason.key.toUpperCase() : null,
      },
      el("span", { text: reason.title }),
      this.card.keys.on ? el("kbd", { text: keyLabel(reason.key) }) : null);
  }

  // What can be said of the frame by one key each: the frame's own boxes first, where it has some.
  offered(kind) {
    const { what, where, far } = this.card.data.specifics;
    if (kind !== "what") return kind === "where" ? where : far;
    const seen = (this.card.current?.seen || []).map((text) => ({ text }));
    return (seen.length ? seen : what).slice(0, 6).map((one, place) => ({ ...one, key: String(place + 4) }));
  }

  specificsRow(kind) {
    return el("div", { class: "rc-specifics", role: "group", "aria-label": { what: "What", where: "Where", far: "How far" }[kind] },
      ...this.offered(kind).map(({ text, key }) => el("button",
        {
          type: "button", "data-specific": `${kind}:${text}`, "aria-pressed": "false", onclick: () => this.specify(kind, text),
          "aria-keyshortcuts": this.card.keys.on ? key.toUpperCase() : null,
        },
        el("span", { text: visible(text) }), this.card.keys.on ? el("kbd", { text: keyLabel(key) }) : null)));
  }

  actFor(key) {
    if (!this.isOpen) return null;
    const reason = this.card.data.reasons.find((one) => one.key === key.toLowerCase());
    if (reason) return `reason:${reason.code}`;
    for (const kind of this.isWriting ? [] : ["what", "where", "far"]) {
      const one = this.offered(kind).find((offer) => offer.key === key.toLowerCase());
      if (one) return `${kind}:${one.text}`;
    }
    return null;
  }

  // Whether the act was one of wording, and is done.
  act(act) {
    const [kind, ...rest] = act.split(":");
    if (kind === "reason") this.choose(rest.join(":"));
    else if (rest.length) this.specify(kind, rest.join(":"));
    else return false;
    return true;
  }

  reason() {
    return this.card.data.reasons.find((one) => one.code === this.code);
  }

  // "Two pedestrians on the right, within 10 m." of what was chosen; empty where nothing was.
  sentence() {
    const { what, where, far } = this.specifics;
    const words = [[what, where].filter(Boolean).join(" "), far].filter(Boolean).join(", ");
    return words && `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  }

  // A reason's key saves only what it composed itself.
  whyWords() {
    if (this.isTyped) return `What decides it? ${keyLabel(this.card.keys.keyFor("accept"))} saves your words`;
    return this.isChoice ? "Keep yours for another reason: its key saves" : "What decides it? The reason's key saves";
  }

  template() {
    const text = this.reason()?.texts[this.level];
    return { reasoning: text ? [text.reasoning, this.sentence()].filter(Boolean).join(" ") : "", action: text?.action || "" };
  }

  isOwn(box) {
    return this[box].value !== this.given[box];
  }

  get isTyped() {
    return this.isOpen && (this.isOwn("reasoning") || this.isOwn("action"));
  }

  typedWords() {
    return this.isTyped ? `${this.reasoning.value} ${this.action.value}`.trim() : "";
  }

  // Put the template into every box in which nobody has typed.
  compose() {
    const template = this.template();
    for (const box of ["reasoning", "action"]) {
      if (this.isOwn(box)) continue;
      this[box].value = template[box];
      this.given[box] = template[box];
    }
  }

  useTemplate() {
    this.given = this.template();
    this.reasoning.value = this.given.reasoning;
    this.action.value = this.given.action;
    this.edited();
  }

  setLevel(level) {
    this.level = level;
    this.changed();
    this.card.say(`${level}. What decides it?`);
  }

  specify(kind, text) {
    this.specifics[kind] = this.specifics[kind] === text ? null : text;
    this.changed();
    this.card.say(this.sentence() || "Nothing specific.");
  }

  choose(code) {
    this.code = code;
    this.changed();
    if (!this.isTyped) return this.saveByReason();
    this.card.say(`${this.reason().title}. Your own words are kept; Enter saves.`);
  }

  saveByReason() {
    const { deciding, current } = this.card;
    this.save();
    if (this.card.current !== current) deciding.done("The frame before is saved already: its reason's key did it. This is the next one.");
  }

  changed() {
    this.warned = false;
    this.warning.hidden = true;
    this.compose();
    this.keepDraft();
    this.show();
  }

  edited() {
    this.warned = false;
    this.warning.hidden = true;
    this.keepDraft();
    this.show();
  }

  get isComplete() {
    return Boolean(this.reasoning.value.trim() && this.action.value.trim());
  }

  show() {
    const { panel, root } = this.card;
    panel.pressed(this.level);
    panel.showConfirm(this.card.current);
    this.card.stack.show();
    for (const button of root.querySelectorAll("[data-reason]")) button.setAttribute("aria-pressed", String(button.dataset.reason === this.code));
    for (const button of root.querySelectorAll("[data-specific]")) {
      const [kind, ...text] = button.dataset.specific.split(":");
      button.setAttribute("aria-pressed", String(this.specifics[kind] === text.join(":")));
    }
    const template = this.template();
    this.templateButton.hidden = !this.isTyped || !template.reasoning;
    root.querySelector("#rc-why").textContent = this.whyWords();
    this.preview.hidden = this.isWriting;
    this.naming.hidden = this.isWriting;
    const words = this.isComplete ? `${this.reasoning.value} ${this.action.value}` : this.sentence();
    this.preview.textContent = words || "";
    const chip = this.card.part("body").querySelector(".rc-two .rc-chip");
    if (chip) chip.replaceWith(panel.chip(this.level));
  }

  // Open the boxes; they hold what was composed, and what is typed there stays.
  write({ focus = true } = {}) {
    this.isWriting = true;
    this.boxes.hidden = false;
    this.show();
    if (focus) this.reasoning.focus();
  }

  keepDraft() {
    const item = this.card.current;
    if (!item || item.tour || this.card.changing) return;
    if (this.isChoice && !this.isTyped) return;
    this.card.outbox.kept.put("draft", item.frame, {
      level: this.level, code: this.code, specifics: this.specifics, given: this.given, isChoice: this.isChoice,
      reasoning: this.reasoning.value, action: this.action.value,
    });
  }

  back() {
    const { card } = this;
    if (this.isChoice) return; // there is nothing behind it: one of the two is the answer
    if (card.current && !card.changing) card.outbox.kept.drop("draft", card.current.frame);
    this.close();
    card.stack.forget();
    card.panel.show(card.current, card.changing);
    card.deciding.offerChoice(card.current);
    card.focus();
  }

  save() {
    if (!this.isComplete) return this.warn("Press the key of what decides it, or write a reasoning and an operator action.");
    const against = arguedLevel(this.card.data.contradiction, this.card.data.levels, this.level,
      `${this.reasoning.value} ${this.action.value}`);
    if (against && !this.warned) {
      this.warned = true;
      this.warn(`This text argues for ${against}, but the level is ${this.level}. Change one of them, or save all the same.`);
      return this.show();
    }
    this.card.deciding.decide(this.level, { reasoning: this.reasoning.value.trim(), action: this.action.value.trim(), code: this.code });
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
