// Probes and lifecycle hooks of containers.

import type { TypeOf } from '#machinery/mod.ts';
import { int32, int64, intOrString, list, object, text } from '#machinery/mod.ts';

export const ExecActionSchema = object({ command: list(text()) });

export const HttpGetActionSchema = object({
  path: text(),
  port: intOrString().required(),
  host: text(),
  scheme: text(),
  httpHeaders: list(object({ name: text().required(), value: text().required() })),
});
export type HttpGetAction = TypeOf<typeof HttpGetActionSchema>;

export const TcpSocketActionSchema = object({ port: intOrString().required(), host: text() });

export const GrpcActionSchema = object({ port: int32().required(), service: text().default('') });

/** How a container is asked whether it is well: exactly one of exec, httpGet, tcpSocket, grpc. */
export const ProbeSchema = object({
  exec: ExecActionSchema,
  httpGet: HttpGetActionSchema,
  tcpSocket: TcpSocketActionSchema,
  grpc: GrpcActionSchema,
  initialDelaySeconds: int32(),
  timeoutSeconds: int32(),
  periodSeconds: int32(),
  successThreshold: int32(),
  failureThreshold: int32(),
  terminationGracePeriodSeconds: int64(),
});
export type Probe = TypeOf<typeof ProbeSchema>;

const LifecycleHandlerSchema = object({
  exec: ExecActionSchema,
  httpGet: HttpGetActionSchema,
  tcpSocket: TcpSocketActionSchema,
  sleep: object({ seconds: int64().required() }),
});
export type LifecycleHandler = TypeOf<typeof LifecycleHandlerSchema>;

export const LifecycleSchema = object({
  postStart: LifecycleHandlerSchema,
  preStop: LifecycleHandlerSchema,
  stopSignal: text(),
});
export type Lifecycle = TypeOf<typeof LifecycleSchema>;
