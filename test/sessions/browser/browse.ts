// browse [--screenshot FILE] URL: opens a page in Chromium and prints what came of it; the code is 0 where it is a page.
// browse --until-renewed URL: opens it again and again until its certificate is another, and one page all the while.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startChromium } from './chromium.ts';
import { openPage } from './page.ts';
import { seeRenewal } from './renewal.ts';
import { told } from './visit.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { screenshot: { type: 'string' }, 'until-renewed': { type: 'boolean', default: false } },
});
const [url = ''] = positionals;
const { GATEWAY = '', GATEWAY_TLS = '', WORK = '.' } = process.env;

/** Before a step of a session is given up; certificates that end soon are made anew in less. */
const DEADLINE_MS = 150_000;
const PATIENCE_MS = 120_000;

/** A browser's own ports lead to the gateway's; a URL with a port stays with it. Nobody else is to be found. */
const HOSTS = ['*.example.com', '*.localhost'].flatMap((host) => [
  `MAP ${host}:80 ${GATEWAY}`,
  `MAP ${host}:443 ${GATEWAY_TLS}`,
  `MAP ${host} 127.0.0.1`,
]);

const chromium = startChromium({
  work: WORK,
  hosts: [...HOSTS, 'MAP * ~NOTFOUND'].join(','),
  deadline: AbortSignal.timeout(DEADLINE_MS),
});
try {
  await (values['until-renewed'] ? untilRenewed() : once());
} catch (error) {
  console.log(`${String(error)}; Chromium said:\n${chromium.said()}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
}

async function once(): Promise<void> {
  const page = await openPage(chromium.devtools);
  const visit = await page.visit(url);
  if (values.screenshot) writeFileSync(values.screenshot, await page.screenshot());
  console.log(told(visit).join('\n'));
  if (visit.error) process.exitCode = 1;
}

async function untilRenewed(): Promise<void> {
  const renewal = await seeRenewal(url, () => openPage(chromium.devtools), AbortSignal.timeout(PATIENCE_MS));
  if (renewal.renewed) {
    console.log(`another serial number; all ${renewal.visits} visits were answered 200 by h2 and secure`);
    const kept = renewal.sameConnection ? 'kept the connection that it began with' : 'had to connect anew';
    console.log(`the page that stayed ${kept}`);
  } else {
    console.log(renewal.why);
    process.exitCode = 1;
  }
}
