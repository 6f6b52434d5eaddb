// Which log is meant by a question for one: of which container, and of which of its runs. Refuses in kubelet's words. Pure.

import type { ContainerState, Pod } from '#kinds/mod.ts';
import { QUEUE_CONTAINER } from '#kinds/mod.ts';
import { badRequest } from '#machinery/mod.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** `requests`: what the gateway noted of the Pod's requests, under the name of the proxy that Knative has in each Pod. */
export type LogSource = { readonly kind: 'requests' } | { readonly kind: 'container'; readonly name: string };

export function sourceAsked({ metadata, spec }: Pod, container: string | undefined): LogSource {
  const names = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  const name = container ?? (names.length === 1 ? names[0] : metadata.annotations?.[DEFAULT_CONTAINER]);
  if (!name)
    throw badRequest(
      `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`,
    );
  if (names.includes(name)) return { kind: 'container', name };
  if (name === QUEUE_CONTAINER) return { kind: 'requests' };
  throw badRequest(`container ${name} is not valid for pod ${metadata.name}`);
}

export interface RunsKnown {
  readonly pod: string;
  readonly container: string;
  /** The number of the present run, or the next if it waits for that. */
  readonly last: number;
  readonly state: ContainerState | undefined;
}

/** The number of the run whose log is meant. */
export function runAsked({ pod, container, last, state }: RunsKnown, isPrevious: boolean): number {
  const [name, of] = [JSON.stringify(container), JSON.stringify(pod)];
  const waiting = state?.waiting;
  if (!isPrevious && waiting && last === 0)
    throw badRequest(`container ${name} in pod ${of} is waiting to start: ${waiting.reason ?? 'ContainerCreating'}`);
  const run = isPrevious || waiting ? last - 1 : last;
  if (run < 0) throw badRequest(`previous terminated container ${name} in pod ${of} not found`);
  return run;
}
