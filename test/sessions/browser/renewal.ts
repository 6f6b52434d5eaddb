// Looks on while a certificate is made anew: pages over new connections until one shows another serial number, and one page that stays.

import type { Visit } from './visit.ts';
import { isGood, told } from './visit.ts';

/** A page in a context of its own: it shares no connection with any other. */
export interface Page {
  visit(url: string): Promise<Visit>;
  close(): Promise<void>;
}

export type Renewal =
  | { readonly renewed: true; readonly visits: number; readonly sameConnection: boolean }
  | { readonly renewed: false; readonly why: string };

/** Every visit must be a good one, before, while and after, to a page that says the same; nobody waits longer than `patience`. */
export async function seeRenewal(url: string, open: () => Promise<Page>, patience: AbortSignal): Promise<Renewal> {
  const staying = await open();
  const first = await staying.visit(url);
  const stays = [first];
  if (!isGood(first)) return failed(first, 1);
  for (let visits = 1; !patience.aborted; ) {
    const latest = await visitAnew(url, open);
    const stayed = await staying.visit(url);
    stays.push(stayed);
    visits += 2;
    const bad = [latest, stayed].find((visit) => !isGood(visit) || visit.text !== first.text);
    if (bad) return failed(bad, visits);
    if (latest.serial === first.serial) continue;
    return { renewed: true, visits, sameConnection: new Set(stays.map(connectionOf)).size === 1 };
  }
  return { renewed: false, why: `the certificate ${first.serial} was not made anew in time` };
}

async function visitAnew(url: string, open: () => Promise<Page>): Promise<Visit> {
  const page = await open();
  const visit = await page.visit(url);
  await page.close();
  return visit;
}

function failed(visit: Visit, visits: number): Renewal {
  return { renewed: false, why: `visit ${visits}: ${told(visit).join('; ')}` };
}

function connectionOf({ answers }: Visit): number | undefined {
  return answers.at(-1)?.connection;
}
