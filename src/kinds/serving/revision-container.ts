// A container as the Knative CRDs declare it: narrower than core's, and what is not here is pruned.

import type { JsonObject } from '#base/mod.ts';
import type { Schema } from '#machinery/mod.ts';
import {
  flag,
  int32,
  int64,
  intOrString,
  list,
  listByKey,
  map,
  object,
  openObject,
  quantity,
  text,
} from '#machinery/mod.ts';
import type { Container } from '../core/container.ts';

/** A blob that is kept as it is and judged by the checks alone. */
export const blob = (): Schema<JsonObject> => openObject({}) as unknown as Schema<JsonObject>;

const keySelector = () =>
  object({ key: text().required(), name: text().default(''), optional: flag() }).with({ atomic: true });
const sourceReference = () => object({ name: text().default(''), optional: flag() }).with({ atomic: true });

const EnvVarSchema = object({
  name: text().required(),
  value: text(),
  valueFrom: object({
    configMapKeyRef: keySelector(),
    fieldRef: blob().with({ atomic: true }),
    resourceFieldRef: blob().with({ atomic: true }),
    secretKeyRef: keySelector(),
  }),
});

const EnvFromSchema = object({ configMapRef: sourceReference(), prefix: text(), secretRef: sourceReference() });

const ProbeSchema = object({
  exec: object({ command: list(text()) }),
  failureThreshold: int32(),
  grpc: object({ port: int32(), service: text().default('') }),
  httpGet: object({
    host: text(),
    httpHeaders: list(object({ name: text().required(), value: text().required() })),
    path: text(),
    port: intOrString(),
    scheme: text(),
  }),
  initialDelaySeconds: int32(),
  periodSeconds: int32(),
  successThreshold: int32(),
  tcpSocket: object({ host: text(), port: intOrString() }),
  timeoutSeconds: int32(),
});

const SecurityContextSchema = object({
  allowPrivilegeEscalation: flag(),
  capabilities: object({ add: list(text()), drop: list(text()) }),
  privileged: flag(),
  readOnlyRootFilesystem: flag(),
  runAsGroup: int64(),
  runAsNonRoot: flag(),
  runAsUser: int64(),
  seccompProfile: object({ localhostProfile: text(), type: text().required() }),
});

const VolumeMountSchema = object({
  mountPath: text().required(),
  mountPropagation: text(),
  name: text().required(),
  readOnly: flag(),
  subPath: text(),
});

/**
 * Its objects are told as core's Container: they are one, once defaults have given them a name.
 * What core has beyond this schema never gets past pruning.
 */
export const RevisionContainerSchema = object({
  args: list(text()),
  command: list(text()),
  env: listByKey(EnvVarSchema, 'name'),
  envFrom: list(EnvFromSchema),
  image: text(),
  imagePullPolicy: text(),
  livenessProbe: ProbeSchema,
  name: text(),
  ports: list(object({ containerPort: int32(), name: text(), protocol: text().default('TCP') })),
  readinessProbe: ProbeSchema,
  resources: object({ limits: map(quantity()), requests: map(quantity()) }),
  securityContext: SecurityContextSchema,
  startupProbe: ProbeSchema,
  terminationMessagePath: text(),
  terminationMessagePolicy: text(),
  volumeMounts: listByKey(VolumeMountSchema, 'mountPath'),
  workingDir: text(),
}) as unknown as Schema<Container>;
