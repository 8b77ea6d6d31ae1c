// Text for people. Quantities and money are decimal strings and stay so: `Number` is for drawing only.

/** `1234567.50` as `1,234,567.50`. Every digit of the ledger is shown. */
export function number(text) {
  if (text == null) return "";
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(String(text)) ?? [];
  if (whole === undefined) return String(text);
  return `${sign === "-" ? "−" : ""}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest}`;
}

/** As `number`, cut to so many decimals, half away from zero: for averages and sums, whose last digits nobody reads. Of a small amount
 *  two digits are shown, however small it is: 0.00001 BTC is not nothing. */
export function rounded(text, decimals = 2) {
  if (text == null) return "";
  const [, zeros] = /^-?0\.(0*)[1-9]/.exec(String(text)) ?? [];
  const digits = Math.min(String(text).split(".")[1]?.length ?? 0, (zeros?.length ?? -2) + 2);
  return number(cut(String(text), Math.max(decimals, digits)));
}

/** As `rounded`, without zeros at the end: for average prices. */
export function price(text, decimals = 6) {
  const shown = rounded(text, decimals);
  return shown.includes(".") ? shown.replace(/\.?0+$/, "") : shown;
}

/** An average price in about seven digits, for a narrow column. */
export const shortPrice = (text) => price(text, Math.max(2, 7 - (/\d+/.exec(text ?? "")?.[0].length ?? 7)));

export function cut(text, decimals) {
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!parts) return text;
  const [, sign, whole, fraction = ""] = parts;
  const digits = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0")) + (fraction[decimals] >= "5" ? 1n : 0n);
  const padded = String(digits).padStart(decimals + 1, "0");
  const cutOff = decimals ? `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}` : padded;
  return digits ? sign + cutOff : cutOff;
}

/** The exact sum of decimal strings. */
export function sum(texts) {
  const given = texts.filter((text) => text != null).map(String);
  const decimals = Math.max(0, ...given.map((text) => text.split(".")[1]?.length ?? 0));
  const total = given.reduce((before, text) => before + scaled(text, decimals), 0n);
  const padded = String(total < 0n ? -total : total).padStart(decimals + 1, "0");
  const shown = decimals ? `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}` : padded;
  return total < 0n ? `-${shown}` : shown;
}

function scaled(text, decimals) {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(decimals, "0"));
}

export const isNegative = (text) => text != null && /^-.*[1-9]/.test(text);
export const isZero = (text) => text == null || !/[1-9]/.test(text);

/** `{"USD": "1.5"}` as `1.50 USD`. */
export function amounts(byCurrency, decimals = 2) {
  const shown = Object.entries(byCurrency ?? {}).filter(([, amount]) => !isZero(amount));
  return shown.map(([currency, amount]) => `${rounded(amount, decimals)} ${currency}`.trim()).join(", ");
}

/** The time of day in UTC: to the millisecond if it is today's, else to the second with its date. */
export function time(text) {
  if (!text) return "";
  const [day, clock = ""] = text.split("T");
  return day === new Date().toISOString().slice(0, 10) ? clock.replace("Z", "").slice(0, 12) : `${day} ${clock.slice(0, 8)}`;
}

/** The time of day in UTC, to the microsecond. */
export const clock = (text) => (text ? text.split("T")[1].replace("Z", "") : "");

/** Date and time as they were stored, to the microsecond. */
export const fullTime = (text) => (text ? `${text.replace("T", " ").replace("Z", "")} UTC` : "");

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** `3 min 5 s`: the two largest units. Under ten seconds to two digits, under a second in ms, under ten ms in µs. */
export function duration(seconds) {
  if (seconds == null || Number.isNaN(seconds)) return "";
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? "−" : "";
  if (size < 0.01) return `${sign}${Math.round(size * 1e6)} µs`;
  if (size < 1) return `${sign}${Math.round(size * 1e3)} ms`;
  if (size < 10) return `${sign}${size.toFixed(2)} s`;
  const at = UNITS.findIndex(([, length]) => size >= length);
  const [unit, length] = UNITS[at];
  const first = Math.floor(size / length);
  const smaller = UNITS[at + 1];
  const second = smaller && first < 100 ? Math.floor((size % length) / smaller[1]) : 0;
  return `${sign}${first} ${unit}${second ? ` ${second} ${smaller[0]}` : ""}`;
}

export const seconds = (from, to) => (Date.parse(to) - Date.parse(from)) / 1000;

/** Microseconds between two stored times. `Date.parse` drops what is below a millisecond. */
export function microseconds(from, to) {
  const below = (text) => Number((/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(6, "0").slice(3, 6));
  return (Date.parse(to) - Date.parse(from)) * 1000 + below(to) - below(from);
}

/** `partially_filled` as `partially filled`. */
export const words = (code) => (code == null ? "" : String(code).replaceAll("_", " "));

export const plural = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** JSON as text with indents, for payloads. */
export const json = (value) => JSON.stringify(value, null, 2);
