// When which picture of a moment is due. Times are in seconds before the frame: negative, rising, 0 the frame itself.

const LONGEST_STEP_S = 0.25; // a tab that was asleep goes on where it was

class Timeline {
  /** @param {number[]} times */
  constructor(times) {
    this.times = times;
    this.rate = 1;
    this.rewind();
  }

  rewind() {
    this.at = this.times[0] ?? 0;
  }

  get last() {
    return this.times[this.times.length - 1] ?? 0;
  }

  get isOver() {
    return this.at >= this.last;
  }

  // The place of the picture that is due: the latest one not after `at`.
  get place() {
    let place = 0;
    while (place + 1 < this.times.length && this.times[place + 1] <= this.at) place += 1;
    return place;
  }

  /**
   * Go on by so much of the clock, but not past a picture that is not there yet.
   * @param {number} elapsed_s
   * @param {(place: number) => boolean} isThere
   * @returns {number} how much of the clock was used
   */
  advance(elapsed_s, isThere) {
    const used = Math.min(elapsed_s, LONGEST_STEP_S);
    const wanted = Math.min(this.last, this.at + used * this.rate);
    let place = this.place;
    while (place + 1 < this.times.length && this.times[place + 1] <= wanted) {
      if (!isThere(place + 1)) return 0;
      place += 1;
    }
    this.at = wanted;
    return used;
  }
}
