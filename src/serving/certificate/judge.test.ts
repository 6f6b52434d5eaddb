// What a Secret holds is judged by the wall clock as it is at that moment, which somebody may have set since the last look.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { Certificate, ISSUER_ANNOTATION, Secret } from '#kinds/mod.ts';
import type { KeyPair } from '#pki/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import { judgeHeld, LOCAL } from './judge.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 2);
const HOST = 'shop.example.com';
const ACME = 'https://acme.test/dir';

let pair: KeyPair;
let caPem: string;
/** One that lives a day, a tenth of which lies before its issue. */
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-judge-'));
  const keys = new KeyFolder(folder, new VirtualClock(NOW));
  caPem = (await keys.servingCa()).certPem;
  pair = await keys.host([HOST], 24 * HOUR);
  rmSync(folder, { recursive: true });
});

const certificate: Certificate = {
  apiVersion: Certificate.apiVersion,
  kind: Certificate.kind,
  metadata: { name: 'c', namespace: 'ns', uid: 'u' },
  spec: { dnsNames: [HOST], secretName: 's' },
};

const secretOf = (issuer: string): Secret => ({
  apiVersion: Secret.apiVersion,
  kind: Secret.kind,
  metadata: {
    name: 's',
    namespace: 'ns',
    annotations: { [ISSUER_ANNOTATION]: issuer },
    ownerReferences: [
      { apiVersion: Certificate.apiVersion, kind: Certificate.kind, name: 'c', uid: 'u', controller: true },
    ],
  },
  data: { 'tls.crt': btoa(pair.certPem), 'tls.key': btoa(pair.keyPem) },
});

test.each([
  { what: 'as it was', issuer: LOCAL, hours: 0, state: 'good' },
  { what: 'forward, to before its last third', issuer: LOCAL, hours: 14, state: 'good' },
  { what: 'forward, into its last third', issuer: LOCAL, hours: 16, state: 'due' },
  { what: 'forward, past its end', issuer: LOCAL, hours: 25, state: 'wanting' },
  { what: 'back, but not to before its begin', issuer: LOCAL, hours: -2, state: 'good' },
  { what: 'back, to before its begin', issuer: LOCAL, hours: -3, state: 'due' },
  { what: 'back, to before its begin', issuer: ACME, hours: -3, state: 'good' },
])('where the clock is set $what, one by $issuer is $state', ({ issuer, hours, state }) => {
  expect(judgeHeld(certificate, secretOf(issuer), { issuer, caPem, now: NOW + hours * HOUR }).state).toBe(state);
});
