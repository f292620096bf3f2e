// One feed, large: to look for oneself, and to take it over although nothing has called.

class Large {
  constructor(console_) {
    this.console = console_;
    this.name = null;
  }

  get isOpen() {
    return this.console.part("large").open;
  }

  open(name) {
    const dialog = this.console.part("large");
    const known = this.console.wall.pictures.get(name);
    this.name = name;
    this.image = el("img", { alt: "The picture now", src: known?.picture });
    this.line = el("p", { class: "mo-note", role: "status" });
    this.token = newToken();
    dialog.replaceChildren(el("h2", { text: visible(name) }), this.image, this.line,
      el("div", { class: "mo-buttons" },
        el("button", { type: "button", "data-response": "taken_over", "aria-keyshortcuts": "T", onclick: () => this.takeOver() }, "I have taken it over", el("kbd", { text: "T" })),
        el("button", { type: "button", onclick: () => dialog.close() }, "Close", el("kbd", { text: "Esc" }))));
    this.say();
    dialog.showModal();
  }

  say() {
    const feed = this.console.told?.feeds.find((one) => one.name === this.name);
    if (!feed) return;
    const level = feed.level || "UNKNOWN";
    this.line.textContent = feed.manual ? `Watch it yourself: ${this.console.why(feed.manual)}.` : `The model says ${MARKS[level]} ${level}.`;
  }

  now(name, picture) {
    if (name !== this.name || !this.isOpen) return;
    this.image.src = picture;
    this.say();
  }

  key(event) {
    if (event.key.toLowerCase() !== "t") return; // Escape closes a dialog by itself
    event.preventDefault();
    this.takeOver();
  }

  async takeOver() {
    if (this.asking) return;
    this.asking = true;
    try {
      await this.console.slow.ask("call", { feed: this.name, token: this.token });
      this.console.tell(`Taken over: ${visible(this.name)}.`);
      this.console.part("large").close();
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.line.textContent = visible(error.message);
    } finally {
      this.asking = false;
    }
  }
}
