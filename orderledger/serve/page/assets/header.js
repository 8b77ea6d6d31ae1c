// The header: pages, the state of the connection, the log position, the theme.
import { html, useEffect, useRef } from "./ui.js";
import { setToken, token } from "./api.js";
import { connection, me, position, status } from "./live.js";
import { isPast, link, PAGES, route } from "./router.js";
import { duration } from "./format.js";
import { now } from "./use.js";
import { nextTheme, SIGNS, theme } from "./theme.js";
import { showsHelp } from "./shortcuts.js";
import { showsTimes } from "./time_travel.js";

export function Header() {
  const { page } = route.value;
  const pages = useRef(null);
  // On a narrow screen the pages scroll: the one that is shown is in sight. `scrollIntoView` would move where Tab begins.
  useEffect(() => {
    const [nav, shown] = [pages.current, pages.current.querySelector("[aria-current]")];
    if (shown) nav.scrollLeft = shown.offsetLeft - nav.offsetLeft - (nav.clientWidth - shown.offsetWidth) / 2;
  }, [page]);
  return html`<header class="top">
    <a class="brand" href=${link("orders")} aria-label="orderledger, orders"><img src="/assets/icon.svg" alt="" width="18" height="18" /> <b>orderledger</b></a>
    <nav aria-label="Pages" ref=${pages}>${PAGES.map(({ name, title, key }) => html`<a key=${name} href=${link(name)}
      aria-current=${name === page || (page === "order" && name === "orders") ? "page" : undefined} title=${`${title} (${key})`}>${title}</a>`)}</nav>
    <div class="state">
      <${AlertCount} /><${Connection} />
      <button type="button" class="quiet" aria-expanded=${showsTimes.value} aria-controls="times" onClick=${() => (showsTimes.value = !showsTimes.value)} title="Time travel (t)">
        <span aria-hidden="true">◷</span> ${isPast.value ? "Past" : "Now"}</button>
      <button type="button" class="quiet" onClick=${nextTheme} aria-label=${`Theme: ${theme.value}`} title=${`Theme: ${theme.value} (d)`}>${SIGNS[theme.value]}</button>
      <button type="button" class="quiet" onClick=${() => (showsHelp.value = true)} aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">?</button>
      ${token.value && html`<button type="button" class="quiet" onClick=${() => setToken("")} title="Forget the token in this tab">Sign out</button>`}
    </div>
  </header>`;
}

/** The number of open alerts in the header, while there is one. */
function AlertCount() {
  const open = status.value.alerts?.open ?? 0;
  if (!open) return "";
  return html`<a class="alert-count" href=${link("health")} title="Open alerts"><span aria-hidden="true">⚠</span> ${open}<span class="hidden"> open ${open === 1 ? "alert" : "alerts"}</span></a>`;
}

/** What the page shows: the present as it happens, an older present, or a past moment. */
function Connection() {
  const { state, since, error } = connection.value;
  if (isPast.value) return html`<${State} tone="past" sign="◷" text="Past moment" about="This page shows a past moment. It does not change." />`;
  if (state === "live") {
    const behind = status.value.views_behind;
    const text = behind > 0 ? `Live, ${behind.toLocaleString("en")} behind` : "Live";
    return html`<${State} tone="live" sign="●" text=${text} about="Changes arrive as they are recorded." /><span class="position" title="Log position">#${position.value.toLocaleString("en")}</span>`;
  }
  if (state === "refused" || (me.value?.needs_token && !token.value)) return html`<${State} tone="lost" sign="⊘" text="Not signed in" about=${error?.message} />`;
  const age = duration(Math.max(0, Math.round((now.value - since) / 1000)));
  if (state === "connecting") return html`<${State} tone="lost" sign="◌" text="Connecting" about="" />`;
  return html`<${State} tone="lost" sign="↻" text=${`Reconnecting, ${age}`} about=${error?.message ?? "The server closed the stream. What is shown may be old."} />`;
}

const State = ({ tone, sign, text, about }) => html`<span class=${`connection ${tone}`} role="status" title=${about}><span aria-hidden="true">${sign}</span> <span class="text">${text}</span></span>`;
