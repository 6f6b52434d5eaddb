import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { KubeObject } from '#machinery/mod.ts';
import { tryWrite } from '../trial.ts';
import { Revision } from './revision.ts';
import { Route } from './route.ts';
import { Service } from './service.ts';
import { INSTANCE_ROWS, ROUTE_ROWS } from './traffic-settings.ts';

const [ROUTE_KEYS, INSTANCE_KEYS] = [ROUTE_ROWS, INSTANCE_ROWS].map((rows) =>
  Object.values(rows).map(([key]) => key),
) as [string[], string[]];
const traffic = readFileSync(new URL('../../../docs/traffic.md', import.meta.url), 'utf8');

test.each([...ROUTE_KEYS, ...INSTANCE_KEYS])('docs/traffic.md has a row for %s', (key) =>
  expect(traffic).toContain(`| \`${key}\` |`),
);

type Annotations = Readonly<Record<string, string>>;
const spec = { containers: [{ image: 'example.org/app' }] };

function service(annotations: Annotations, ofTemplate: Annotations): KubeObject {
  const template = { metadata: { annotations: ofTemplate }, spec };
  return {
    apiVersion: Service.apiVersion,
    kind: 'Service',
    metadata: { name: 'app', namespace: 'ns', annotations },
    spec: { template },
  } as KubeObject;
}

const told = (warnings: readonly string[]) => warnings.filter((text) => text.includes('ebb.dev/'));

test('keys that the platform does not know are warned of, where they are and with those it knows', () => {
  const { text, warnings } = tryWrite(Service, service({ 'ebb.dev/mirrors': 'x' }, { 'ebb.dev/max-queues': '5' }));
  expect(text).toBe('');
  expect(told(warnings)).toEqual([
    `unknown annotation "ebb.dev/max-queues" does nothing; known here are ${INSTANCE_KEYS.join(', ')}: spec.template.metadata.annotations`,
    `unknown annotation "ebb.dev/mirrors" does nothing; known here are ${ROUTE_KEYS.join(', ')}: metadata.annotations`,
  ]);
});

test('a Route is warned of alike; what the platform notes itself is not', () => {
  const metadata = { name: 'app', namespace: 'ns', annotations: { 'ebb.dev/mirrors': 'x' } };
  const route = { apiVersion: Route.apiVersion, kind: 'Route', metadata, spec: { traffic: [] } } as KubeObject;
  expect(told(tryWrite(Route, route).warnings)).toHaveLength(1);
  expect(told(tryWrite(Service, service({ 'ebb.dev/example': '1' }, {})).warnings)).toEqual([]);
});

test('a Revision that is made directly is checked as a template is', () => {
  const metadata = { name: 'app-1', namespace: 'ns', annotations: { 'ebb.dev/max-queue': 'many', 'ebb.dev/x': '' } };
  const revision = { apiVersion: Revision.apiVersion, kind: 'Revision', metadata, spec } as KubeObject;
  const { text, warnings } = tryWrite(Revision, revision);
  expect(text).toMatch(/^invalid value: many: metadata.annotations.ebb.dev\/max-queue/);
  expect(told(warnings)).toHaveLength(1);
});
