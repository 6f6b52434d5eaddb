// Every kind of the API, in the order in which discovery lists them.

import type { Kind } from '#machinery/mod.ts';
import { CustomResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { DaemonSet } from './apps/daemon-set.ts';
import { Deployment } from './apps/deployment.ts';
import { ReplicaSet } from './apps/replica-set.ts';
import { StatefulSet } from './apps/stateful-set.ts';
import { SelfSubjectReview, TokenRequest, TokenReview } from './auth/authentication.ts';
import {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from './auth/authorization.ts';
import { HorizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
import { Metric } from './autoscaling/metric.ts';
import { PodAutoscaler } from './autoscaling/pod-autoscaler.ts';
import { Scale } from './autoscaling/scale.ts';
import { CronJob } from './batch/cron-job.ts';
import { Job } from './batch/job.ts';
import { Image } from './caching/image.ts';
import { Lease } from './coordination/lease.ts';
import { ConfigMap } from './core/config-map.ts';
import { Endpoints } from './core/endpoints.ts';
import { Event } from './core/event.ts';
import { Namespace } from './core/namespace.ts';
import { Node } from './core/node.ts';
import { PersistentVolume } from './core/persistent-volume.ts';
import { PersistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { Pod } from './core/pod.ts';
import { LimitRange, ResourceQuota } from './core/quota.ts';
import { Secret } from './core/secret.ts';
import { ServiceAccount } from './core/service-account.ts';
import { CoreService } from './core/service.ts';
import { EndpointSlice } from './discovery/endpoint-slice.ts';
import { NodeMetrics, PodMetrics } from './metrics/usage.ts';
import { Broker } from './eventing/broker.ts';
import { EventPolicy } from './eventing/event-policy.ts';
import { EventTransform } from './eventing/event-transform.ts';
import { EventType, EventTypeV1Beta1, EventTypeV1Beta3 } from './eventing/event-type.ts';
import { RequestReply } from './eventing/request-reply.ts';
import { Trigger } from './eventing/trigger.ts';
import { Parallel } from './flows/parallel.ts';
import { Sequence } from './flows/sequence.ts';
import { Channel } from './messaging/channel.ts';
import { InMemoryChannel } from './messaging/in-memory-channel.ts';
import { Subscription } from './messaging/subscription.ts';
import { Certificate } from './networking/certificate.ts';
import { ClusterDomainClaim } from './networking/cluster-domain-claim.ts';
import { KIngress } from './networking/ingress.ts';
import { ServerlessService } from './networking/serverless-service.ts';
import { ClusterRoleBinding, RoleBinding } from './rbac/binding.ts';
import { ClusterRole, Role } from './rbac/role.ts';
import { Configuration } from './serving/configuration.ts';
import { DomainMapping } from './serving/domain-mapping.ts';
import { Revision } from './serving/revision.ts';
import { Route } from './serving/route.ts';
import { Service } from './serving/service.ts';
import { IntegrationSink } from './sinks/integration-sink.ts';
import { JobSink } from './sinks/job-sink.ts';
import { KafkaSink } from './sinks/kafka-sink.ts';
import { ApiServerSource } from './sources/api-server-source.ts';
import { ContainerSource } from './sources/container-source.ts';
import { GitHubSource } from './sources/github-source.ts';
import { IntegrationSource } from './sources/integration-source.ts';
import { KafkaSource } from './sources/kafka-source.ts';
import { PingSource, PingSourceV1Beta2 } from './sources/ping-source.ts';
import { SinkBinding } from './sources/sink-binding.ts';
import { WebhookSource } from './sources/webhook-source.ts';
import { StorageClass } from './storage/storage-class.ts';

export const allKinds: readonly Kind[] = [
  Namespace,
  Pod,
  ConfigMap,
  Secret,
  CoreService,
  Endpoints,
  Event,
  ServiceAccount,
  Node,
  ResourceQuota,
  LimitRange,
  PersistentVolumeClaim,
  PersistentVolume,
  StorageClass,
  Deployment,
  ReplicaSet,
  StatefulSet,
  DaemonSet,
  Job,
  CronJob,
  EndpointSlice,
  Lease,
  HorizontalPodAutoscaler,
  Scale,
  PodMetrics,
  NodeMetrics,
  Role,
  ClusterRole,
  RoleBinding,
  ClusterRoleBinding,
  CustomResourceDefinition,
  TokenRequest,
  TokenReview,
  SelfSubjectReview,
  SubjectAccessReview,
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  Service,
  Configuration,
  Revision,
  Route,
  DomainMapping,
  Broker,
  Trigger,
  EventType,
  EventTypeV1Beta1,
  EventTypeV1Beta3,
  EventPolicy,
  RequestReply,
  EventTransform,
  Channel,
  InMemoryChannel,
  Subscription,
  Sequence,
  Parallel,
  PodAutoscaler,
  Metric,
  KIngress,
  Certificate,
  ServerlessService,
  ClusterDomainClaim,
  Image,
  PingSource,
  PingSourceV1Beta2,
  ApiServerSource,
  ContainerSource,
  SinkBinding,
  IntegrationSource,
  KafkaSource,
  GitHubSource,
  WebhookSource,
  JobSink,
  IntegrationSink,
  KafkaSink,
];
