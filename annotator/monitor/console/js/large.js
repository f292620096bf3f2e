// One feed, large, in its own size and at its own rate: to look for oneself, and to take it over although nothing has
// called.

const OLD_MS = 2000;
const LARGE_AGAIN_MS = 400;

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
    this.name = name;
    this.address = null;
    this.takenAt = -Infinity; // when the picture on screen was taken, on this page's clock
    const image = el("img", { alt: "The picture now", src: this.console.wall.pictures.get(name)?.picture });
    this.image = /** @type {HTMLImageElement} */ (image);
    this.age = el("span", { class: "mo-picture-age", "data-part": "picture-age" });
    this.line = el("p", { class: "mo-note", role: "status" });
    this.token = newToken();
    dialog.replaceChildren(el("h2", { text: visible(name) }), el("div", { class: "mo-large-picture" }, this.image, this.age), this.line,
      el("div", { class: "mo-buttons" },
        el("button", { type: "button", "data-response": "taken_over", "aria-keyshortcuts": "T", onclick: () => this.takeOver() }, "I have taken it over", el("kbd", { text: "T" })),
        el("button", { type: "button", onclick: () => dialog.close() }, "Close", el("kbd", { text: "Esc" }))));
    this.tick();
    dialog.showModal();
    this.follow(this.token);
  }

  // One picture after the other for as long as this view is open; each is sent when there is a newer one.
  async follow(token) {
    let number = 0;
    while (this.isOpen && this.token === token && !this.console.stopped) {
      try {
        number = await this.next(number, token);
      } catch {
        await new Promise((go) => setTimeout(go, LARGE_AGAIN_MS)); // its age says what that means
      }
    }
    if (this.token === token) this.forget();
  }

  async next(number, token) {
    const address = new URL(`monitor/large.jpg?feed=${encodeURIComponent(this.name)}&after=${number}`, this.console.server.root);
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(3000) });
    if (answer.status === 204) return number;
    if (!answer.ok) throw new Error(String(answer.status));
    const picture = await answer.blob();
    if (this.token !== token) return number;
    this.takenAt = performance.now() - Number(answer.headers.get("x-picture-age-ms"));
    const old = this.address;
    this.address = URL.createObjectURL(picture);
    this.image.src = this.address;
    await this.image.decode().catch(() => undefined);
    if (old) URL.revokeObjectURL(old);
    this.tick();
    return Number(answer.headers.get("x-picture-number"));
  }

  forget() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = null;
  }

  tick() {
    if (!this.age) return;
    const old_ms = performance.now() - this.takenAt;
    const isOld = !(old_ms <= OLD_MS);
    const words = Number.isFinite(old_ms) ? `${(Math.max(0, old_ms) / 1000).toFixed(1)} s old` : "Waiting for a picture";
    if (this.age.textContent !== words) this.age.textContent = words;
    this.age.toggleAttribute("data-old", isOld);
    this.image.toggleAttribute("data-old", isOld);
    this.say();
  }

  say() {
    const feed = this.console.told?.feeds.find((one) => one.name === this.name);
    if (!feed || this.asking) return;
    const level = feed.level || "UNKNOWN";
    const words = this.console.isSilent() ? "Watch it yourself: no word from the monitor."
      : feed.manual ? `Watch it yourself: ${this.console.why(feed.manual)}.` : `The model says ${MARKS[level]} ${level}.`;
    if (this.refused) return;
    if (this.line.textContent !== words) this.line.textContent = words;
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
      this.refused = true;
      setTimeout(() => { this.refused = false; }, TOLD_MS);
    } finally {
      this.asking = false;
    }
  }
}
