// A table of any length: only the rows in sight are in the document. Arrow keys move, Enter opens.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";
import { isNarrow } from "./use.js";

export const ROW = 26;
const BEYOND = 12;

/**
 * `columns`: {name, title, width, align?, wide?, cell(row)}; a column with `wide` is left out on a narrow screen. `at(index)` gives a
 * row or undefined while it is not loaded; `keyOf(row)` its identity, which the focus follows. `onOpen(row)`: Enter or a click.
 * `onReach(index)`: the last place in sight, to load more.
 */
export function Grid({ id, label, columns, count, at, keyOf, indexOf, onOpen, onReach, rowClass, empty, version }) {
  const scroller = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [focus, setFocus] = useState({ key: null, index: -1 });
  const shown = isNarrow.value ? columns.filter((column) => !column.wide).map((column) => ({ ...column, width: column.narrow ?? column.width })) : columns;

  useLayoutEffect(() => {
    const element = scroller.current;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const focused = focus.key === null ? -1 : placeOf(focus, { at, keyOf, indexOf, count });
  const first = Math.max(0, Math.floor(view.top / ROW) - BEYOND);
  const last = Math.min(count, Math.ceil((view.top + view.height) / ROW) + BEYOND);
  useEffect(() => void onReach?.(last - 1), [last, version]);

  function move(index) {
    const to = Math.max(0, Math.min(count - 1, index));
    const row = at(to);
    if (row) setFocus({ key: keyOf(row), index: to });
    else onReach?.(to);
    reveal(scroller.current, to);
  }

  function onKeyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(view.height / ROW) - 2);
    const steps = { ArrowDown: focused + 1, ArrowUp: focused - 1, PageDown: focused + page, PageUp: focused - page, Home: 0, End: count - 1 };
    if (event.key in steps && count) {
      event.preventDefault();
      move(steps[event.key]);
    } else if (event.key === "Enter" && focused >= 0 && event.target === scroller.current) {
      event.preventDefault();
      onOpen?.(at(focused));
    }
  }

  const rows = [];
  for (let index = first; index < last; index += 1) {
    const row = at(index);
    const isFocused = index === focused;
    rows.push(html`<${Row} key=${row ? keyOf(row) : `-${index}`} id=${`${id}-${index}`} index=${index} row=${row} columns=${shown}
      isFocused=${isFocused} className=${row && rowClass ? rowClass(row) : ""} onPress=${press} />`);
  }

  function press(event, row, index) {
    setFocus({ key: keyOf(row), index });
    if (event.target.closest("a, button") || String(getSelection())) return;
    onOpen?.(row);
  }

  return html`<div class="grid" role="grid" id=${id} ref=${scroller} tabindex="0" aria-label=${label} aria-rowcount=${count + 1}
      aria-colcount=${shown.length} aria-activedescendant=${focused >= first && focused < last ? `${id}-${focused}` : undefined}
      onKeyDown=${onKeyDown} onFocus=${(event) => event.target === scroller.current && focused < 0 && count && at(0) && setFocus({ key: keyOf(at(0)), index: 0 })}
      onScroll=${(event) => setView({ top: event.target.scrollTop, height: event.target.clientHeight })}>
    <div role="rowgroup" class="grid-head">
      <div role="row" class="grid-row" aria-rowindex="1" style=${{ gridTemplateColumns: widths(shown) }}>
        ${shown.map((column) => html`<div role="columnheader" class=${column.align === "end" ? "end" : ""} title=${column.about}>${column.title}</div>`)}
      </div>
    </div>
    ${count === 0 && html`<p class="empty">${empty ?? "Nothing to show."}</p>`}
    <div role="rowgroup" class="grid-body" style=${{ height: `${count * ROW}px`, minWidth: `${minimum(shown)}px` }}>${rows}</div>
  </div>`;
}

function Row({ id, index, row, columns, isFocused, className, onPress }) {
  const style = { top: `${index * ROW}px`, gridTemplateColumns: widths(columns) };
  const cells = row
    ? columns.map((column) => html`<div role="gridcell" class=${column.align === "end" ? "end" : ""}>${column.cell(row)}</div>`)
    : html`<div role="gridcell" class="waiting">…</div>`;
  return html`<div role="row" id=${id} class=${`grid-row ${className} ${isFocused ? "focused" : ""}`} aria-rowindex=${index + 2}
    aria-selected=${isFocused} style=${style} onClick=${row && ((event) => onPress(event, row, index))}>${cells}</div>`;
}

/** Where the focused row is now: it may have moved since. A row that is gone leaves the focus at its place. */
function placeOf(focus, { at, keyOf, indexOf, count }) {
  const row = at(focus.index);
  if (row && keyOf(row) === focus.key) return focus.index;
  const found = indexOf ? indexOf(focus.key) : -1;
  return found >= 0 ? found : Math.min(focus.index, count - 1);
}

function reveal(element, index) {
  const head = element.querySelector(".grid-head").offsetHeight;
  const [top, bottom] = [index * ROW, (index + 1) * ROW + head];
  if (top < element.scrollTop) element.scrollTop = top;
  else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
}

const widths = (columns) => columns.map((column) => `minmax(${column.width}px, ${column.grow ?? column.width}fr)`).join(" ");
const minimum = (columns) => columns.reduce((sum, column) => sum + column.width, 0);

/** A grid over an array. */
export function ListGrid({ rows, keyOf, ...rest }) {
  const indexOf = (key) => rows.findIndex((row) => keyOf(row) === key);
  return html`<${Grid} count=${rows.length} at=${(index) => rows[index]} keyOf=${keyOf} indexOf=${indexOf} version=${rows} ...${rest} />`;
}

/** A cell. What is too long for it is shown by its title. */
const cellOf = (column, found) => html`<td class=${column.align === "end" ? "end" : ""} title=${typeof found === "string" ? found : undefined}>${found}</td>`;

/** A short table, wholly in the document. */
export function ShortTable({ label, columns, rows, keyOf, empty, rowClass }) {
  if (!rows.length) return html`<p class="empty">${empty ?? "Nothing to show."}</p>`;
  const shown = isNarrow.value ? columns.filter((column) => !column.wide) : columns;
  return html`<div class="short" tabindex="0" role="group" aria-label=${label}><table aria-label=${label}>
    <thead><tr>${shown.map((column) => html`<th scope="col" class=${column.align === "end" ? "end" : ""} title=${column.about}>${column.title}</th>`)}</tr></thead>
    <tbody>${rows.map((row, index) => html`<tr key=${keyOf ? keyOf(row) : index} class=${rowClass ? rowClass(row) : ""}>
      ${shown.map((column) => cellOf(column, column.cell(row)))}</tr>`)}</tbody>
  </table></div>`;
}
