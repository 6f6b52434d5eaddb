// Objects of Kubernetes' own kinds that are right, for mistakes to be put into.

import type { JsonObject } from '#base/mod.ts';

const podSpec: JsonObject = {
  containers: [
    {
      name: 'main',
      image: 'ko.local/hello',
      env: [{ name: 'A', value: 'b' }],
      ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }],
      resources: { requests: { cpu: '0.1', memory: '64Mi' }, limits: { memory: '128Mi' } },
      readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 3 },
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    },
  ],
  volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Gi' } }],
  securityContext: { runAsNonRoot: true, runAsUser: 1000 },
};
const labels: JsonObject = { app: 'a' };

export const RIGHT: Readonly<Record<string, JsonObject>> = {
  ConfigMap: { data: { a: 'b' }, binaryData: { c: 'YQ==' } },
  Secret: { type: 'Opaque', data: { a: 'YQ==' } },
  ServiceAccount: { automountServiceAccountToken: false, imagePullSecrets: [{ name: 's' }] },
  Pod: { spec: podSpec },
  Deployment: {
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '50%' } },
      template: { metadata: { labels }, spec: podSpec },
    },
  },
  Job: { spec: { backoffLimit: 2, template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
  ResourceQuota: { spec: { hard: { pods: '5', 'requests.cpu': '0.5', 'limits.memory': '1024Mi' } } },
  LimitRange: { spec: { limits: [{ type: 'Container', default: { cpu: '0.5' }, max: { cpu: '1' } }] } },
  Lease: { spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' } },
  Role: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }] },
  EndpointSlice: {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  },
};
