// The type of an object by its spec and status, for functions that a kind's own page uses.

import type { KubeObject } from '#machinery/mod.ts';

export type Parts<Spec, Status = never> = KubeObject & { spec: Spec; status?: Status | undefined };
