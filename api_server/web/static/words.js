// Numbers, times and names as people read them.

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const NAMES = { recorder: "recording", emotion: "emotion", license_plate: "license plate", recognition: "known faces" };
export const analysisName = (analysis) => NAMES[analysis] ?? analysis.replaceAll("_", " ");

/** A <time> in local time, with UTC on hover. */
export function timeOf(us) {
  const date = new Date(us / 1000);
  const element = document.createElement("time");
  element.dateTime = date.toISOString();
  element.title = `${date.toISOString().replace("T", " ").slice(0, 19)} UTC`;
  const isToday = date.toDateString() === new Date().toDateString();
  element.textContent = isToday ? timeFormat.format(date) : `${dayFormat.format(date)}, ${timeFormat.format(date)}`;
  return element;
}

export const dateOf = (us) => dateFormat.format(new Date(us / 1000));

/** 7.4 s, 1:05, 2:03:04 */
export function duration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(seconds).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** Seconds behind: 0.4 s, 12 s, 3 min, 2 h */
export function span(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${count >= 100 || unit === 0 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export const percent = (share) => `${Math.round(share * 100)} %`;
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
