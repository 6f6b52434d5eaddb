// As whom a container runs and what it may do, from its security context, its Pod's, and its image's user.

import type { Container, Pod } from '#kinds/mod.ts';
import { StartProblem } from './container.ts';
import type { UserIds } from './image-user.ts';
import { imageUser } from './image-user.ts';
import type { ContainerRights, ContainerStart, ContainerUser } from './launcher.ts';
import type { ReadyImage } from './pod-ports.ts';
import { capabilitiesOf } from './sandbox/capabilities.ts';

/** Throws StartProblem in Kubernetes' words where what is asked for cannot be had. */
export async function securityOf(pod: Pod, container: Container, image: ReadyImage): Promise<Security> {
  const { home, ...user } = await userOf(pod, container, image);
  return { user, home, rights: rightsOf(pod, container) };
}

/** The home of the user is looked up when it is asked for. */
export type Security = Pick<ContainerStart, 'user' | 'rights'> & Pick<UserIds, 'home'>;

const refused = (message: string) => new StartProblem('CreateContainerConfigError', message);

/** The user of the security context, else the image's own; root where neither names one. */
async function userOf(
  pod: Pod,
  container: Container,
  { config, rootfs }: ReadyImage,
): Promise<ContainerUser & Pick<UserIds, 'home'>> {
  const { supplementalGroups = [], supplementalGroupsPolicy, fsGroup } = pod.spec.securityContext ?? {};
  const { runAsUser, runAsGroup, runAsNonRoot } = { ...pod.spec.securityContext, ...container.securityContext };
  const said = config.User ?? '';
  const found = await imageUser(runAsUser === undefined ? said : String(runAsUser), rootfs);
  if (found.uid === undefined)
    throw refused(
      `image user ${JSON.stringify(said)} of container ${JSON.stringify(container.name)} is not in the image's /etc/passwd; give a number with runAsUser`,
    );
  if (runAsNonRoot && found.uid === 0)
    throw refused(
      `${runAsUser === 0 ? "container's runAsUser breaks non-root policy" : 'container has runAsNonRoot and image will run as root'} (pod: ${JSON.stringify(nameOf(pod))}, container: ${container.name})`,
    );
  const ofImage = supplementalGroupsPolicy === 'Strict' ? [] : found.groups;
  const groups = new Set([...ofImage, ...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])]);
  return { uid: found.uid, gid: runAsGroup ?? found.gid ?? 0, groups: [...groups], home: found.home };
}

function nameOf({ metadata: { name, namespace = '', uid = '' } }: Pod): string {
  return `${name}_${namespace}(${uid})`;
}

function rightsOf(pod: Pod, { name, securityContext = {} }: Container): ContainerRights {
  const { privileged, capabilities, allowPrivilegeEscalation } = securityContext;
  const quoted = JSON.stringify(name);
  if (privileged)
    throw refused(
      `container ${quoted} asks to be privileged, which no container of this node is; name the rights that it needs in securityContext.capabilities.add`,
    );
  const found = capabilitiesOf(capabilities?.add ?? [], capabilities?.drop ?? []);
  if ('unknown' in found)
    throw refused(`container ${quoted} names the capability ${JSON.stringify(found.unknown)}, which there is not`);
  return {
    capabilities: found.kept,
    noNewPrivileges: allowPrivilegeEscalation !== true,
    seccomp: seccompOf(securityContext.seccompProfile ?? pod.spec.securityContext?.seccompProfile, quoted),
  };
}

type Profile = NonNullable<NonNullable<Container['securityContext']>['seccompProfile']>;

function seccompOf(profile: Profile | undefined, container: string): ContainerRights['seccomp'] {
  const { type, localhostProfile = '' } = profile ?? { type: 'RuntimeDefault' };
  if (type === 'RuntimeDefault' || type === 'Unconfined') return type;
  throw refused(
    `cannot load the seccomp profile ${JSON.stringify(localhostProfile)} of container ${container}: this node has no profiles of its own; use RuntimeDefault or Unconfined`,
  );
}
