// Server-sent events, read by fetch: EventSource cannot send a token. A broken stream resumes after the last id it gave.
import { headers, request } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
// The server sends a comment every 15 s, so that a longer silence is a dead connection.
const SILENCE = 40_000;

/**
 * Follow a stream until `close` is called. `onEvent(name, data, id)` gets each event, once and in order.
 * `onState(state, error)`: "connecting", "live", "reconnecting", or "refused" if the server will not have us.
 */
export function follow(url, { after, onEvent, onState }) {
  let last = after;
  let closed = false;
  let abort = new AbortController();
  let wake = () => {};

  run();
  return {
    close() {
      closed = true;
      abort.abort();
      wake();
    },
    /** Try again at once, for example when the browser is online again. */
    retry: () => wake(),
  };

  async function run() {
    let wait = FIRST_WAIT;
    onState("connecting");
    while (!closed) {
      let error = null;
      try {
        await connection(() => {
          wait = FIRST_WAIT;
          onState("live");
        });
      } catch (fault) {
        error = fault;
      }
      if (closed) return;
      if (error?.status >= 400 && error.status < 500 && error.status !== 429) return onState("refused", error);
      onState("reconnecting", error);
      await pause(wait * (0.75 + Math.random() / 2));
      wait = Math.min(LONGEST_WAIT, wait * 2);
    }
  }

  function pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function connection(onOpen) {
    abort = new AbortController();
    const resume = last == null ? {} : { "Last-Event-ID": String(last) };
    const answer = await request(url, { headers: headers({ Accept: "text/event-stream", ...resume }), signal: abort.signal });
    onOpen();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const take = parser((name, data, id) => {
      // What a reader does with an event must not end the stream: the fault is shown in the console.
      try {
        onEvent(name, data, id);
      } catch (fault) {
        console.error(fault);
      }
      if (id != null) last = id;
    });
    for (;;) {
      const silent = setTimeout(() => abort.abort(), SILENCE);
      const { value, done } = await reader.read().finally(() => clearTimeout(silent));
      if (done) return;
      take(value);
    }
  }
}

/** A function that takes pieces of text, and calls `emit(name, data, id)` for each whole event. */
export function parser(emit) {
  let rest = "";
  let name = "message";
  let data = [];
  let id = null;

  function line(text) {
    if (text === "") {
      if (data.length) emit(name, data.join("\n"), id);
      [name, data, id] = ["message", [], null];
      return;
    }
    if (text.startsWith(":")) return;
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(text);
    if (field === "event") name = value;
    if (field === "data") data.push(value ?? "");
    if (field === "id") id = value;
  }

  return (piece) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const text of lines) line(text.endsWith("\r") ? text.slice(0, -1) : text);
  };
}
