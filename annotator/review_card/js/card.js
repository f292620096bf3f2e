// The card itself: a queue of leased frames, the one on screen, and what each key does to it.

const LEVEL_ACTS = { autonomy: "AUTONOMY", supervision: "SUPERVISION", teleoperation: "TELEOPERATION" };
const HEARTBEAT_MS = 60000;
const SIDE_DELAY_MS = 40;
const KEEPS_FRAME = ["flag", "plausible"]; // entries after which a frame is still to be judged

function flaggedWords(item) {
  return `Flagged for the lead: ${visible(item?.caption)}.`;
}

class ReviewCard {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.settings = data.settings;
    setInvisible(data.invisible);
    this.queue = [];
    this.current = null; // the item on screen
    this.changing = null; // the own decision that is being changed, if any
    this.decided = new Set(); // frames answered on this page
    this.server = new Server(data.person);
    this.outbox = new Outbox(this);
    this.keys = new Keys(this);
    this.picture = new Picture(this);
    this.strip = new Strip(this);
    this.panel = new Panel(this);
    this.wording = new Wording(this);
    this.side = new Side(this);
    this.dialogs = new Dialogs(this);
    this.tour = new Tour(this);
    this.messages = [];
    this.tourInvitation = 0; // frames that the tour offers
    this.listen();
    this.useSettings(this.settings);
    this.showState();
    this.outbox.flush();
    this.tour.invite();
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  listen() {
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (!button || event.detail > 1 || button.disabled) return; // the second click of a double click is no answer
      const act = button.dataset.act;
      if (act in this.settings.keys || act === "guideline") this.act(act);
      if (event.detail > 0 && !this.wording.isOpen && !this.dialogs.isOpen) this.root.focus({ preventScroll: true });
    });
    this.onOnline = () => this.outbox.flush();
    this.onOffline = () => {
      this.problem = new Unanswered(0, "No connection.");
      this.showState();
      this.outbox.flush(1000);
    };
    this.onStorage = (event) => this.otherTab(event);
    this.onLeave = (event) => this.outbox.isOnlyInTab && event.preventDefault(); // the browser asks before it closes
    window.addEventListener("online", this.onOnline);
    window.addEventListener("offline", this.onOffline);
    window.addEventListener("storage", this.onStorage);
    window.addEventListener("beforeunload", this.onLeave);
  }

  stop() {
    this.keys.stop();
    clearInterval(this.heartbeat);
    clearTimeout(this.outbox.timer);
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("offline", this.onOffline);
    window.removeEventListener("storage", this.onStorage);
    window.removeEventListener("beforeunload", this.onLeave);
  }

  // Leases are held on to while somebody is there.
  beat() {
    if (!document.hidden) this.outbox.flush();
  }

  // Another tab of the same person has answered a frame: it leaves this tab's queue.
  otherTab(event) {
    if (!event.key?.startsWith(`${this.outbox.kept.prefix}out:`)) return;
    if (event.newValue) {
      const { entry } = JSON.parse(event.newValue);
      if (!KEEPS_FRAME.includes(entry.kind)) this.leaveQueue(entry.frame_id);
    }
    this.showState();
    this.later();
  }

  leaveQueue(frame) {
    this.decided.add(frame);
    this.queue = this.queue.filter((item) => item.frame !== frame);
    if (this.current?.frame === frame && !this.changing && !this.tour.isOn) this.showNext();
  }

  // ---- what the server tells

  takeIn(told) {
    const waiting = new Set(this.outbox.waiting().filter(({ entry }) => !KEEPS_FRAME.includes(entry.kind)).map(({ entry }) => entry.frame_id));
    const head = this.queue[0];
    const known = new Map(this.queue.map((item) => [item.frame, item]));
    const told_frames = told.frames.filter((item) => !this.decided.has(item.frame) && !waiting.has(item.frame));
    const fresh = told_frames.map((item) => Object.assign(known.get(item.frame) || {}, item));
    const keepsHead = head && !this.decided.has(head.frame) && this.current === head;
    this.queue = keepsHead ? [head, ...fresh.filter((item) => item.frame !== head.frame)] : fresh;
    this.side.takeIn(told);
    this.guidelineIs(told.guideline.version);
    this.warm();
    if (!this.current && !this.tour.isOn) this.showNext();
    this.showState();
    this.later();
  }

  guidelineIs(version) {
    if (this.guideline && this.guideline !== version) this.guidelineChanged = true;
    this.guideline = version;
    if (this.guidelineChanged) this.drawNotices();
  }

  guidelineRead(version) {
    this.guideline = version;
    this.guidelineChanged = false;
    this.drawNotices();
  }

  refused(value) {
    this.decided.delete(value.entry.frame_id);
    if (value.entry.kind === "flag") this.dismiss(flaggedWords(value.shown));
    else this.drawNotices();
    this.say(`Not saved: ${value.reason || "see the note"}`);
  }

  // ---- showing

  warm() {
    const items = this.tour.isOn ? this.tour.frames.slice(0, 2) : this.queue.slice(0, AHEAD);
    if (this.current && !items.includes(this.current)) items.unshift(this.current);
    this.picture.warm(items);
  }

  showNext() {
    this.changing = null;
    this.showItem(this.queue[0] || null);
  }

  showItem(item, change = null) {
    this.current = item;
    this.changing = change;
    this.wording.close();
    this.shownAt = null;
    this.part("made").hidden = !item?.generated;
    const { dataset } = this.root;
    if (!item) {
      delete dataset.frame;
      delete dataset.mode;
      delete dataset.proposedLevel;
      this.picture.clear();
      this.strip.follow(null);
      this.showEmpty();
      return;
    }
    this.root.classList.remove("rc-nothing");
    dataset.frame = item.frame;
    dataset.mode = item.mode;
    if (item.proposal?.level && !item.tour) dataset.proposedLevel = item.proposal.level;
    else delete dataset.proposedLevel;
    this.picture.show(item.frame);
    if (this.picture.shown) this.shownAt = performance.now();
    this.panel.show(item, change);
    this.later();
    const draft = change || item.tour ? null : this.outbox.kept.get("draft", item.frame);
    if (draft && !(item.mode === "decide-first" && !item.first_level)) this.wording.open(draft.level, draft);
  }

  // Everything that does not have to be there with the picture comes a moment after it.
  later() {
    clearTimeout(this.laterTimer);
    this.laterTimer = setTimeout(() => {
      this.warm();
      this.side.draw();
      this.showContext();
    }, SIDE_DELAY_MS);
  }

  showContext() {
    const item = this.current;
    if (this.contextOf === item) return;
    this.contextOf = item;
    if (!item) return this.part("context").replaceChildren();
    this.strip.follow(item.frame);
    this.part("context").replaceChildren(
      el("span", { text: visible([item.caption, item.place, item.local_time].join(" · ")) }),
      ...item.cues.map((cue) => el("span", { class: "rc-cue", title: visible(cue.evidence), text: visible(cue.name) })),
    );
    this.part("mode").textContent = item.tour ? "tour" : this.changing ? "changing" : item.mode;
    if (!this.wording.isOpen) this.say(this.spoken(item));
  }

  spoken(item) {
    const proposed = item.proposal?.level ? ` Proposed: ${item.proposal.level}.` : "";
    return `${visible(item.caption)}.${proposed}`;
  }

  showEmpty() {
    this.root.classList.add("rc-nothing");
    const words = this.outbox.answered
      ? ["Nothing to review right now", "Every frame is reviewed, or somebody else is looking at the rest. New frames appear here by themselves."]
      : ["Getting your frames …", ""];
    this.part("body").replaceChildren(el("div", { class: "rc-empty" }, el("h2", { text: words[0] }), el("p", { text: words[1] })));
    this.part("mode").textContent = "";
    this.later();
  }

  pictureReady(frame) {
    if (this.current?.frame !== frame || this.picture.shown === frame) return;
    this.picture.show(frame);
    this.shownAt = performance.now();
  }

  pictureBroken(item) {
    if (item.tour || this.changing?.frame === item.frame) return this.notify(`The picture of ${visible(item.caption)} cannot be shown.`);
    this.notify(`The picture of ${visible(item.caption)} cannot be shown; it is reported and the next frame is here.`);
    this.leaveQueue(item.frame);
    this.send({ kind: "unreadable", reason: "The picture could not be shown in the browser." }, item);
  }

  addressExpired(frame) {
    this.queue = this.queue.filter((item) => item.frame !== frame || item === this.current);
    this.outbox.flush();
  }

  // data-state and the words beside it
  showState() {
    const n = this.outbox.waiting().length;
    const drafts = this.outbox.refusedAnswers().length;
    const isSaved = this.outbox.everAdded && !drafts;
    const state = this.problem ? "offline" : n ? "saving" : isSaved ? "saved" : "ready";
    this.root.dataset.state = state;
    const answers = `${n} ${n === 1 ? "answer" : "answers"}`;
    const where = this.outbox.isOnlyInTab ? "in this tab only: leave it open" : "here";
    const words = {
      ready: drafts ? `${drafts} not saved, see below` : "Ready", saving: `Saving ${answers} …`, saved: "All saved",
      offline: `${this.problem?.status ? visible(this.problem.message) : "Offline"}${n ? ` · ${answers} kept ${where}` : ""}`,
    };
    this.part("state").textContent = words[state];
    if (this.problem?.status === 401 || this.problem?.status === 409) {
      this.part("state").append(" ", el("a", { href: this.server.root.href, target: "_self", text: "Sign in" }));
    }
    if (!this.current && !this.tour.isOn && this.outbox.answered) this.showEmpty();
  }

  drawNotices() {
    const notices = this.messages.map((text) => el("div", { class: "rc-notice", role: "status" },
      el("span", { text }), el("button", { type: "button", class: "rc-link", text: "OK", onclick: () => this.dismiss(text) })));
    if (this.tourInvitation) notices.push(this.tour.notice(this.tourInvitation));
    if (this.rejectedClip) {
      const { caption } = this.rejectedClip;
      notices.push(el("div", { class: "rc-notice", "data-notice": "clip", role: "status" },
        el("span", { text: `The clip of ${visible(caption)} is rejected: nobody sees it any more. ` }),
        el("button", { type: "button", text: "Take it back", onclick: () => this.takeClipBack() }),
        el("button", { type: "button", class: "rc-link", text: "OK", onclick: () => this.leaveClipOut() })));
    }
    if (this.guidelineChanged) {
      notices.push(el("div", { class: "rc-notice", "data-notice": "guideline" }, el("span", { text: "The guideline has changed. " }),
        el("button", { type: "button", text: "Read it", onclick: () => this.dialogs.guideline() })));
    }
    if (this.wantsBreak) {
      notices.push(el("div", { class: "rc-notice", "data-notice": "break", role: "status" },
        el("span", { text: "45 minutes without a break. Look away for five; everything is kept. " }),
        el("button", { type: "button", text: "I had a break", onclick: () => this.side.tookBreak() })));
    }
    notices.push(...this.outbox.refusedAnswers().map((one) => this.side.refusedNotice(one)));
    this.part("notices").replaceChildren(...notices);
  }

  notify(text) {
    this.messages = [...this.messages.filter((one) => one !== text), text].slice(-2);
    this.drawNotices();
  }

  dismiss(text) {
    this.messages = this.messages.filter((one) => one !== text);
    this.drawNotices();
  }

  say(text) {
    this.part("live").textContent = text;
  }

  useSettings(settings) {
    this.settings = settings;
    for (const button of this.root.querySelectorAll("[data-act]")) {
      if (button.dataset.act in settings.keys) this.keys.mark(button, button.dataset.act);
    }
    this.later();
  }

  // ---- what a person does

  act(act) {
    if (act.startsWith("reason:")) return this.wording.choose(act.slice(7));
    if (act === "help") return this.dialogs.help();
    if (act === "guideline") return this.dialogs.guideline();
    if (act === "undo") return this.undo();
    if (act === "back") return this.back();
    if (!this.current) return;
    if (act in LEVEL_ACTS) return this.chooseLevel(LEVEL_ACTS[act]);
    if (act === "accept") return this.accept();
    if (act === "zoom") return this.picture.toggleZoom();
    if (act === "before" || act === "after") return this.look(act === "before" ? -1 : 1);
    if (act === "edit") return this.edit();
    if (act === "implausible") return this.rejectClip();
    if ((act === "skip" || act === "flag") && !this.changing && !this.current.tour) this.dialogs.note(act);
  }

  look(by) {
    if (this.picture.isZoomed) this.picture.pan(-by * 60, 0);
    else this.strip.step(by);
  }

  escape(event, target) {
    if (this.keys.isTyping(target)) {
      target.blur();
      this.root.focus({ preventScroll: true });
    } else if (this.strip.comeBack()) event.preventDefault();
    else if (this.picture.isZoomed) this.picture.resetZoom();
    else if (this.wording.isOpen) this.back();
    else if (this.changing) this.stopChanging();
  }

  back() {
    if (this.current) this.outbox.kept.drop("draft", this.current.frame);
    this.wording.close();
    this.panel.show(this.current, this.changing);
    this.root.focus({ preventScroll: true });
  }

  mayAccept(item) {
    if (item.tour) return Boolean(this.tour.feedback);
    return Boolean(item.proposal?.level);
  }

  accept() {
    if (this.wording.isOpen) return this.wording.save();
    if (this.current.tour) return this.tour.next();
    if (this.mayAccept(this.current)) this.decide(this.current.proposal.level, {});
    else this.say("Nothing is proposed here: choose a level.");
  }

  chooseLevel(level) {
    if (this.picture.shown !== this.current.frame) return; // nobody judges a picture that is not there yet
    const item = this.current;
    if (item.tour) return this.tour.answer(level);
    if (item.mode === "decide-first" && !item.first_level) return this.ownLevel(item, level);
    if (item.proposal?.level === level && !this.wording.isOpen) return this.decide(level, {});
    const kept = this.changing?.level === level && this.changing.reasoning ? this.changing : {};
    this.wording.open(level, kept.reasoning ? { reasoning: kept.reasoning, action: kept.action } : {});
    this.say(`${level}. What decides it?`);
  }

  // The proposal is on the server until the own level is there: there is nothing to peek at.
  async ownLevel(item, level) {
    if (item.asking) return;
    item.asking = true;
    this.panel.pressed(level);
    try {
      const { frame } = await this.server.ask("own-level", { frame: item.frame, level });
      Object.assign(item, frame);
      item.waiting = false;
      if (this.current === item) this.showRevealed(item);
    } catch (error) {
      item.waiting = error.status === 0;
      if (error.status) this.notify(error.message);
      else {
        this.problem = error;
        this.showState();
        this.outbox.flush(500);
      }
      if (this.current === item) this.panel.show(item, this.changing);
    } finally {
      item.asking = false;
    }
  }

  showRevealed(item) {
    if (item.proposal?.level) this.root.dataset.proposedLevel = item.proposal.level;
    this.panel.show(item, this.changing);
    this.say(this.spoken(item));
  }

  edit() {
    const { current: item, changing: change } = this;
    if (item.tour) return;
    const level = change?.level || item.proposal?.level;
    if (!level) return this.say("There is no text to edit yet: choose a level.");
    const from = change?.reasoning ? change : item.proposal;
    this.wording.open(level, { reasoning: visible(from?.reasoning), action: visible(from?.action) });
    this.wording.reasoning.focus();
  }

  decide(level, { reasoning = null, action = null, code = null } = {}) {
    const item = this.current;
    if (this.picture.shown !== item.frame) return;
    const keeps = item.proposal?.level === level;
    const unchanged = !reasoning || (keeps && reasoning === visible(item.proposal.reasoning) && action === visible(item.proposal.action));
    const asBefore = this.changing?.level === level && unchanged && !this.changing.reasoning;
    if (asBefore) return this.stopChanging();
    const entry = {
      kind: "decision",
      level,
      reasoning: unchanged ? null : reasoning,
      action: unchanged ? null : action,
      reason_code: code || null,
      guideline_version: this.guideline,
      seconds_shown: Math.round((performance.now() - this.shownAt) / 10) / 100,
    };
    if (item.first_level) entry.first_level = item.first_level;
    if (this.changing) entry.supersedes_token = this.changing.token;
    this.outbox.kept.drop("draft", item.frame);
    this.leaving(item);
    this.send(entry, item);
    if (this.side.worked() && !this.wantsBreak) {
      this.wantsBreak = true;
      this.drawNotices();
    }
  }

  leaving(item) {
    this.decided.add(item.frame);
    this.queue = this.queue.filter((one) => one.frame !== item.frame);
    this.showNext();
  }

  send(entry, item) {
    const { proposal, ...context } = item;
    const shown = proposal ? { ...context, proposal: { ...proposal, thought: "" } } : context;
    this.outbox.add({ token: newToken(), frame_id: item.frame, ...entry }, shown);
  }

  note(kind, reason) {
    const item = this.current;
    if (kind === "skip") {
      this.outbox.kept.drop("draft", item.frame);
      this.leaving(item);
    } else this.notify(flaggedWords(item));
    this.send({ kind, reason }, item);
  }

  // One key, the whole clip, for everybody; it can be taken back here, later by a lead.
  rejectClip() {
    const item = this.current;
    if (!item.generated || item.tour || this.changing) return this.say("Only a generated clip can be rejected.");
    const clip = this.queue.filter((one) => one.generated === item.generated);
    for (const one of [item, ...clip]) {
      this.decided.add(one.frame);
      this.outbox.kept.drop("draft", one.frame);
    }
    this.queue = this.queue.filter((one) => !this.decided.has(one.frame));
    this.rejectedClip = { caption: item.caption, item, frames: [item, ...clip].map((one) => one.frame) };
    this.drawNotices();
    this.showNext();
    this.send({ kind: "implausible" }, item);
  }

  leaveClipOut() {
    this.rejectedClip = null;
    this.drawNotices();
  }

  takeClipBack() {
    const { item, frames } = this.rejectedClip;
    for (const frame of frames) this.decided.delete(frame);
    this.rejectedClip = null;
    this.drawNotices();
    this.send({ kind: "plausible" }, item);
  }

  // Brings back the last decision, then the one before it; choosing again supersedes it.
  undo() {
    if (this.tour.isOn) return;
    const five = this.side.lastFive();
    const place = this.changing ? five.findIndex((one) => one.frame === this.changing.frame) + 1 : 0;
    if (five[place]) this.change(five[place]);
    else this.say("There is nothing further to undo here.");
  }

  change(decision) {
    if (this.tour.isOn) return;
    this.changing = null;
    const item = { ...decision };
    this.current = item;
    this.warm();
    this.showItem(item, decision);
    this.say(`Changing ${visible(decision.caption)}: you said ${decision.level}.`);
  }

  stopChanging() {
    this.showNext();
  }
}

const cards = new WeakMap();

export default function mount({ data, parentElement }) {
  const root = parentElement.querySelector("[data-testid=review-card]");
  let card = cards.get(root);
  if (!card) {
    card = new ReviewCard(root, data);
    cards.set(root, card);
  }
  return () => {
    card.stop();
    cards.delete(root);
  };
}
