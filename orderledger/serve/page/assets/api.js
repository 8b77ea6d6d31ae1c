// Requests to the server this page came from, and its errors in words. No other host is ever asked.
import { signal } from "./ui.js";
import { moments } from "./router.js";

const KEPT = "orderledger.token";

/** The bearer token, kept until the browser's tab is closed. Empty where the server needs none. */
export const token = signal(sessionStorage.getItem(KEPT) ?? "");

/** Set when the server refused the token: the page then asks for another. */
export const isRefused = signal(false);

export function setToken(text) {
  token.value = text;
  isRefused.value = false;
  if (text) sessionStorage.setItem(KEPT, text);
  else sessionStorage.removeItem(KEPT);
}

/** An answer that is not 2xx, or none. `message` is a sentence for people; `status` is 0 where nobody answered. */
export class ApiError extends Error {
  constructor(status, message, problem = {}) {
    super(message);
    this.status = status;
    this.problem = problem;
  }
}

export function headers(more = {}) {
  return token.value ? { ...more, Authorization: `Bearer ${token.value}` } : more;
}

export function address(path, params = {}) {
  const given = Object.entries(params).filter(([, value]) => value != null && value !== "" && value !== false);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query ? `${path}?${query}` : path;
}

/** GET as JSON, about the present. */
export async function get(path, params, abort) {
  return (await request(address(path, params), { headers: headers({ Accept: "application/json" }), signal: abort })).json();
}

/** GET as JSON, about the moments that the URL names. */
export function query(path, params, abort) {
  return get(path, { ...params, ...moments.value }, abort);
}

export async function post(path, body) {
  const given = { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: JSON.stringify(body) };
  return (await request(path, given)).json();
}

/** All rows of a list, page after page, up to `most`. */
export async function all(path, params, { most = 5000, abort } = {}) {
  const rows = [];
  let after = null;
  do {
    const found = await query(path, { limit: Math.min(5000, most - rows.length), ...params, after }, abort);
    rows.push(...found.rows);
    after = found.after;
  } while (after && rows.length < most);
  return { rows, after };
}

export async function request(url, options) {
  let answer;
  try {
    answer = await fetch(url, { cache: "no-store", credentials: "omit", redirect: "error", ...options });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new ApiError(0, "The server does not answer. Is `orderledger serve` running?");
  }
  if (!answer.ok) throw await errorOf(answer);
  return answer;
}

async function errorOf(answer) {
  if (answer.status === 401) isRefused.value = true;
  let problem = {};
  try {
    problem = await answer.json();
  } catch {
    // No problem document: the status alone has to do.
  }
  return new ApiError(answer.status, sentence(answer.status, problem), problem);
}

function sentence(status, problem) {
  const said = [problem.title, problem.detail].filter(Boolean).join(": ") || `The server answered with status ${status}.`;
  const where = problem.field ? ` (${problem.field}${problem.fault ? `: ${problem.fault}` : ""})` : "";
  if (status === 401) return `The server refuses this token. ${said}`;
  if (status === 403) return `This token may not do that. ${said}`;
  if (status === 503) return `The server is busy. ${said}`;
  return said + where;
}
