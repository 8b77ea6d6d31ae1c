// The frame of every page: navigation, the state of the connection, time travel, shortcuts, and the page that the URL names.
import { html, render, effect, useEffect, useState } from "./ui.js";
import { isRefused, setToken, token } from "./api.js";
import { me, start } from "./live.js";
import { route } from "./router.js";
import { Notice, Waiting } from "./parts.js";
import { Header } from "./header.js";
import { TimeBar } from "./time_travel.js";
import { Help, listen } from "./shortcuts.js";

/** Each page is loaded when it is first shown, so that the first one is there soon; the others a little later. */
const VIEWS = {
  orders: () => import("./pages/orders.js").then((module) => module.Orders),
  order: () => import("./pages/order.js").then((module) => module.Order),
  proposals: () => import("./pages/proposals.js").then((module) => module.Proposals),
  results: () => import("./pages/results.js").then((module) => module.Results),
  reconciliation: () => import("./pages/reconciliation.js").then((module) => module.Reconciliation),
  accounts: () => import("./pages/accounts.js").then((module) => module.Accounts),
  health: () => import("./pages/health.js").then((module) => module.Health),
};
const LATER = 3000;
setTimeout(() => Object.values(VIEWS).forEach((load) => load().catch(() => {})), LATER);
const first = VIEWS[route.peek().page]?.(); // Begins to load beside the first question to the server.
first?.catch(() => {});

function App() {
  const [fault, setFault] = useState(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    start().then(() => setFault(null), (error) => {
      setFault(error);
      if (error.status === 0 || error.status >= 500) setTimeout(() => setTries((before) => before + 1), 3000);
    });
  }, [tries, token.value]);

  const { page } = route.value;
  const needsToken = me.value?.needs_token && (!token.value || isRefused.value || me.value.roles?.length === 0);
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <${Header} />
    <${TimeBar} />
    <main id="main" tabindex="-1" class=${page}>
      <${Notice} error=${me.value || isRefused.value ? null : fault} />
      ${needsToken || isRefused.value ? html`<${AskForToken} onGiven=${() => setTries((before) => before + 1)} />` : me.value && html`<${Shown} page=${page} />`}
    </main>
    <${Help} />`;
}

function Shown({ page }) {
  const [found, setFound] = useState({});
  useEffect(() => {
    VIEWS[page]?.().then((View) => setFound({ page, View }), () => setFound({ page, isMissing: true }));
  }, [page]);
  if (!VIEWS[page]) return html`<${Notice}>There is no page “${page}”.</${Notice}>`;
  if (found.page !== page) return html`<${Waiting} />`;
  if (found.isMissing) return html`<${Notice}>The server does not answer. Reload the page when it does.</${Notice}>`;
  return html`<${found.View} key=${page} />`;
}

function skip(event) {
  event.preventDefault();
  (document.querySelector("main [role=grid]") ?? document.getElementById("main")).focus();
}

function AskForToken({ onGiven }) {
  const [text, setText] = useState("");
  const give = (event) => {
    event.preventDefault();
    setToken(text.trim());
    onGiven();
  };
  return html`<form class="card token" onSubmit=${give}>
    <h1>A token is needed</h1>
    ${isRefused.value && token.value && html`<${Notice}>The server refuses this token. Is it in the tokens file of the server?</${Notice}>`}
    <p>This server asks for a token. It is kept in this tab only, until the tab is closed.</p>
    <label class="field"><span>Token</span><input type="password" name="token" value=${text} autocomplete="off" onInput=${(event) => setText(event.target.value)} autofocus /></label>
    <button type="submit" class="primary" disabled=${!text.trim()}>Use this token</button>
  </form>`;
}

effect(() => {
  const { page, path } = route.value;
  document.title = `${path.at(-1) ?? page} · orderledger`;
});
listen();
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
