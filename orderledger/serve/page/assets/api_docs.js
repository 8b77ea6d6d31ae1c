// The OpenAPI document as a page: every path with its parameters, bodies and answers. Nothing is loaded from elsewhere.
import { get } from "./api.js";
import { html, render } from "./ui.js";

const METHODS = ["get", "post"];
const place = document.getElementById("docs");

try {
  const api = await get("/api/openapi.json");
  render(html`<${Document} api=${api} />`, place);
} catch (fault) {
  const hint = fault.status === 401 ? html` Give the token on <a href="/">the page</a> first: this tab keeps it.` : "";
  render(html`<p class="notice bad" role="alert">${fault.message}${hint}</p>`, place);
}

function Document({ api }) {
  const paths = Object.entries(api.paths);
  return html`
    <h1>HTTP API of ${api.info.title} ${api.info.version}</h1>
    <p>${api.info.description}</p>
    <p>The document for programs: <a href="/api/openapi.json">/api/openapi.json</a>. The ledger in the browser: <a href="/">the page</a>.</p>
    <nav aria-label="Paths"><ul>${paths.map(([path]) => html`<li><a href=${`#${path}`}>${path}</a></li>`)}</ul></nav>
    ${paths.map(([path, item]) => METHODS.filter((method) => item[method]).map((method) => html`<${Operation} path=${path} method=${method} told=${item[method]} />`))}
    <h2>Schemas</h2>
    ${Object.entries(api.components.schemas).map(([name, schema]) => html`<${Schema} name=${name} schema=${schema} />`)}`;
}

function Operation({ path, method, told }) {
  return html`<section class="card" id=${path}>
    <h2><code>${method.toUpperCase()} ${path}</code></h2>
    <p>${[told.summary, told.description].filter(Boolean).join(" ")}</p>
    ${told.parameters?.length ? html`<${Parameters} rows=${told.parameters} />` : ""}
    ${told.requestBody ? html`<p>Body: ${typesOf(told.requestBody.content)}</p>` : ""}
    <table><thead><tr><th>Status</th><th>Answer</th><th>Content</th></tr></thead><tbody>
      ${Object.entries(told.responses).map(([status, answer]) => html`<tr><td>${status}</td><td>${answer.description}</td><td>${typesOf(answer.content)}</td></tr>`)}
    </tbody></table>
  </section>`;
}

function Parameters({ rows }) {
  return html`<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th>Meaning</th></tr></thead><tbody>
    ${rows.map((row) => html`<tr><td><code>${row.name}</code></td><td>${row.in}</td><td>${typeOf(row.schema)}</td><td>${row.description ?? ""}</td></tr>`)}
  </tbody></table>`;
}

function Schema({ name, schema }) {
  return html`<details class="card" id=${`schema-${name}`}><summary><code>${name}</code> ${schema.description ?? ""}</summary>
    <table><thead><tr><th>Field</th><th>Type</th><th>Meaning</th></tr></thead><tbody>
      ${Object.entries(schema.properties ?? {}).map(([field, told]) => html`<tr><td><code>${field}</code></td><td>${typeOf(told)}</td><td>${told.description ?? ""}</td></tr>`)}
    </tbody></table></details>`;
}

function typesOf(content) {
  return Object.entries(content ?? {}).map(([type, told]) => html`<code>${type}</code> ${told.schema ? typeOf(told.schema) : ""} `);
}

function typeOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return html`<a href=${`#schema-${schema.$ref.split("/").pop()}`}>${schema.$ref.split("/").pop()}</a>`;
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return options.map((option, index) => html`${index ? " or " : ""}${typeOf(option)}`);
  if (schema.enum) return schema.enum.map(String).join(", ");
  if (schema.type === "array") return html`list of ${typeOf(schema.items)}`;
  return [schema.type].flat().join(" or ") + (schema.format ? ` (${schema.format})` : "");
}
