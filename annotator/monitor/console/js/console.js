// The console: it listens to the monitor all the time, and when it hears nothing it says so and trusts nothing.

const SILENT_MS = 1700;
const WALL_EVERY_MS = 1000;
const HOUR_EVERY_MS = 5000;
const MATTERS_EVERY_MS = 2000;
const NEVER_STARTED = 422; // what the server says while no monitor has ever run

class Console {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    setInvisible(data.invisible);
    this.server = new Server(data.person, { place: "monitor", timeout_ms: 1500 });
    this.slow = new Server(data.person, { place: "monitor", timeout_ms: 8000 });
    this.kept = new Kept(data.person);
    this.told = null;
    this.problem = null;
    this.heardAt = -Infinity;
    this.stopped = false;
    this.sound = new Sound(root, this.kept);
    this.wall = new Wall(this);
    this.alerts = new Alerts(this);
    this.answers = new Answers(this);
    this.large = new Large(this);
    this.missed = new Missed(this);
    this.lastHour = new LastHour(this);
    this.handover = new Handover(this);
    this.mattersAsked = 0;
    this.listen();
    this.showState();
    this.live();
    this.everyFrame("wall", WALL_EVERY_MS, async () => this.wall.takeIn((await this.slow.ask("wall", { known: this.wall.known() })).pictures));
    this.everyFrame("hour", HOUR_EVERY_MS, async () => this.lastHour.takeIn((await this.slow.ask("hour")).events));
    this.everyFrame("matters", MATTERS_EVERY_MS, () => this.askMatters());
    this.timer = setInterval(() => this.tick(), 200);
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("submit", this.onSubmit, { capture: true });
    document.removeEventListener("click", this.onPointer);
  }

  // One question after the other: each is answered when something changes, or within a second.
  async live() {
    while (!this.stopped) {
      try {
        const told = await this.server.ask("live", { version: this.told?.version, watch: this.told?.watch, pictured: this.alerts.pictured() });
        this.problem = null;
        this.heardAt = performance.now();
        this.takeIn(told);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.problem = error;
        this.showState();
        await new Promise((go) => setTimeout(go, error.status === 401 ? 5000 : error.status === NEVER_STARTED ? 2000 : 400));
      }
    }
  }

  async everyFrame(name, every_ms, ask) {
    while (!this.stopped) {
      try {
        if (!document.hidden) await ask();
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
      }
      await new Promise((go) => setTimeout(go, every_ms));
    }
  }

  takeIn(told) {
    const gone = this.told?.alerts.filter((one) => !told.alerts.some((other) => other.alert === one.alert)) || [];
    this.told = told;
    this.redraw();
    const pending = this.answers.pendingEnds();
    if (gone.some((one) => !pending.has(one.alert))) this.askMatters();
  }

  // What waits beside the alerts. Of several questions under way the last one's answer counts.
  async askMatters(before = () => {}) {
    this.mattersAsked += 1;
    const turn = this.mattersAsked;
    try {
      const told = await this.slow.ask("matters");
      before();
      if (turn !== this.mattersAsked) return;
      this.missed.takeIn(told.unanswered);
      this.handover.takeIn(told.handover);
    } catch (error) {
      before();
      if (!(error instanceof Unanswered)) throw error;
    }
  }

  alertPicture(alert, query = "") {
    return String(new URL(`monitor/picture/${encodeURIComponent(alert)}.jpg?${query}`, this.server.root));
  }

  alertClip(alert, version) {
    return String(new URL(`monitor/clip/${encodeURIComponent(alert)}.mp4?v=${version}`, this.server.root));
  }

  redraw() {
    if (!this.told) return;
    this.alerts.takeIn(this.told);
    this.wall.draw(this.told, this.isSilent());
    this.showState();
  }

  isSilent() {
    return performance.now() - this.heardAt > SILENT_MS;
  }

  tick() {
    this.showState();
    if (!this.wasSilent) this.alerts.tick();
    if (this.large.isOpen) this.large.tick();
    if (this.toldAt && performance.now() - this.toldAt > TOLD_MS) {
      this.toldAt = null;
      this.part("told").hidden = true;
    }
  }

  calmWords() {
    if (this.isIdle()) return ["No monitor has been started", "Start one: teletriage monitor --feeds FEEDS.yaml --endpoint URL --model NAME"];
    if (!this.told) return this.problem ? ["Watch every feed yourself", "The monitor has not been heard yet."] : ["Listening for the monitor …", ""];
    const by_eye = this.told.feeds.filter((feed) => feed.manual).length;
    const watched = this.told.feeds.length - by_eye;
    if (this.isSilent() || watched === 0) return ["Watch every feed yourself", "The model's answers are not available."];
    if (by_eye) return ["No alerts", `${feeds(watched)} watched. Watch the other ${by_eye === 1 ? "one" : feeds(by_eye)} yourself.`];
    return ["All quiet", `${feeds(watched)} watched, no alerts.`];
  }

  // No monitor has ever run here: nobody relies on one, so nothing is wrong.
  isIdle() {
    return !this.told && this.problem?.status === NEVER_STARTED;
  }

  why(reason) {
    return this.data.manual[reason] || reason;
  }

  // data-state: watching, partly (some feeds by eye), by-eye (all of them), silent (nothing heard), starting, idle (no
  // monitor has ever run)
  showState() {
    const silent = this.isSilent();
    if (silent !== this.wasSilent) {
      this.wasSilent = silent; // no tile may look trusted while the state says that none is
      if (this.told) this.wall.draw(this.told, silent);
    }
    const list = this.told?.feeds || [];
    const by_eye = list.filter((feed) => feed.manual);
    const state = this.isIdle() ? "idle" : silent ? (this.told || this.problem ? "silent" : "starting") : !by_eye.length ? "watching" : by_eye.length < list.length ? "partly" : "by-eye";
    const words = { idle: "No monitor", starting: "Listening for the monitor …", silent: "Manual monitoring", partly: "Watching, some feeds by eye", "by-eye": "Manual monitoring", watching: "Watching" };
    if (this.root.dataset.state !== state) this.root.dataset.state = state;
    this.text("state", words[state]);
    const n = this.alerts?.list.length || 0;
    this.text("counts", list.length && !silent ? `${feeds(list.length - by_eye.length)} watched · ${by_eye.length} by eye · ${alertsOf(n)}` : "");
    this.text("guarantee", this.told?.guarantee && !silent ? visible(this.told.guarantee.text) : "");
    this.part("guarantee").dataset.withdrawn = String(!!this.told?.guarantee?.withdrawn);
    this.showManual(silent, by_eye);
    if (this.alerts && !this.alerts.list.length) this.alerts.draw();
  }

  text(part, words) {
    const node = this.part(part);
    if (node.textContent !== words) node.textContent = words;
  }

  showManual(silent, by_eye) {
    const hasReason = (this.told || this.problem) && !this.isIdle();
    const lines = silent ? (hasReason ? [this.silenceWords()] : []) : this.manualWords(by_eye);
    const key = lines.join("§");
    if (key === this.manualKey) return;
    this.manualKey = key;
    const place = this.part("manual");
    place.hidden = !lines.length;
    const n = silent ? "all feeds" : feeds(by_eye.length);
    place.replaceChildren(el("span", { text: `◇ Manual monitoring: ${n}` }), el("ul", {}, ...lines.map((text) => el("li", { text }))));
    if (this.problem?.status === 401 || this.problem?.status === 409) place.append(el("a", { href: this.server.root.href, target: "_self", text: "Sign in" }));
    if (lines.length) this.say(`Manual monitoring: ${n}.`);
  }

  silenceWords() {
    if (this.problem?.status === 401) return "You are signed out.";
    if (this.problem?.status) return visible(this.problem.message);
    return "This browser hears nothing from the server.";
  }

  manualWords(by_eye) {
    const groups = new Map();
    for (const feed of by_eye) groups.set(feed.manual, [...(groups.get(feed.manual) || []), feed.name]);
    return [...groups].sort((a, b) => a[1].length - b[1].length).map(([reason, names]) => {
      return `${someOf(names)}: ${this.why(reason)}`;
    });
  }

  tell(words) {
    this.toldAt = performance.now();
    this.text("told", words);
    this.part("told").hidden = false;
  }

  say(words) {
    this.part("live").textContent = words;
  }

  async shown(alerts) {
    try {
      await this.slow.ask("shown", { alerts });
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error; // how fast it was is a figure; the alert itself is here
    }
  }

  // ---- keys

  listen() {
    this.onKey = (event) => this.key(event);
    this.onPointer = () => this.sound.wake();
    document.addEventListener("keydown", this.onKey);
    this.onSubmit = (event) => this.handover.leaving(event);
    document.addEventListener("submit", this.onSubmit, { capture: true });
    document.addEventListener("click", this.onPointer); // not as it goes down: what the sound says moves what is pressed
    // what was pressed with the mouse does not keep the keys: Space stays the clip's
    this.root.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur(), { capture: true });
    this.root.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act === "mute") this.mute();
      if (act === "help") this.help();
      if (act === "test") this.tell(this.sound.test());
      if (act === "hand-over") this.handover.open();
      if (act === "missed") this.part("ended").scrollIntoView({ block: "start" });
    });
  }

  key(event) {
    this.sound.wake();
    const target = event.composedPath()[0];
    const isTyping = target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    if (this.part("dialog").open) return;
    if (this.large.isOpen) return this.large.key(event);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isButton = target instanceof HTMLElement && target.tagName === "BUTTON"; // Space presses it
    if (key === "m") this.mute();
    else if (key === "?") this.help();
    else if (key === "ArrowDown" || key === "j") this.alerts.move(1);
    else if (key === "ArrowUp" || key === "k") this.alerts.move(-1);
    else if (key === "ArrowLeft" || key === "ArrowRight") {
      if (!this.alerts.clip("scrub", key === "ArrowLeft" ? -1 : 1)) return;
    } else if (key === " ") {
      if (isButton || !this.alerts.clip("toggle", event.shiftKey)) return;
    } else if (key === "Escape") this.alerts.cancel();
    else if (key === "h") this.handover.open();
    else if (key === "a") this.missed.acknowledgeFirst();
    else if (!this.alerts.key(key)) return;
    event.preventDefault();
  }

  mute() {
    this.sound.wake();
    this.sound.toggle();
  }

  help() {
    const dialog = this.part("dialog");
    const keys = [["T", "Answer: taken over"], ["W", "Answer: watching"], ["N", "Answer: not needed (then 1 to 4 for the reason, 5 for the note)"],
      ["E", "Write a note with the answer (Enter when done)"], ["1 – 9", "Go to the alert with this number"], ["↑ ↓", "Go to another alert"],
      ["Space", "Play the seconds before the alert; again to pause; with Shift at half speed"], ["← →", "Half a second back or on (Esc: back to the still)"],
      ["A", "Acknowledge an alert that ended without an answer"], ["S", "Sound off for this alert"], ["M", "Sound off or on"],
      ["H", "Hand the shift over"], ["Esc", "Back"], ["?", "Show these keys"]];
    dialog.replaceChildren(el("h2", { text: "Keys" }),
      el("dl", {}, ...keys.flatMap(([key, words]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: words })])),
      el("button", { type: "button", text: "Close", onclick: () => dialog.close() }));
    dialog.showModal();
  }
}

const consoles = new WeakMap();

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector("[data-testid=monitor]");
  let running = consoles.get(root);
  if (!running) {
    running = new Console(root, data);
    consoles.set(root, running);
  }
  return () => {
    running.stop();
    consoles.delete(root);
  };
}
