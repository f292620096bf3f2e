// One tone for TELEOPERATION, again every few seconds while nobody is with it. No file is loaded for it.

const SOUND_EVERY_MS = 5000;
const WAKING_MS = 500; // from pressing a button to its click

class Sound {
  constructor(root, kept) {
    this.root = root;
    this.kept = kept;
    this.muted = kept.get("sound", "muted") === true;
    this.context = null;
    this.lastAt = -Infinity;
    this.wokenAt = -Infinity;
    this.sounded = 0;
    this.show();
  }

  // Browsers let nothing sound before somebody has pressed something on the page.
  wake() {
    if (!this.context && window.AudioContext) {
      this.context = new AudioContext();
      this.wokenAt = performance.now();
    }
    if (this.context?.state === "suspended") this.context.resume().then(() => this.show());
    this.show();
  }

  // The press that lets the page sound at all does not put the sound off.
  toggle() {
    if (!this.muted && performance.now() - this.wokenAt < WAKING_MS) return;
    this.muted = !this.muted;
    this.kept.put("sound", "muted", this.muted);
    this.show();
  }

  show() {
    const state = this.muted ? "muted" : this.context?.state === "running" ? "on" : "blocked";
    this.root.dataset.sound = state;
    this.root.querySelector("[data-part=sound]").textContent = { muted: "Sound is off", on: "Sound is on", blocked: IS_TOUCHED ? "Tap for sound" : "Press any key to turn sound on" }[state];
  }

  // calling: whether a TELEOPERATION is waiting for somebody; isNew: whether it has just come.
  call(calling, isNew) {
    const now = performance.now();
    if (!calling || this.muted || (!isNew && now - this.lastAt < SOUND_EVERY_MS)) return;
    this.lastAt = now;
    this.sounded += 1;
    this.root.dataset.sounded = this.sounded;
    if (this.context?.state === "running") this.tones();
  }

  // What a TELEOPERATION sounds like, whether or not the sound is off: to hear that it is heard.
  test() {
    this.wake();
    this.root.dataset.tested = String(Number(this.root.dataset.tested || 0) + 1);
    if (this.context) this.context.resume().then(() => this.tones());
    return this.muted ? "This is how a TELEOPERATION sounds. Sound is off now: press M to turn it on." : "This is how a TELEOPERATION sounds.";
  }

  tones() {
    for (const [at, pitch] of [[0, 880], [0.16, 660]]) this.tone(this.context.currentTime + at, pitch);
    this.show();
  }

  tone(at, pitch) {
    const tone = this.context.createOscillator();
    const volume = this.context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.14);
    tone.connect(volume).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + 0.15);
  }
}
