// The seconds around the frame as a loop, from the strip's pictures; it stops by itself where the frame changes.

const STEP_MS = 500; // keyframes are half a second apart

class Player {
  constructor(card) {
    this.card = card;
    this.timer = null;
  }

  get isPlaying() {
    return this.timer !== null;
  }

  async toggle() {
    if (this.isPlaying) return this.stop();
    const { strip } = this.card;
    if (!strip.around) await strip.load();
    if (!strip.around || strip.around.length < 2) return;
    this.loaded = strip.around.map((one) => Object.assign(new Image(), { src: one.picture })); // held, so that none flickers
    this.timer = setInterval(() => this.step(), STEP_MS);
    this.show();
    this.step();
  }

  step() {
    const offsets = this.card.strip.around?.map((one) => one.offset);
    if (!offsets) return this.stop();
    this.card.strip.lookAt(offsets[(offsets.indexOf(this.card.strip.at) + 1) % offsets.length]);
  }

  // Still, and back at the frame that is judged.
  stop() {
    if (!this.isPlaying) return;
    clearInterval(this.timer);
    this.timer = null;
    this.show();
    this.card.strip.comeBack();
  }

  show() {
    this.card.button("play").setAttribute("aria-pressed", String(this.isPlaying));
  }
}
