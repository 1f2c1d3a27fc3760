// Moments of a video; presentation/clock.py writes them in the same way.

/** Seconds from the start as minutes and seconds, to a tenth. */
export function clock(moment) {
  const tenths = Math.floor(moment * 10 + 0.5);
  const whole = Math.floor(tenths / 10);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const two = (number) => String(number).padStart(2, "0");
  const head = hours ? `${hours}:${two(minutes)}` : minutes;
  return `${head}:${two(whole % 60)}.${tenths % 10}`;
}

/** A length of time in words, in its two largest units. */
export function lengthOf(seconds) {
  const whole = Math.max(Math.round(seconds), 1);
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ].filter(([count]) => count > 0);
  return parts.slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(" ");
}
