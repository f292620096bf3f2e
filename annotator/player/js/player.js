// The seconds before a frame, played over it once somebody asks; it ends on the frame. Nothing here plays by itself.

const AT_ONCE = 2; // more would stand in the way of the next frames' pictures
const AHEAD_AFTER_MS = 700;
const HABIT = 10; // frames for which pictures are fetched ahead after somebody has played one

// The pictures of a moment at the size in which they are played, fetched in their order until they are forgotten.
class MomentPictures {
  constructor(pictures) {
    this.pictures = pictures;
    this.kept = pictures.map(() => null); // null while it comes, then { bitmap } or { problem }
    this.stop = new AbortController();
    this.next = 0;
    for (let worker = 0; worker < AT_ONCE; worker += 1) this.load();
  }

  async load() {
    while (this.next < this.pictures.length && !this.stop.signal.aborted) {
      const place = this.next;
      this.next += 1;
      const found = await this.one(this.pictures[place].small);
      if (this.stop.signal.aborted) found.bitmap?.close();
      else this.kept[place] = found;
    }
  }

  /** @returns {Promise<{ bitmap?: ImageBitmap, problem?: string, isStale?: boolean }>} */
  async one(address) {
    try {
      const answer = await fetch(address, { signal: this.stop.signal, priority: "low", credentials: "same-origin" });
      if (!answer.ok) return { problem: await answer.text(), isStale: answer.status === 403 };
      return { bitmap: await createImageBitmap(await answer.blob()) };
    } catch {
      return { problem: "No connection to the server.", isStale: true };
    }
  }

  isThere(place) {
    return this.kept[place] !== null;
  }

  // The picture of a place, or the one before it where that one cannot be shown.
  bitmap(place) {
    for (let one = place; one >= 0; one -= 1) if (this.kept[one]?.bitmap) return this.kept[one].bitmap;
    return null;
  }

  get problems() {
    return this.kept.filter((one) => one?.problem);
  }

  forget() {
    this.stop.abort();
    for (const one of this.kept) one?.bitmap?.close();
  }
}

class Player {
  /**
   * @param {{ ask: (frame: string) => Promise<any>, away: () => HTMLElement, tell: (text: string) => void,
   *   say: (text: string) => void, changed: (isPlaying: boolean) => void }} place where it plays
   */
  constructor(place) {
    this.place = place;
    this.habit = 0;
    this.isPlaying = false;
    this.forget();
  }

  forget() {
    clearTimeout(this.timer);
    this.pictures?.forget();
    this.frame = null;
    this.told = null;
    this.timeline = null;
    this.pictures = null;
    this.played_s = 0;
  }

  // How long the moment of this frame was watched, for the record; null where it was not.
  get secondsPlayed() {
    return Math.round(this.played_s * 10) / 10 || null;
  }

  get isOpen() {
    return Boolean(this.screen?.isConnected);
  }

  // Another frame is on screen. Who plays moments gets the next ones fetched ahead, once they stay with a frame.
  follow(frame) {
    if (frame === this.frame) return;
    this.close();
    this.forget();
    this.frame = frame;
    this.habit = Math.max(0, this.habit - 1);
    if (frame && this.habit) this.timer = setTimeout(() => this.fetchAhead(), AHEAD_AFTER_MS);
  }

  fetchAhead() {
    this.load().catch(() => null); // asked for again, and told, when somebody plays
  }

  // What there is of the moment, asked once; again where pictures were missing that may be there by now.
  async load() {
    const { frame } = this;
    if (this.told && (this.told.sweeps || !this.told.note) && !this.pictures?.problems.some((one) => one.isStale)) return;
    const { moment } = await this.place.ask(frame);
    if (this.frame !== frame) return;
    this.pictures?.forget();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches; // stills, half a second apart
    this.told = { ...moment, pictures: isCalm ? moment.pictures.filter((one) => one.key) : moment.pictures };
    this.timeline = new Timeline(this.told.pictures.map((one) => one.at));
    this.pictures = new MomentPictures(this.told.pictures);
  }

  async toggle({ half = false } = {}) {
    if (this.isPlaying && half) return this.setRate(this.timeline.rate === 1 ? 0.5 : 1);
    if (this.isPlaying) return this.pause();
    if (!this.frame || this.isAsking) return;
    const { frame } = this;
    this.isAsking = true;
    try {
      if (!this.isOpen) await this.load();
    } catch (error) {
      return this.place.tell(error.message);
    } finally {
      this.isAsking = false;
    }
    if (this.frame !== frame) return;
    if (this.told.pictures.length < 2) return this.place.tell(`There is nothing to play before this frame. ${this.told.note}`.trim());
    this.timeline.rate = half ? 0.5 : 1;
    this.play();
  }

  setRate(rate) {
    this.timeline.rate = rate;
    this.drawWords();
  }

  play() {
    this.habit = HABIT;
    if (!this.isOpen || this.timeline.isOver) this.timeline.rewind();
    this.canvas = el("canvas", { class: "rc-picture pl-picture", role: "img", "aria-label": "The seconds before the frame" });
    this.words = el("span");
    this.screen = el("div", { class: "rc-pictures pl-screen" }, this.canvas);
    this.place.away().replaceChildren(this.screen, this.words);
    this.place.away().hidden = false;
    this.isPlaying = true;
    this.drawn = null;
    this.before_ms = performance.now();
    this.place.changed(true);
    this.place.say(`Playing the seconds before the frame: ${this.told.words}.`);
    requestAnimationFrame(() => this.tick());
  }

  tick() {
    if (!this.isPlaying) return;
    if (!this.isOpen) return this.ended(); // something else was shown in its place
    const now_ms = performance.now();
    this.played_s += this.timeline.advance((now_ms - this.before_ms) / 1000, (place) => this.pictures.isThere(place));
    this.before_ms = now_ms;
    if (this.timeline.isOver) return this.close();
    this.draw();
    requestAnimationFrame(() => this.tick());
  }

  draw() {
    const bitmap = this.pictures.bitmap(this.timeline.place);
    if (!bitmap || bitmap === this.drawn) return;
    this.drawn = bitmap;
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
    this.drawWords();
  }

  drawWords() {
    const at = this.told.pictures[this.timeline.place].at;
    const rate = this.timeline.rate === 1 ? "" : " · half speed";
    const problems = this.pictures.problems.map((one) => one.problem);
    const lost = problems.length ? ` · ${problems.length} of ${this.told.pictures.length} pictures cannot be shown: ${visible(problems[0])}` : "";
    const note = this.told.note ? ` · ${visible(this.told.note)}` : "";
    this.words.textContent = `−${Math.abs(at).toFixed(1)} s${rate} · ${this.told.words}${this.isPlaying ? "" : " · paused"}${note}${lost} · Esc goes back`;
  }

  // Still, on the picture of that moment, which becomes sharp.
  pause() {
    this.ended();
    this.draw();
    this.drawWords();
    const picture = this.told.pictures[this.timeline.place];
    const words = `${Math.abs(picture.at).toFixed(1)} s before the frame`;
    this.place.say(`Paused ${words}.`);
    const { screen } = this;
    const sharp = el("img", { class: "rc-picture pl-picture", src: picture.large, alt: words, draggable: "false", "data-full-src": picture.full });
    const isStill = () => screen.isConnected && !this.isPlaying && this.told?.pictures[this.timeline.place] === picture;
    sharp.decode().then(() => isStill() && screen.replaceChildren(sharp), () => null);
  }

  // One picture on or back while a moment is open, to the frame itself at its end; false where none is open.
  step(by) {
    if (!this.isOpen) return false;
    const place = Math.max(0, this.timeline.place + by);
    if (place >= this.told.pictures.length - 1) return this.close();
    this.timeline.at = this.timeline.times[place];
    this.screen.replaceChildren(this.canvas);
    this.pause();
    return true;
  }

  ended() {
    this.isPlaying = false;
    this.place.changed(false);
  }

  // Back on the frame; false where nothing was played.
  close() {
    const wasOpen = this.isOpen;
    if (this.isPlaying) this.ended();
    if (!wasOpen) return false;
    this.place.away().hidden = true;
    this.place.away().replaceChildren();
    this.place.say("Back on the frame.");
    return true;
  }
}

// The player of a card, which has a server, parts and buttons by name, and says what changes to who listens to it.
function playerOn(card, tell) {
  return new Player({
    ask: (frame) => card.server.ask("moment", { frame }),
    away: () => card.part("away"),
    tell,
    say: (text) => card.say(text),
    changed: (isPlaying) => card.button("play").setAttribute("aria-pressed", String(isPlaying)),
  });
}
