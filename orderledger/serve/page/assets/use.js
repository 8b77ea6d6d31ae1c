// Hooks that pages share: data that follows the ledger, media queries, the clock.
import { signal, useEffect, useState } from "./ui.js";
import { moments } from "./router.js";
import { refreshed } from "./live.js";

/**
 * The answer of `load(abort)`, loaded again when `inputs` or the moments change, and when the log grows.
 * Returns {data, error, isLoading}. The old answer stays until the new one is there.
 */
export function useData(load, inputs = [], every = 2000) {
  const [found, setFound] = useState({ data: null, error: null, isLoading: true });
  useEffect(() => {
    const abort = new AbortController();
    const take = (data) => !abort.signal.aborted && setFound({ data, error: null, isLoading: false });
    const fail = (error) => {
      if (!abort.signal.aborted) setFound((before) => ({ ...before, error, isLoading: false }));
      return error.status !== 0 && !(error.status >= 500);
    };
    const end = refreshed(() => load(abort.signal).then(take, fail), every);
    return () => {
      end();
      abort.abort();
    };
  }, [...inputs, JSON.stringify(moments.value)]);
  return found;
}

/** As `useData`, for what changes without the log: loaded again when `inputs` change, and every `every` milliseconds while the tab is shown. */
export function usePolled(load, inputs = [], every = 2000) {
  const [found, setFound] = useState({ data: null, error: null, isLoading: true });
  useEffect(() => {
    const abort = new AbortController();
    const keep = (next) => !abort.signal.aborted && setFound(next);
    const ask = () => load(abort.signal).then((data) => keep({ data, error: null, isLoading: false }), (error) => keep((before) => ({ ...before, error, isLoading: false })));
    const timer = setInterval(() => !document.hidden && ask(), every);
    ask();
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, inputs);
  return found;
}

const narrow = matchMedia("(max-width: 700px)");
/** Whether the window is as narrow as a phone's. */
export const isNarrow = signal(narrow.matches);
narrow.addEventListener("change", () => (isNarrow.value = narrow.matches));

/** The time by this machine's clock, to the second, for ages. */
export const now = signal(Date.now());
setInterval(() => !document.hidden && (now.value = Date.now()), 1000);
