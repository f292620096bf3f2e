// What is proposed, and the buttons to choose with. A blind frame has no proposal here because none was sent.

class Panel {
  constructor(card) {
    this.card = card;
    this.drawLevels();
  }

  drawLevels() {
    this.card.part("levels").replaceChildren(...this.card.data.levels.map((level) => el(
      "button",
      {
        type: "button",
        class: "rc-level",
        "data-act": level.name.toLowerCase(),
        "data-level": level.name,
        "aria-pressed": "false",
      },
      el("span", { class: "rc-mark", "aria-hidden": "true", text: level.mark }),
      el("span", { text: capitalised(level.name) }),
      el("kbd"),
    )));
  }

  chip(levelName) {
    const level = this.card.data.levels.find((one) => one.name === levelName);
    return el("span", { class: "rc-chip", "data-level": levelName, text: `${level.mark} ${level.name}` });
  }

  show(item, change) {
    const body = this.card.part("body");
    body.replaceChildren(...this.paragraphs(item, change));
    body.scrollTop = 0;
    this.showConfirm(item);
    this.card.stack.show();
    this.showUnsure(item);
    this.pressed(change ? change.level : null);
    const tool = (act) => this.card.part("tools").querySelector(`[data-act=${act}]`);
    tool("edit").disabled = Boolean(item.tour) || !(item.proposal?.level || change);
    tool("undo").disabled = Boolean(item.tour);
    for (const act of ["skip", "flag"]) tool(act).disabled = Boolean(item.tour || change);
  }

  paragraphs(item, change) {
    const parts = [];
    if (change) parts.push(this.changing(change));
    if (item.generated) parts.push(this.generated(item, change));
    if (item.tour) return [...parts, ...this.card.tour.paragraphs()];
    if (item.mode === "decide-first" && !item.first_level) {
      parts.push(this.line("Choose your level first; the model's proposal follows."));
      if (item.waiting) parts.push(this.line("Waiting for the connection to show the proposal …"));
      return parts;
    }
    if (item.first_level) {
      parts.push(el("div", { class: "rc-own" }, el("span", { class: "rc-label", text: "Your own level" }), this.chip(item.first_level)));
    }
    if (item.proposal) return [...parts, ...this.proposal(item)];
    parts.push(this.line("No model proposal for this frame. Judge what you see."));
    return parts;
  }

  // A picture of what a generator made: whoever judges it has to know, and can throw the whole clip out.
  generated(item, change) {
    const reject = el("button", { type: "button", "data-act": "implausible" }, el("span", { text: "It cannot be real" }), el("kbd"));
    this.card.keys.mark(reject, "implausible");
    return el(
      "div",
      { class: "rc-clip", role: "note" },
      el("span", { text: "Generated picture: judge what you see." }),
      item.tour || change ? null : reject,
    );
  }

  line(text) {
    return el("p", { class: "rc-line", text });
  }

  // One's own answer comes first, in one's own words.
  changing(change) {
    const marks = [change.unconfirmed && "given in under a second, not confirmed yet", change.unsure && "marked as unsure"].filter(Boolean);
    return el(
      "div",
      { class: "rc-changing" },
      el("div", { class: "rc-own" }, el("span", { class: "rc-label", text: "You said" }), this.chip(change.level),
        el("button", { type: "button", class: "rc-link", text: "Leave it (Esc)", onclick: () => this.card.deciding.stopChanging() })),
      change.reasoning ? el("p", { class: "rc-text", "data-part": "own-reasoning", text: visible(change.reasoning) }) : null,
      change.action ? el("p", { class: "rc-text", "data-part": "own-action", text: visible(change.action) }) : null,
      marks.length ? el("p", { class: "rc-line", text: `This answer was ${marks.join(" and ")}.` }) : null,
    );
  }

  proposal(item) {
    const { proposal } = item;
    if (!proposal.level) {
      return [
        el("div", { class: "rc-label", text: "The model gave no answer" }),
        el("p", { class: "rc-text", text: visible(proposal.failure) }),
        ...this.thought(item),
      ];
    }
    return [
      el("div", { class: "rc-own" }, el("span", { class: "rc-label", text: "Proposed" }), this.chip(proposal.level)),
      el("div", { class: "rc-label", text: "Reasoning" }),
      el("p", { class: "rc-text", "data-part": "reasoning", text: visible(proposal.reasoning) }),
      el("div", { class: "rc-label", text: "Operator action" }),
      el("p", { class: "rc-text", "data-part": "action", text: visible(proposal.action) }),
      ...this.thought(item),
    ];
  }

  // Folded: it is long, and reading it does not make a judgement better.
  thought(item) {
    const { thought, thought_chars: total } = item.proposal;
    if (!thought) return [];
    const text = el("div", { class: "rc-thought", tabindex: "0", "aria-label": "Chain of thought" });
    const more = el("button", {
      type: "button",
      class: "rc-link",
      text: `Show all ${total.toLocaleString("en")} characters`,
      onclick: () => this.wholeThought(item, text, more),
    });
    const details = el(
      "details",
      { class: "rc-fold", ontoggle: () => { if (details.open && !text.textContent) text.textContent = visible(thought); } },
      el("summary", { text: `Chain of thought (${total.toLocaleString("en")} characters)` }),
      text,
      total > thought.length ? more : null,
    );
    return [details];
  }

  async wholeThought(item, text, more) {
    more.disabled = true;
    try {
      const told = await this.card.server.ask("thought", { frame: item.frame });
      text.textContent = visible(told.thought);
      more.remove();
    } catch (error) {
      more.disabled = false;
      more.textContent = `${error.message} Try again`;
    }
  }

  // The large button says what Enter does; beside the model's answer there is a second of the same size.
  showConfirm(item) {
    const { wording } = this.card;
    const words = this.confirmWords(item);
    this.showButton("accept", words);
    this.showButton("take", wording.isChoice ? `Take the model's: ${capitalised(item.proposal.level)}` : null);
    this.card.button("accept").setAttribute("aria-disabled", String(wording.isOpen && !wording.isComplete));
  }

  showButton(act, words) {
    const button = this.card.button(act);
    button.hidden = !words;
    button.replaceChildren(el("span", { text: words || "" }), el("kbd"));
    this.card.keys.mark(button, act);
  }

  confirmWords(item) {
    const { wording, changing, deciding } = this.card;
    if (item.tour) return deciding.mayAccept(item) ? "Next" : null;
    if (wording.isOpen) {
      const level = capitalised(wording.level);
      if (wording.warned) return `Save ${level} all the same`;
      if (!wording.isComplete) return `${level}: choose a reason`;
      return wording.isChoice && wording.level === item.first_level ? `Keep mine: ${level}` : `Save ${level}`;
    }
    if (changing) return `${changing.unconfirmed ? "Confirm" : "Keep"} ${capitalised(changing.level)}`;
    return deciding.mayAccept(item) ? `Accept ${capitalised(item.proposal.level)}` : null;
  }

  showUnsure(item) {
    const button = this.card.button("unsure");
    button.setAttribute("aria-pressed", String(Boolean(item.unsure)));
    button.disabled = Boolean(item.tour);
  }

  pressed(levelName) {
    for (const button of this.card.root.querySelectorAll(".rc-level")) {
      button.setAttribute("aria-pressed", String(button.dataset.level === levelName));
    }
  }
}
