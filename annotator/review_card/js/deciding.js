// What each decision key does to the frame on screen. A key saves what its button says, and nothing else saves.

const LEVEL_ACTS = { autonomy: "AUTONOMY", supervision: "SUPERVISION", teleoperation: "TELEOPERATION" };
const HURRIED_S = 1; // the server counts answers below it as unconfirmed
const LOOK_FIRST_MS = 600;

function flaggedWords(item) {
  return `Flagged for the lead: ${visible(item?.caption)}.`;
}

class Deciding {
  constructor(card) {
    this.card = card;
    this.hurried = 0; // answers in a row under HURRIED_S
    this.justDone = { at: -Infinity, acts: [], words: "" }; // what a key that comes at once may have been meant for
  }

  act(act) {
    const { card } = this;
    if (act in LEVEL_ACTS) return this.chooseLevel(LEVEL_ACTS[act]);
    if (act === "accept") return this.confirm();
    if (act === "stack") return this.card.stack.act();
    if (act === "take") return this.take();
    if (act === "edit") return this.edit();
    if (act === "unsure") return this.toggleUnsure();
    if (act === "implausible") return this.rejectClip();
    if ((act === "skip" || act === "flag") && !card.changing && !card.current.tour) card.dialogs.note(act);
  }

  // Enter, or the one large button.
  confirm() {
    const { current: item, changing, wording, tour } = this.card;
    if (item.tour) return tour.next();
    if (wording.isOpen) return wording.save();
    if (changing) return this.keep();
    if (this.mayAccept(item)) this.decide(item.proposal.level);
    else this.card.notices.pass(item.mode === "decide-first" && !item.first_level ? "Choose your level first." : "There is no proposal to accept: choose a level.");
  }

  // For a moment keys of these acts do nothing but say what was done already.
  done(words, acts = ["accept", "stack"]) {
    this.justDone = { at: performance.now(), acts, words };
  }

  // Whether a key comes so soon after what was just done that it was meant for that; it is told.
  isTooSoon(act) {
    const { at, acts, words } = this.justDone;
    if (!acts.includes(act) || performance.now() - at >= LOOK_FIRST_MS) return false;
    this.card.notices.pass(words);
    return true;
  }

  mayAccept(item) {
    return item.tour ? Boolean(this.card.tour.feedback) : Boolean(item.proposal?.level);
  }

  take() {
    const { current: item, wording } = this.card;
    if (wording.isChoice) this.decide(item.proposal.level);
  }

  chooseLevel(level) {
    const { current: item, changing, wording } = this.card;
    if (this.card.picture.shown !== item.frame) return; // nobody judges a picture that is not there yet
    if (item.tour) return this.card.tour.answer(level);
    if (item.mode === "decide-first" && !item.first_level) return this.ownLevel(item, level);
    const isProposed = item.proposal?.level === level;
    if (wording.isOpen) {
      if (wording.isChoice && level === wording.level) return wording.save();
      if (isProposed && !wording.isTyped && changing?.level !== level) return this.decide(level);
      return wording.setLevel(level);
    }
    if (changing?.level === level && !changing.reasoning) return this.keep();
    if (isProposed && changing?.level !== level) return this.decide(level);
    wording.open(level, changing?.reasoning ? changing : {});
    this.card.say(`${level}. What decides it?`);
  }

  // The proposal is on the server until the own level is there: there is nothing to peek at.
  async ownLevel(item, level) {
    if (item.asking) return;
    item.asking = true;
    const { card } = this;
    card.panel.pressed(level);
    try {
      const { frame } = await card.server.ask("own-level", { frame: item.frame, level });
      Object.assign(item, frame);
      item.waiting = false;
      if (card.current === item) this.showRevealed(item);
    } catch (error) {
      item.waiting = error.status === 0;
      if (error.status) card.notices.pass(error.message);
      else {
        card.problem = error;
        card.showState();
        card.outbox.flush(500);
      }
      if (card.current === item) card.panel.show(item, card.changing);
    } finally {
      item.asking = false;
    }
  }

  showRevealed(item) {
    const { card } = this;
    card.contextOf = null; // with the proposal a lead's card may lead to frames like this one
    card.showContext();
    if (item.proposal?.level) card.root.dataset.proposedLevel = item.proposal.level;
    card.offerAround(item);
    card.panel.show(item, card.changing);
    card.say(card.spoken(item));
    this.offerChoice(item);
  }

  // After an own level that the model does not share: both answers side by side, one key each.
  offerChoice(item) {
    if (this.card.changing || item.mode !== "decide-first" || !item.first_level || item.proposal?.level === item.first_level) return;
    const isChoice = Boolean(item.proposal?.level);
    this.card.wording.open(item.first_level, isChoice ? { isChoice, code: item.reason } : {});
  }

  edit() {
    const { current: item, changing: change, wording } = this.card;
    if (item.tour) return;
    if (wording.isOpen) return wording.write();
    const level = change?.level || item.proposal?.level;
    if (!level) return this.card.notices.pass("There is no text to edit yet: choose a level.");
    const from = change?.reasoning ? change : item.proposal;
    wording.open(level, { code: change?.reason_code, reasoning: visible(from?.reasoning), action: visible(from?.action) });
    wording.write();
  }

  toggleUnsure() {
    const { current: item } = this.card;
    if (item.tour) return;
    item.unsure = !item.unsure;
    this.card.panel.showUnsure(item);
    this.card.say(item.unsure ? "Marked as unsure." : "No longer marked as unsure.");
  }

  decide(level, { reasoning = null, action = null, code = null } = {}) {
    const { card } = this;
    const { current: item, changing: change } = card;
    if (card.picture.shown !== item.frame) return;
    if (card.stack.forAll && card.stack.showsNext(level)) return;
    const keepsLevel = item.proposal?.level === level;
    const isAccepted = !reasoning || (keepsLevel && reasoning === visible(item.proposal.reasoning) && action === visible(item.proposal.action));
    const words = isAccepted ? { reasoning: null, action: null, reason_code: null } : { reasoning, action, reason_code: code || null };
    if (change && this.isAsBefore(level, words)) return this.stopChanging();
    const seconds = Math.round((performance.now() - card.shownAt) / 10) / 100;
    const token = newToken();
    const entry = {
      token, kind: "decision", level, ...words, guideline_version: card.guideline, seconds_shown: seconds,
      ...(item.unsure && { is_unsure: true }),
      ...(card.player.secondsPlayed && { seconds_played: card.player.secondsPlayed }),
      ...(item.first_level && { first_level: item.first_level }),
      ...(change && { supersedes_token: change.token }),
      ...card.stack.taken(token),
    };
    card.outbox.kept.drop("draft", item.frame);
    card.leaving(item, entry.others);
    card.send(entry, item);
    this.count(seconds);
  }

  isAsBefore(level, words) {
    const { changing: change, current: item } = this.card;
    const isSame = ["reasoning", "action", "reason_code"].every((name) => (change[name] || null) === words[name]);
    return isSame && level === change.level && !change.unconfirmed && Boolean(item.unsure) === Boolean(change.unsure);
  }

  count(seconds) {
    const { card } = this;
    this.hurried = seconds < HURRIED_S ? this.hurried + 1 : 0;
    if (this.hurried >= 2) {
      card.notices.pass(`${this.hurried} answers in a row in under a second each. They count as unconfirmed; `
        + `${keyLabel(card.keys.keyFor("undo"))} brings the last one back to confirm it.`);
    }
    if (card.side.worked() && !card.notices.wantsBreak) {
      card.notices.wantsBreak = true;
      card.notices.draw();
    }
  }

  note(kind, reason) {
    const { card } = this;
    const item = card.current;
    if (kind === "skip") {
      card.outbox.kept.drop("draft", item.frame);
      card.leaving(item);
    } else card.notices.pass(flaggedWords(item));
    card.send({ kind, reason }, item);
    // The dialog took Enter and digits; pressed twice, they would decide a frame.
    this.done(kind === "skip" ? "The frame before is skipped already. This is the next one." : "The flag is sent already. Now judge the frame.",
      ["accept", "stack", "take", ...Object.keys(LEVEL_ACTS)]);
  }

  // One key, the whole clip, for everybody; it can be taken back here, later by a lead.
  rejectClip() {
    const { card } = this;
    const item = card.current;
    if (!item.generated || item.tour || card.changing) return card.say("Only a generated clip can be rejected.");
    const clip = card.queue.filter((one) => one.generated === item.generated);
    for (const one of [item, ...clip]) {
      card.decided.add(one.frame);
      card.outbox.kept.drop("draft", one.frame);
    }
    card.queue = card.queue.filter((one) => !card.decided.has(one.frame));
    card.notices.rejectedClip = { caption: item.caption, item, frames: [item, ...clip].map((one) => one.frame) };
    card.notices.draw();
    card.showNext();
    card.send({ kind: "implausible" }, item);
  }

  takeClipBack() {
    const { card } = this;
    const { item, frames } = card.notices.rejectedClip;
    for (const frame of frames) card.decided.delete(frame);
    card.notices.rejectedClip = null;
    card.notices.draw();
    card.send({ kind: "plausible" }, item);
  }

  // Brings back the last decision, then the one before it; choosing again supersedes it.
  undo() {
    const { card } = this;
    if (card.tour.isOn) return;
    const five = card.side.lastFive();
    const place = card.changing ? five.findIndex((one) => one.frame === card.changing.frame) + 1 : 0;
    if (five[place]) this.change(five[place]);
    else card.notices.pass(place ? "Older answers are under My frames." : "There is no answer to take back yet.");
  }

  change(decision) {
    const { card } = this;
    if (card.tour.isOn) return;
    card.changing = null;
    card.stack.takeBack(decision);
    const item = { ...decision };
    card.current = item;
    card.warm();
    card.showItem(item, decision);
    card.say(`Changing ${visible(decision.caption)}: you said ${decision.level}.`);
  }

  // The own answer stays. Only confirming a hurried one, or another mark beside it, is worth a row.
  keep() {
    const { level, reasoning, action, reason_code: code } = this.card.changing;
    this.decide(level, { reasoning: reasoning || null, action: action || null, code: code || null });
  }

  stopChanging() {
    this.card.showNext();
  }
}
