// What levels and reasons are called on the console.

const MARKS = { AUTONOMY: "●", SUPERVISION: "▲", TELEOPERATION: "■", UNKNOWN: "◇" };
const REASONS = ["Nothing is there", "The vehicle copes", "It is over already", "Somebody else deals with it"];
const TOLD_MS = 6000;
const DID = { taken_over: "Taken over", watching: "Watching", not_needed: "Not needed" };
const IS_TOUCHED = matchMedia("(pointer: coarse)").matches; // a phone, on which nobody presses keys

function feeds(n) {
  return n === 1 ? "1 feed" : `${n} feeds`;
}

function alertsOf(n) {
  return n === 1 ? "1 alert" : `${n} alerts`;
}

function age(seconds) {
  const s = Math.max(0, Math.round(seconds));
  return s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function clock(us) {
  return new Date(us / 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

function someOf(names, most = 4) {
  const shown = names.length === most + 1 ? names.length : most; // "and 1 more" is no shorter than its name
  const some = names.slice(0, shown).map(visible).join(", ");
  return names.length > shown ? `${some} and ${names.length - shown} more` : some;
}

// "taken over by olga", "not needed 12 s ago"
function answeredWords(answered) {
  return answered.how === "taken_over" ? `taken over by ${answered.who}` : `not needed ${age(answered.age_s)} ago`;
}
