// The one place that names the vendored libraries: markup as tagged templates, hooks and signals.
import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

/** Markup without a build step: html`<p class="x">${text}</p>`. Values are inserted as text, never as HTML. */
export const html = htm.bind(h);
export { Component, Fragment, render } from "./vendor/preact.js";
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
export { batch, computed, effect, signal, useComputed, useSignal } from "./vendor/signals.js";
