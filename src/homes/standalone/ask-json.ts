// Questions to an API of somebody else's that speaks JSON.

import type { Clock } from '#base/mod.ts';
import { asAbortSignal, within } from '#base/mod.ts';
import type { AskApi } from '#sources/mod.ts';

const PATIENCE_MS = 10_000;

/** Asks by a bearer token. What is no JSON counts as nothing; a redirect is not followed, for the token is meant for one host. */
export function askJson(clock: Clock): AskApi {
  return (method, url, token, body) =>
    within(clock, PATIENCE_MS, undefined, async (late) => {
      const response = await fetch(url, {
        method,
        headers: {
          Accept: 'application/vnd.github+json',
          Authorization: `Bearer ${token}`,
          'User-Agent': 'ebb',
          ...(body ? { 'Content-Type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        redirect: 'manual',
        signal: asAbortSignal(late).signal,
      });
      return { status: response.status, body: parsed(await response.text()) };
    });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
