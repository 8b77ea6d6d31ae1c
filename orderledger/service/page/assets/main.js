// The frame of every page: navigation, the state of the connection, time travel, shortcuts, and the page that the URL names.
import { html, render, effect, useEffect, useState } from "./ui.js";
import { isRefused, setToken, token } from "./api.js";
import { me, start } from "./live.js";
import { route } from "./router.js";
import { Notice } from "./parts.js";
import { Header } from "./header.js";
import { TimeBar } from "./time_travel.js";
import { Help, listen } from "./shortcuts.js";
import { Orders } from "./pages/orders.js";
import { Order } from "./pages/order.js";
import { Proposals } from "./pages/proposals.js";
import { Results } from "./pages/results.js";
import { Reconciliation } from "./pages/reconciliation.js";
import { Accounts } from "./pages/accounts.js";
import { Health } from "./pages/health.js";

const VIEWS = { orders: Orders, order: Order, proposals: Proposals, results: Results, reconciliation: Reconciliation, accounts: Accounts, health: Health };

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
  const View = VIEWS[page];
  const needsToken = me.value?.needs_token && (!token.value || isRefused.value || me.value.roles?.length === 0);
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
    <${Header} />
    <${TimeBar} />
    <main id="main" tabindex="-1" class=${page}>
      <${Notice} error=${me.value || isRefused.value ? null : fault} />
      ${needsToken || isRefused.value ? html`<${AskForToken} onGiven=${() => setTries((before) => before + 1)} />` : me.value && (View ? html`<${View} key=${page} />` : html`<${Notice}>There is no page “${page}”.</${Notice}>`)}
    </main>
    <${Help} />`;
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
