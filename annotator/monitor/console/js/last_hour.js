// What happened in the last hour, with the pictures that alerts were raised by.

const AGAIN_S = 2;

class LastHour {
  constructor(console_) {
    this.console = console_;
    this.key = null;
    this.rows = new Map(); // what a row says -> its node
  }

  takeIn(events) {
    const withPicture = this.firstOf(events);
    const keys = events.map((event) => `${event.at_us}${event.text}${withPicture.has(event)}${event.alert}`);
    if (keys.join("§") === this.key) return;
    this.key = keys.join("§");
    const rows = events.map((event, at) => this.rows.get(keys[at]) || this.row(event, withPicture.has(event)));
    this.rows = new Map(rows.map((row, at) => [keys[at], row]));
    arrange(this.console.part("hour"), rows.length ? rows : [el("li", { class: "mo-nothing", text: "Nothing has happened." })]);
  }

  // The oldest event of each alert is the one that its picture belongs to.
  firstOf(events) {
    return new Set(new Map(events.filter((event) => event.alert).map((event) => [event.alert, event])).values());
  }

  row(event, isFirst) {
    const words = [el("time", { text: clock(event.at_us) }), el("span", { text: visible(event.text) })];
    if (!event.alert) return el("li", {}, ...words);
    const picture = isFirst ? el("img", { alt: "", loading: "lazy", src: this.console.alertPicture(event.alert, "small") }) : null;
    return el("li", {}, el("button", { type: "button", class: "mo-past", "data-past": event.alert,
      onclick: () => this.open(event.alert, `${clock(event.at_us)} ${visible(event.text)}`) }, ...words, picture));
  }

  open(alert, words) {
    const dialog = this.console.part("dialog");
    const clip = /** @type {HTMLVideoElement} */ (el("video", { class: "mo-whole", controls: "", playsinline: "", preload: "metadata",
      "aria-label": "The seconds around this alert" }));
    const line = el("p", { class: "mo-note", role: "status" });
    dialog.replaceChildren(el("h2", { text: words }),
      el("img", { class: "mo-whole", alt: "The picture that raised this alert", src: this.console.alertPicture(alert) }), clip, line,
      el("button", { type: "button", text: "Close", onclick: () => dialog.close() }));
    dialog.showModal();
    this.follow(alert, clip, line);
  }

  // Without a clip the still is here, with the reason; a clip that is being made is asked for until it is whole.
  async follow(alert, clip, line) {
    const address = this.console.alertClip(alert, `past-${Math.round(performance.now())}`);
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", headers: { range: "bytes=0-0" } }).catch(() => null);
    if (!clip.isConnected || !this.console.part("dialog").open) return;
    const again_s = answer ? Number(answer.headers.get("retry-after")) : AGAIN_S;
    clip.hidden = answer ? !answer.ok : !clip.dataset.lacks;
    line.textContent = !answer ? "The clip cannot be loaded: the server does not answer."
      : !answer.ok ? visible(await answer.text()) : again_s ? "The seconds after the alert are still being made." : "";
    if (answer?.ok && clip.dataset.lacks !== String(again_s)) this.show(clip, address, again_s);
    if (again_s) setTimeout(() => this.follow(alert, clip, line), again_s * 1000);
  }

  // Whoever plays the first part of a clip goes on in the whole one where they are.
  show(clip, address, again_s) {
    const at_s = clip.currentTime;
    const isPlaying = Boolean(clip.dataset.lacks) && !clip.paused;
    clip.dataset.lacks = String(again_s);
    clip.src = address;
    clip.currentTime = at_s;
    if (isPlaying) clip.play().catch(() => {}); // paused again in the same moment
  }
}
