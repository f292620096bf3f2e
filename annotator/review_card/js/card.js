// The card itself: a queue of leased frames, the one on screen, and what the server and other tabs say of them.

const HEARTBEAT_MS = 60000;
const SIDE_DELAY_MS = 40;
const KEEPS_FRAME = ["flag", "plausible"]; // entries after which a frame is still to be judged

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
    this.problem = null; // why the server cannot be reached
    this.server = new Server(data.person);
    this.outbox = new Outbox(this);
    this.keys = new Keys(this);
    this.picture = new Picture(this);
    this.strip = new Strip(this);
    this.stack = new Stack(this);
    const tell = (text) => this.notices.pass(text);
    this.player = playerOn(this, tell);
    this.around = aroundOn(this, tell);
    this.panel = new Panel(this);
    this.wording = new Wording(this);
    this.side = new Side(this);
    this.dialogs = new Dialogs(this);
    this.tour = new Tour(this);
    this.notices = new Notices(this);
    this.deciding = new Deciding(this);
    this.listen();
    this.useSettings(this.settings);
    this.notices.draw();
    this.showState();
    this.outbox.flush();
    this.tour.invite();
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  part(name) {
    return this.root.querySelector(`[data-part=${name}]`);
  }

  button(act) {
    return this.root.querySelector(`[data-act=${act}]`);
  }

  listen() {
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (!button || event.detail > 1 || button.disabled) return; // the second click of a double click is no answer
      const act = button.dataset.act;
      if (act in this.settings.keys) this.act(act);
    });
    // After a click the keys are the card's again: Enter is the large button, not the button clicked last.
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button && event.detail > 0 && button.dataset.act !== "edit" && !this.dialogs.isOpen) this.focus();
    });
    this.onOnline = () => {
      this.outbox.flush();
      this.strip.load();
    };
    this.onOffline = () => {
      this.problem = new Unanswered(0, "No connection.");
      this.showState();
      this.outbox.flush(1000);
    };
    this.onStorage = (event) => this.otherTab(event);
    this.onLeave = (event) => this.outbox.isOnlyInTab && event.preventDefault(); // the browser asks before it closes
    this.onSubmit = (event) => this.signsOut(event);
    document.addEventListener("submit", this.onSubmit);
    window.addEventListener("online", this.onOnline);
    window.addEventListener("offline", this.onOffline);
    window.addEventListener("storage", this.onStorage);
    window.addEventListener("beforeunload", this.onLeave);
  }

  stop() {
    this.keys.stop();
    this.player.follow(null);
    this.notices.stop();
    clearInterval(this.heartbeat);
    clearTimeout(this.outbox.timer);
    document.removeEventListener("submit", this.onSubmit);
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("offline", this.onOffline);
    window.removeEventListener("storage", this.onStorage);
    window.removeEventListener("beforeunload", this.onLeave);
  }

  focus() {
    this.root.focus({ preventScroll: true });
  }

  // Leases are held on to while somebody is there.
  beat() {
    if (!document.hidden) this.outbox.flush();
  }

  // Signing out gives the frame back, and somebody else may get it: half-typed words are worth a second press.
  signsOut(event) {
    if (!event.target.matches("form[action=sign-out]") || !this.wording.isTyped || this.warnedAt === this.current) return;
    event.preventDefault();
    this.warnedAt = this.current;
    this.notices.pass("What you wrote for this frame is not saved. Save it, or press Sign out again.");
  }

  // Another tab of the same person has answered a frame: it leaves this tab's queue.
  otherTab(event) {
    if (!event.key?.startsWith(`${this.outbox.kept.prefix}out:`)) return;
    if (event.newValue) {
      const { entry } = JSON.parse(event.newValue);
      if (!KEEPS_FRAME.includes(entry.kind)) for (const frame of framesOf(entry)) this.leaveQueue(frame, entry);
    }
    this.showState();
    this.later();
  }

  // entry: what was said of the frame in another tab, if it was there.
  leaveQueue(frame, entry = null) {
    this.decided.add(frame);
    this.queue = this.queue.filter((item) => item.frame !== frame);
    if (this.current?.frame !== frame || this.changing || this.tour.isOn) return;
    const words = this.wording.typedWords();
    const isSaved = words === `${entry?.reasoning ?? ""} ${entry?.action ?? ""}`.trim(); // a draft is open in both tabs
    if (words && !isSaved) {
      this.outbox.kept.put("left", frame, { caption: this.current.caption, level: this.wording.level, words });
      this.notices.draw();
    }
    this.showNext();
  }

  // ---- what the server tells

  takeIn(told) {
    const waiting = new Set(this.outbox.waiting().filter(({ entry }) => !KEEPS_FRAME.includes(entry.kind)).flatMap(({ entry }) => framesOf(entry)));
    const head = this.queue[0];
    const known = new Map(this.queue.map((item) => [item.frame, item]));
    const told_frames = told.frames.filter((item) => !this.decided.has(item.frame) && !waiting.has(item.frame));
    const fresh = told_frames.map((item) => Object.assign(known.get(item.frame) || {}, item));
    const keepsHead = head && !this.decided.has(head.frame) && this.current === head;
    this.queue = keepsHead ? [head, ...fresh.filter((item) => item.frame !== head.frame)] : fresh;
    this.side.takeIn(told);
    this.guidelineIs(told.guideline);
    this.notices.answersAre(told.answers);
    this.warm();
    if (!this.current && !this.tour.isOn) this.showNext();
    this.showState();
    this.later();
  }

  guidelineIs({ version, number, unread }) {
    const isChanged = unread || (this.guideline && this.guideline !== version);
    this.guideline = version;
    if (!isChanged || this.notices.newGuideline === number) return;
    this.notices.newGuideline = number;
    this.notices.draw();
  }

  guidelineRead(version) {
    this.guideline = version;
    this.notices.newGuideline = null;
    this.notices.draw();
  }

  refused(value) {
    this.comeAgain(value.entry);
    if (value.entry.kind === "flag") this.notices.drop(flaggedWords(value.shown));
    else this.notices.draw();
    this.say(`Not saved: ${value.reason || "see the note"}`);
  }

  // Frames that the server may hand out again.
  comeAgain(entry) {
    for (const frame of framesOf(entry)) this.decided.delete(frame);
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
    this.stack.forget();
    this.shownAt = null;
    this.part("made").hidden = !item?.generated;
    this.player.follow(item && !item.tour ? item.frame : null);
    this.around.follow(item && !item.tour ? item.frame : null);
    this.offerAround(item, change);
    const { dataset } = this.root;
    if (!item) {
      delete dataset.frame;
      delete dataset.mode;
      delete dataset.proposedLevel;
      this.picture.clear();
      this.strip.follow(null);
      this.stack.show();
      this.showEmpty();
      return;
    }
    this.root.classList.remove("rc-nothing");
    // Enter never presses again, for the next frame, a button that Tab had reached for the one before.
    const pressed = document.activeElement?.closest("button");
    if (dataset.frame !== item.frame && this.keys.on && pressed && this.root.contains(pressed)) this.focus();
    dataset.frame = item.frame;
    dataset.mode = item.mode;
    if (item.proposal?.level && !item.tour) dataset.proposedLevel = item.proposal.level;
    else delete dataset.proposedLevel;
    this.picture.show(item.frame);
    if (this.picture.shown) this.shownAt = performance.now();
    this.panel.show(item, change);
    if (this.problem) this.showState();
    this.later();
    if (change || item.tour) return;
    const draft = this.outbox.kept.get("draft", item.frame);
    if (draft && !(item.mode === "decide-first" && !item.first_level)) this.wording.open(draft.level, draft);
    else this.deciding.offerChoice(item);
  }

  // What the data set says comes after one's own answer; the server holds to that too.
  offerAround(item, change = null) {
    const isBefore = !item || item.tour || (!change && (item.mode === "blind" || (item.mode === "decide-first" && !item.first_level)));
    for (const act of ["boxes", "cameras"]) this.button(act).hidden = isBefore;
    this.button("play").hidden = !item || Boolean(item.tour);
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
      el("span", { text: visible([item.caption, item.place, item.local_time].filter(Boolean).join(" · ")) }),
      ...item.cues.map((cue) => el("span", { class: "rc-cue", title: visible(cue.evidence), text: visible(cue.name) })),
      ...[alikeLink(item, this.server.root)].filter(Boolean),
    );
    this.part("mode").textContent = item.tour ? "tour" : this.changing ? "changing" : item.mode;
    if (!this.wording.isOpen) this.say(this.spoken(item));
  }

  spoken(item) {
    const proposed = item.proposal?.level ? ` Proposed: ${item.proposal.level}.` : "";
    return `${visible(item.caption)}.${proposed}`;
  }

  kept() {
    const n = this.outbox.waiting().length;
    return `${n} ${n === 1 ? "answer is" : "answers are"} kept on this computer. `;
  }

  showEmpty() {
    this.root.classList.add("rc-nothing");
    const words = this.problem?.status === 0
      ? ["No connection", `${this.kept()}The next frame appears when you are back.`]
      : this.outbox.answered
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
    this.showState();
  }

  pictureBroken(item) {
    if (item.tour || this.changing?.frame === item.frame) return this.notices.pass(`The picture of ${visible(item.caption)} cannot be shown.`);
    this.notices.pass(`The picture of ${visible(item.caption)} cannot be shown; it is reported and the next frame is here.`);
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
      ready: drafts ? `${drafts} not saved, see the note` : "Ready", saving: `Saving ${answers} …`, saved: "All saved",
      offline: `${this.problem?.status ? visible(this.problem.message) : "Offline"}${n ? ` · ${answers} kept ${where}` : ""}`,
    };
    this.part("state").textContent = words[state];
    if (this.problem?.status === 401 || this.problem?.status === 409) {
      this.part("state").append(" ", el("a", { href: this.server.root.href, target: "_self", text: "Sign in" }));
    }
    this.showWaiting();
    if (!this.current && !this.tour.isOn && (this.problem || this.outbox.answered)) this.showEmpty();
  }

  // A frame whose picture cannot come: it says why, and nothing looks as if it could be pressed.
  showWaiting() {
    const isCutOff = Boolean(this.problem && this.current && this.picture.shown !== this.current.frame);
    this.part("wait").textContent = isCutOff
      ? `No connection. ${this.kept()}The next frame appears when you are back.` : "Loading the next frame …";
    for (const button of this.root.querySelectorAll(".rc-choice button")) {
      if (isCutOff) button.disabled = true;
      else if (this.wasCutOff) button.disabled = false;
    }
    this.wasCutOff = isCutOff;
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

  act(act, isShifted = false) {
    if (this.wording.act(act)) return;
    if (act === "help") return this.dialogs.help();
    if (act === "guideline") return this.dialogs.guideline();
    if (act === "undo") return this.deciding.undo();
    if (!this.current) return;
    if (act === "play") return this.player.toggle({ half: isShifted });
    if (act === "boxes" || act === "cameras") return this.around.toggle(act);
    if (["zoom", "zoom_in", "zoom_out", "before", "after", "up", "down"].includes(act)) return this.picture.steer(act);
    this.deciding.act(act);
  }

  escape(event, target) {
    if (this.keys.isTyping(target)) {
      target.blur();
      this.focus();
    } else if (this.picture.isZoomed) this.picture.resetZoom();
    else if (this.player.close()) event.preventDefault();
    else if ([this.strip, this.stack, this.around].filter((one) => one.comeBack()).length) event.preventDefault();
    else if (this.wording.isOpen) this.wording.back();
    else if (this.changing) this.deciding.stopChanging();
  }

  leaving(item, others = []) {
    for (const frame of [item.frame, ...others]) this.decided.add(frame);
    this.queue = this.queue.filter((one) => !this.decided.has(one.frame));
    this.notices.decided();
    this.showNext();
  }

  send(entry, item) {
    const { proposal, ...context } = item;
    const shown = proposal ? { ...context, proposal: { ...proposal, thought: "" } } : context;
    this.outbox.add({ token: newToken(), frame_id: item.frame, ...entry }, shown);
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
