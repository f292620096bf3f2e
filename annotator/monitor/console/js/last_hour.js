// What happened in the last hour, with the pictures that alerts were raised by.

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
    const clip = el("video", { class: "mo-whole", controls: "", playsinline: "", preload: "metadata", "aria-label": "The seconds around this alert",
      src: this.console.alertClip(alert, "past") });
    clip.addEventListener("error", () => clip.remove()); // none was kept: the still is here
    dialog.replaceChildren(el("h2", { text: words }),
      el("img", { class: "mo-whole", alt: "The picture that raised this alert", src: this.console.alertPicture(alert) }), clip,
      el("button", { type: "button", text: "Close", onclick: () => dialog.close() }));
    dialog.showModal();
  }
}
