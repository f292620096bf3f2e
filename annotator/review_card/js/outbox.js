// What this browser keeps until the server has it: decisions and notes, texts being written, answers that were refused.
// All of it lies in localStorage, one key each, so that a reload loses nothing and two tabs do not overwrite each other.

class Kept {
  constructor(person) {
    this.prefix = `teletriage:${person}:`;
    this.memory = new Map(); // where localStorage is full or forbidden
    this.last = 0;
  }

  put(kind, name, value) {
    const key = `${this.prefix}${kind}:${name}`;
    try {
      localStorage.setItem(key, JSON.stringify(value));
      this.memory.delete(key);
    } catch {
      this.memory.set(key, value);
    }
  }

  // Whether anything of a kind could not be stored: closing the tab would lose it.
  isOnlyInTab(kind) {
    return [...this.memory.keys()].some((key) => key.startsWith(`${this.prefix}${kind}:`));
  }

  // Tries again to store what only this tab holds.
  storeAgain() {
    for (const [key, value] of [...this.memory]) {
      const [kind, ...name] = key.slice(this.prefix.length).split(":");
      this.put(kind, name.join(":"), value);
    }
  }

  get(kind, name) {
    const key = `${this.prefix}${kind}:${name}`;
    if (this.memory.has(key)) return this.memory.get(key);
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  }

  drop(kind, name) {
    const key = `${this.prefix}${kind}:${name}`;
    this.memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // nothing was kept there
    }
  }

  // [name, value] of everything of a kind, oldest first.
  all(kind) {
    const start = `${this.prefix}${kind}:`;
    const names = new Set([...this.memory.keys()].filter((key) => key.startsWith(start)));
    try {
      for (let place = 0; place < localStorage.length; place += 1) {
        const key = localStorage.key(place);
        if (key.startsWith(start)) names.add(key);
      }
    } catch {
      // only memory
    }
    return [...names].sort().map((key) => {
      const name = key.slice(start.length);
      return [name, this.get(kind, name)];
    }).filter(([, value]) => value);
  }

  // A name that sorts after every name made before it in this browser.
  nextName(token) {
    this.last = Math.max(Date.now(), this.last + 1);
    const newest = this.all("out").at(-1);
    if (newest) this.last = Math.max(this.last, Number(newest[0].split("-")[0]) + 1);
    return `${String(this.last).padStart(15, "0")}-${token}`;
  }
}

// Those that one entry decides: the frame on screen and, with a stack, the others in it.
function framesOf(entry) {
  return [entry.frame_id, ...(entry.others || [])];
}

const DECIDES = ["decision", "stack"];

function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Outbox {
  constructor(card) {
    this.card = card;
    this.kept = new Kept(card.data.person);
    this.running = false;
    this.again = false;
    this.timer = null;
    this.failures = 0;
    this.answered = false; // whether the server has answered at all
    this.everAdded = this.waiting().length > 0;
  }

  add(entry, shown) {
    this.kept.put("out", this.kept.nextName(entry.token), { entry, shown });
    this.everAdded = true;
    this.card.showState();
    this.flush(60);
  }

  get isOnlyInTab() {
    return this.kept.isOnlyInTab("out");
  }

  waiting() {
    return this.kept.all("out").map(([, value]) => value);
  }

  flush(delay_ms = 0) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), delay_ms);
  }

  // Sends everything and takes in what comes back; one at a time, so that nothing overtakes.
  async send() {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    this.kept.storeAgain();
    try {
      const outbox = this.waiting().slice(0, 50).map((one) => one.entry);
      const told = await this.card.server.ask("sync", { outbox, offset_min: -new Date().getTimezoneOffset() });
      this.failures = 0;
      this.card.problem = null;
      this.answered = true;
      this.acknowledge(told.acknowledged);
      this.card.takeIn(told);
      if (this.waiting().length) this.again = true;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.failures += 1;
      this.card.problem = error;
      this.card.showState();
      this.flush(Math.min(10000, 500 * 2 ** Math.min(this.failures, 5)));
    } finally {
      this.running = false;
      if (this.again && !this.card.problem) {
        this.again = false;
        this.flush(20);
      }
    }
  }

  acknowledge(acknowledged) {
    const verdicts = new Map(acknowledged.map((one) => [one.token, one]));
    for (const [name, value] of this.kept.all("out")) {
      const verdict = verdicts.get(value.entry.token);
      if (!verdict) continue;
      const isDraft = !verdict.saved && value.entry.kind !== "unreadable"; // which nobody wrote
      if (verdict.saved) this.dropDecidedAgain(value.entry);
      if (isDraft) this.kept.put("refused", name, { ...value, reason: verdict.reason });
      this.kept.drop("out", name);
      if (verdict.saved && verdict.reason) {
        this.card.comeAgain(value.entry); // some of its frames
        this.card.notices.pass(verdict.reason);
      }
      if (isDraft) this.card.refused(value);
    }
  }

  // A refused decision is settled by a later one on its frame; words that the later one lacks stay.
  dropDecidedAgain(entry) {
    if (!DECIDES.includes(entry.kind)) return;
    const frames = framesOf(entry);
    for (const { name, entry: old } of this.refusedAnswers()) {
      const isAnswered = DECIDES.includes(old.kind) && framesOf(old).every((frame) => frames.includes(frame));
      if (!isAnswered || (old.reasoning && !entry.reasoning)) continue;
      this.kept.drop("refused", name);
      this.card.notices.draw();
    }
  }

  refusedAnswers() {
    return this.kept.all("refused").map(([name, value]) => ({ name, ...value }));
  }
}
