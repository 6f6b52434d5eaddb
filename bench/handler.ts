// The handler in Go, built when a bench asks for it, and the folders and Services that are made of it.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { repository, until } from '../test/harness/platform.ts';
import type { BenchPlatform } from './ebb.ts';
import { deploy } from './ebb.ts';

export const NAMESPACE = 'default';
const READY_WITHIN_MS = 60_000;

/** The path of the built handler, in this folder. */
export function buildHandler(folder: string): string {
  const binary = join(folder, 'handler');
  const source = join(repository, 'bench/handler/main.go');
  execFileSync('go', ['build', '-ldflags', '-s -w', '-o', binary, source], {
    env: { ...process.env, CGO_ENABLED: '0' },
  });
  return binary;
}

/** Deploys the handler once, and gives what its Services are made of. Where a core is told, its instances run there. */
export async function handlerSpec(
  ebb: BenchPlatform,
  folder: string,
  binary: string,
  core?: string,
): Promise<Service['spec']> {
  const source = join(folder, 'source');
  mkdirSync(source);
  copyFileSync(binary, join(source, 'handler'));
  writeFileSync(join(source, 'Procfile'), `web: ${core === undefined ? '' : `taskset -c ${core} `}./handler\n`);
  await deploy(ebb, source, 'handler');
  const service = await ebb.client.get(Service, NAMESPACE, 'handler');
  if (!service) throw new Error('the Service that was just deployed is not there');
  await ebb.client.delete(Service, NAMESPACE, 'handler');
  return service.spec;
}

/** Keys of annotations, those of the autoscaler without its prefix. */
export type Scaling = Readonly<Record<string, string>>;

/** What was deployed, under other rules of scaling. */
export function scaled(spec: Service['spec'], scaling: Scaling, containerConcurrency = 0): Service['spec'] {
  const { template } = spec;
  const own = Object.entries(scaling).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value] as const);
  const annotations = { ...template.metadata?.annotations, ...Object.fromEntries(own) };
  return {
    ...spec,
    template: {
      ...template,
      metadata: { ...template.metadata, annotations },
      spec: { ...template.spec, containerConcurrency },
    },
  };
}

/** Creates a Service, waits until it is Ready, and gives the Host that reaches it. */
export async function createReady({ client }: BenchPlatform, name: string, spec: Service['spec']): Promise<string> {
  const { apiVersion, kind } = Service;
  await client.create(Service, { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec });
  let host = '';
  await until(
    async () => {
      const service = await client.get(Service, NAMESPACE, name);
      if (!service || !isReady(service) || !service.status?.url) return false;
      host = new URL(service.status.url).host;
      return true;
    },
    READY_WITHIN_MS,
    () => `the Service ${name} was not Ready after ${READY_WITHIN_MS / 1000} s`,
  );
  return host;
}
