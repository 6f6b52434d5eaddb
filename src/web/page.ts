// The console's page: one HTML document without any file beside it, kept current by a small script.

import type { ServiceRow } from './overview.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e6eaf0); --soft: light-dark(#667085, #98a2b3); --line: light-dark(#e4e7ec, #2b3442); --paper: light-dark(#fff, #11161d); --ready: #12805c; --waiting: #b54708; --failed: #c4320a; }
body { margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.5rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.4rem; margin: 0; } header { display: flex; align-items: baseline; gap: 1rem; margin-bottom: 1.5rem; } header span { color: var(--soft); }
table { width: 100%; border-collapse: collapse; } th { text-align: left; font-weight: 500; color: var(--soft); } th, td { padding: .55rem .75rem .55rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } a { color: inherit; } small { color: var(--soft); display: block; }
.state::before { content: ''; display: inline-block; width: .6em; height: .6em; border-radius: 50%; margin-right: .5em; background: var(--state); }
.ready { --state: var(--ready); } .waiting { --state: var(--waiting); } .failed { --state: var(--failed); }
.empty { color: var(--soft); padding: 3rem 0; text-align: center; } code { font: .9em ui-monospace, monospace; }`;

const SCRIPT = `
setInterval(async () => {
  const answer = await fetch(location.href).catch(() => undefined);
  if (!answer?.ok) return void (document.querySelector('header span').textContent = 'the platform does not answer; this is what it said last');
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of ['header', 'main']) document.querySelector(part).replaceWith(next.querySelector(part));
}, 2000);`;

export function page(rows: readonly ServiceRow[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ebb</title><meta name="viewport" content="width=device-width"><style>${STYLE}</style></head>
<body><header><h1>Ebb</h1><span>${count(rows.length, 'service')}, ${count(sum(rows), 'instance')} running</span></header>
<main>${rows.length > 0 ? table(rows) : '<p class="empty">No services yet. <code>ebb deploy DIR</code> makes one.</p>'}</main>
<script>${SCRIPT}</script></body></html>
`;
}

function table(rows: readonly ServiceRow[]): string {
  return `<table><thead><tr><th>Service</th><th>State</th><th>Revision</th><th class="number">Revisions</th><th class="number">Instances</th></tr></thead>
<tbody>${rows.map(row).join('\n')}</tbody></table>`;
}

function row({ namespace, name, url, state, reason, revision, revisions, instances }: ServiceRow): string {
  const link = url ? `<a href="${escaped(url)}">${escaped(url)}</a>` : 'no URL yet';
  const asleep = state === 'ready' && instances === 0 ? ' (at zero)' : '';
  return `<tr><td>${escaped(name)} <small>${escaped(namespace)} · ${link}</small></td><td><span class="state ${state}">${state}${asleep}</span>${reason ? `<small>${escaped(reason)}</small>` : ''}</td><td>${escaped(revision)}</td><td class="number">${revisions}</td><td class="number">${instances}</td></tr>`;
}

function sum(rows: readonly ServiceRow[]): number {
  return rows.reduce((total, { instances }) => total + instances, 0);
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** Text as it may stand in HTML. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
