// An operator's answers on their way to the server: kept in this browser until it has them, each sent until then.

class Answers {
  constructor(console_) {
    this.console = console_;
    this.kept = console_.kept;
    this.running = false;
    this.failures = 0;
    this.flush();
  }

  // about: what the answer is about, for people; act: the address that takes it.
  add(answer, about, act = "answer") {
    this.kept.put("answer", this.kept.nextName(answer.token), { answer, feed: about, act });
    this.flush();
  }

  ofAct(act) {
    return this.kept.all("answer").map(([, one]) => one).filter((one) => (one.act || "answer") === act).map((one) => one.answer);
  }

  // Alerts that an answer on its way will end are not shown again meanwhile.
  pendingEnds() {
    return new Set(this.ofAct("answer").filter((answer) => answer.response !== "watching").map((answer) => answer.alert_id));
  }

  pendingAcknowledged() {
    return new Set(this.ofAct("acknowledge").flatMap((answer) => answer.alert_ids));
  }

  async flush() {
    if (this.running) return;
    this.running = true;
    try {
      for (let next = this.kept.all("answer")[0]; next; next = this.kept.all("answer")[0]) await this.send(...next);
      this.failures = 0;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.failures += 1;
      this.console.tell(`Your answer about ${visible(this.kept.all("answer")[0]?.[1].feed || "a feed")} is kept here until the server has it.`);
      setTimeout(() => this.flush(), Math.min(5000, 400 * 2 ** this.failures));
    } finally {
      this.running = false;
    }
  }

  async send(name, one) {
    const act = one.act || "answer";
    try {
      await this.console.server.ask(act, one.answer);
    } catch (error) {
      const isFinal = [400, 403, 409, 422].includes(error.status);
      if (!isFinal) throw error;
      this.console.tell(`Not saved for ${visible(one.feed)}: ${visible(error.message)}`);
    }
    if (act === "acknowledge") await this.console.askMatters(() => this.kept.drop("answer", name));
    else this.kept.drop("answer", name);
  }
}
