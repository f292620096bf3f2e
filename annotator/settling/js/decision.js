// The lead's decision on one frame: a level, its words, why. Half-written decisions stay with their frames.

class Decision {
  constructor(card) {
    this.card = card;
    this.drafts = new Map(); // frame -> { level, reasoning, action, reason, gold }
    this.listen();
  }

  box(name) {
    return this.card.root.querySelector(`[data-box=${name}]`);
  }

  listen() {
    for (const name of ["reasoning", "action"]) this.box(name).maxLength = this.card.data.limits[name];
    this.box("reason").maxLength = this.card.data.limits.reasoning;
    this.card.part("decision").addEventListener("input", () => {
      this.say(""); // what was missing may be there now
      this.keep();
    });
    this.card.part("levels").replaceChildren(...this.card.data.levels.map((level) => el("button", {
      type: "button", class: "rc-level", "data-act": level.name.toLowerCase(), "data-level": level.name, "aria-pressed": "false",
    }, el("span", { class: "rc-mark", "aria-hidden": "true", text: level.mark }), el("span", { text: capitalised(level.name) }), el("kbd"))));
  }

  keep() {
    const { current } = this.card;
    if (current) this.drafts.set(current.frame, this.draft());
  }

  draft() {
    const [reasoning, action, reason] = ["reasoning", "action", "reason"].map((name) => this.box(name).value);
    return { level: this.level, reasoning, action, reason, gold: this.box("gold").checked };
  }

  show(item) {
    const draft = this.drafts.get(item.frame) || { level: null, reasoning: "", action: "", reason: "", gold: false };
    this.level = draft.level;
    for (const name of ["reasoning", "action", "reason"]) this.box(name).value = draft[name];
    this.box("gold").checked = draft.gold;
    this.say("");
    this.draw();
  }

  draw() {
    for (const button of this.card.root.querySelectorAll(".rc-level")) {
      button.setAttribute("aria-pressed", String(button.dataset.level === this.level));
    }
    this.card.part("words").hidden = !this.level;
    this.card.part("settle-words").textContent = this.level ? `Settle as ${capitalised(this.level)}` : "Settle this frame";
  }

  // A level brings the words that somebody wrote for it; own words are never replaced.
  choose(level) {
    const { words } = this.card.current;
    const held = this.level && words[this.level];
    const isOwn = (name) => this.box(name).value.trim() && this.box(name).value !== (held?.[name] ?? "");
    if (!isOwn("reasoning") && !isOwn("action")) {
      for (const name of ["reasoning", "action"]) this.box(name).value = words[level]?.[name] ?? "";
    }
    this.level = level;
    this.draw();
    this.keep();
    const isWorded = this.box("reasoning").value.trim() && this.box("action").value.trim();
    this.say(isWorded ? "" : "Nobody wrote a reasoning for this level; please write one.");
    this.focus(isWorded ? "reason" : "reasoning");
  }

  focus(name) {
    const box = this.box(name);
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }

  // What is missing, with the box that lacks it; null where the decision is whole.
  missing() {
    if (!this.level) return ["Choose a level first: 1, 2 or 3.", null];
    const names = { reasoning: "The reasoning", action: "The operator action", reason: "The answer to “Why?”" };
    for (const [name, words] of Object.entries(names)) {
      if (!this.box(name).value.trim()) return [`${words} is missing.`, name];
    }
    return null;
  }

  async save() {
    const { card } = this;
    const item = card.current;
    if (!item || this.isSaving) return;
    const missing = this.missing();
    if (missing) {
      this.say(missing[0]);
      if (missing[1]) this.focus(missing[1]);
      return;
    }
    const { gold, ...words } = this.draft();
    const settlement = { frame_id: item.frame, ...words, as_gold: gold };
    this.isSaving = true;
    card.button("settle").disabled = true;
    try {
      const { last } = await card.server.ask("save", { settlement });
      this.drafts.delete(item.frame);
      card.settled(item, last && { ...last, isGold: gold }, words);
    } catch (error) {
      this.say(`Not saved. ${error.message}`);
    } finally {
      this.isSaving = false;
      card.button("settle").disabled = false;
    }
  }

  say(text) {
    this.card.part("problem").textContent = visible(text);
  }
}
