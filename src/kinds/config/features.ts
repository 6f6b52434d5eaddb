// config-features: which parts of a pod spec users may use, and which behaviours are switched on.

import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { flagOf } from './settings.ts';

export type FeatureFlag = 'enabled' | 'allowed' | 'disabled';
const FLAGS: readonly FeatureFlag[] = ['enabled', 'allowed', 'disabled'];
const SECURE_DEFAULTS = ['disabled', 'AllowRootBounded', 'enabled'] as const;

const on = (doc: string) => flagOf<FeatureFlag>('enabled', FLAGS, doc);
const off = (doc: string) => flagOf<FeatureFlag>('disabled', FLAGS, doc);

export const featuresConfig = defineConfigMap(
  'config-features',
  {
    'multi-container': on('Whether a revision may have more than one container.'),
    'multi-container-probing': off(
      'Whether containers beside the one that serves may have probes, and its liveness probe a port of its own.',
    ),
    'kubernetes.podspec-affinity': off('Whether affinity may be set.'),
    'kubernetes.podspec-topologyspreadconstraints': off('Whether topologySpreadConstraints may be set.'),
    'kubernetes.podspec-hostaliases': off('Whether hostAliases may be set.'),
    'kubernetes.podspec-nodeselector': off('Whether nodeSelector may be set.'),
    'kubernetes.podspec-tolerations': off('Whether tolerations may be set.'),
    'kubernetes.podspec-fieldref': off('Whether the environment may refer to fields of the Pod.'),
    'kubernetes.podspec-runtimeclassname': off('Whether runtimeClassName may be set.'),
    'kubernetes.podspec-dnspolicy': off('Whether dnsPolicy may be set.'),
    'kubernetes.podspec-dnsconfig': off('Whether dnsConfig may be set.'),
    'kubernetes.podspec-securitycontext': off('Whether a part of the Pod’s securityContext may be set.'),
    'kubernetes.podspec-shareprocessnamespace': off('Whether shareProcessNamespace may be set.'),
    'kubernetes.podspec-hostipc': off('Whether hostIPC may be set.'),
    'kubernetes.podspec-hostpid': off('Whether hostPID may be set.'),
    'kubernetes.podspec-hostnetwork': off('Whether hostNetwork may be set.'),
    'kubernetes.podspec-priorityclassname': off('Whether priorityClassName may be set.'),
    'kubernetes.podspec-schedulername': off('Whether schedulerName may be set.'),
    'kubernetes.podspec-init-containers': off('Whether initContainers may be set.'),
    'kubernetes.podspec-persistent-volume-claim': off('Whether volumes may be persistent volume claims.'),
    'kubernetes.podspec-persistent-volume-write': off('Whether persistent volume claims may be written to.'),
    'kubernetes.podspec-volumes-emptydir': on('Whether volumes may be emptyDir.'),
    'kubernetes.podspec-volumes-hostpath': off('Whether volumes may be hostPath.'),
    'kubernetes.podspec-volumes-ephemeral': off('Whether volumes may be ephemeral.'),
    'kubernetes.podspec-volumes-csi': off('Whether volumes may be csi.'),
    'kubernetes.podspec-volumes-image': off('Whether volumes may be images.'),
    'kubernetes.podspec-volumes-mount-propagation': off('Whether mounts may have mountPropagation.'),
    'kubernetes.containerspec-addcapabilities': off('Whether containers may ask for capabilities.'),
    'tag-header-based-routing': off('Whether the header Knative-Serving-Tag chooses a tag.'),
    'autodetect-http2': off('Whether HTTP/2 is detected where no port is named h2c.'),
    'queueproxy.mount-podinfo': off(
      'Whether the annotations of the Pod may be seen by the queue proxy. Kept, not heeded here.',
    ),
    'queueproxy.resource-defaults': off(
      'Whether queue proxies have resource limits by default. Kept, not heeded here.',
    ),
    'secure-pod-defaults': flagOf(
      'disabled',
      SECURE_DEFAULTS,
      'Whether containers get secure settings by default: disabled, AllowRootBounded, which lets them run as root, or enabled.',
    ),
  },
  {
    component: 'controller',
    doc: 'Values are enabled, allowed and disabled; the first two both permit what they stand for.',
  },
);
export type FeaturesConfig = ConfigOf<typeof featuresConfig>;
