// An operator's answers on their way to the server: kept in this browser until it has them, each sent until then.

class Answers {
  constructor(console_) {
    this.console = console_;
    this.kept = console_.kept;
    this.running = false;
    this.failures = 0;
    this.flush();
  }

  add(answer, feed) {
    this.kept.put("answer", this.kept.nextName(answer.token), { answer, feed });
    this.flush();
  }

  // Alerts that an answer on its way will end are not shown again meanwhile.
  pendingEnds() {
    return new Set(this.kept.all("answer").filter(([, one]) => one.answer.response !== "watching").map(([, one]) => one.answer.alert_id));
  }

  async flush() {
    if (this.running) return;
    this.running = true;
    try {
      for (const [name, one] of this.kept.all("answer")) await this.send(name, one);
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
    try {
      await this.console.server.ask("answer", one.answer);
    } catch (error) {
      const isFinal = [400, 403, 409, 422].includes(error.status);
      if (!isFinal) throw error;
      this.console.tell(`Not saved for ${visible(one.feed)}: ${visible(error.message)}`);
    }
    this.kept.drop("answer", name);
  }
}
