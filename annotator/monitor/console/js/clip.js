// The seconds around an alert on its card: played when asked for, never by itself, and always with the time it shows.

const LEAD_S = 3; // where playing begins, before the alert
const SCRUB_S = 0.5;

class Clip {
  constructor(console_, alert) {
    this.console = console_;
    this.alert = alert;
    this.told = null;
    this.video = null; // made when it is first asked for: an alert's card appears in the least time
    this.time = el("span", { class: "mo-clip-time", hidden: true });
    this.button = el("button", { type: "button", class: "mo-play", hidden: true, "aria-keyshortcuts": "Space",
      onclick: (event) => this.toggle(event.shiftKey) });
    this.coming = el("span", { class: "mo-coming", hidden: true, text: "Clip is being made" });
    this.nodes = [this.time, this.coming, this.button];
  }

  make() {
    const video = /** @type {HTMLVideoElement} */ (el("video", { class: "mo-clip", playsinline: "", preload: "none", hidden: true,
      "aria-label": "The seconds around this alert" }));
    video.muted = true;
    for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, () => this.sayTime());
    for (const name of ["play", "pause"]) video.addEventListener(name, () => this.draw());
    video.addEventListener("ended", () => this.hide());
    video.addEventListener("error", () => this.failed());
    this.time.before(video);
    return video;
  }

  takeIn(told) {
    this.told = told;
    this.draw();
  }

  // What is wrong with it, for the card; "" if nothing is.
  note() {
    const why = visible(this.told?.why || "");
    if (this.told?.state === "none") return `No clip. ${why}`;
    return why && this.told?.state !== "writing" ? `Clip: ${why}` : why;
  }

  isReady() {
    return this.told?.state === "early" || this.told?.state === "whole";
  }

  isShown() {
    return Boolean(this.video && !this.video.hidden);
  }

  // A clip that begins with the alert has nothing before it.
  playWords() {
    const before_s = Math.round(Math.min(LEAD_S, this.told?.before_s || 0));
    return before_s ? `▶ ${before_s} s before` : "▶ Clip";
  }

  draw() {
    this.button.hidden = !this.isReady();
    this.coming.hidden = this.told?.state !== "writing" || Boolean(this.told.why);
    const words = this.isShown() && !this.video.paused ? "❚❚ Pause" : this.playWords();
    if (this.words === words) return;
    this.words = words;
    this.button.replaceChildren(words, el("kbd", { text: "Space" }));
    this.button.title = words.startsWith("▶") ? "Play the seconds before this alert" : "";
  }

  // Play and pause; what has ended begins again. isSlow: at half speed.
  toggle(isSlow = false) {
    if (this.told?.state === "writing") this.console.tell("The clip of this alert is still being made.");
    if (!this.isReady()) return this.told?.state === "writing";
    if (this.isShown() && !this.video.paused) this.video.pause();
    else this.play(isSlow);
    return true;
  }

  play(isSlow) {
    this.open();
    this.video.playbackRate = isSlow ? 0.5 : 1;
    this.video.play().catch(() => {}); // an error has its own event; a pause in the same moment is none
    this.draw();
  }

  // Show the clip where playing begins. What has become whole since is loaded anew.
  open() {
    this.video ??= this.make();
    const address = this.console.alertClip(this.alert, this.told.state);
    if (this.isShown() && this.loaded === address) return;
    if (this.loaded !== address) {
      this.loaded = address;
      this.video.src = address;
    }
    this.video.currentTime = Math.max(0, this.told.before_s - LEAD_S);
    this.video.hidden = this.time.hidden = false;
    this.sayTime();
  }

  scrub(by) {
    if (!this.isReady()) return false;
    this.open();
    this.video.pause();
    this.video.currentTime = Math.max(0, this.video.currentTime + by * SCRUB_S);
    return true;
  }

  hide() {
    if (!this.isShown()) return false;
    this.video.pause();
    this.video.hidden = this.time.hidden = true;
    this.draw();
    return true;
  }

  failed() {
    if (!this.loaded) return; // an address that was taken away is no fault
    this.loaded = null;
    this.hide();
    this.console.tell("The clip of this alert cannot be played now.");
  }

  sayTime() {
    const at = this.video.currentTime - (this.told?.before_s || 0);
    this.time.textContent = Math.abs(at) < 0.05 ? "the alert" : `${Math.abs(at).toFixed(1)} s ${at < 0 ? "before" : "after"} the alert`;
  }
}
