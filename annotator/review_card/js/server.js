// Asking the app's own routes. Nothing else is ever asked.

class Unanswered extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status; // 0: no connection
  }
}

class Server {
  constructor(person, { place = "card", timeout_ms = 15000 } = {}) {
    this.person = person;
    this.place = place;
    this.timeout_ms = timeout_ms;
    // Routes lie beside the page, whichever of the app's pages this is.
    this.root = new URL(".", document.baseURI.split(/[?#]/)[0]);
  }

  async ask(act, body = {}) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), this.timeout_ms);
    let answer;
    try {
      answer = await fetch(new URL(`${this.place}/${act}`, this.root), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ person: this.person, ...body }),
        credentials: "same-origin",
        signal: stop.signal,
      });
    } catch {
      throw new Unanswered(0, "No connection to the server.");
    } finally {
      clearTimeout(timer);
    }
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Unanswered(answer.status, told.reason || "The server could not answer.");
    return told;
  }
}
