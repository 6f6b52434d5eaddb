// What a container or a whole Pod may do on its machine.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int64, list, object, text } from '#machinery/mod.ts';

const ProfileSchema = object({ type: text().required(), localhostProfile: text() });
const SeLinuxOptionsSchema = object({ user: text(), role: text(), type: text(), level: text() });
const WindowsOptionsSchema = object({
  gmsaCredentialSpecName: text(),
  gmsaCredentialSpec: text(),
  runAsUserName: text(),
  hostProcess: flag(),
});

export const SecurityContextSchema = object({
  capabilities: object({ add: list(text()), drop: list(text()) }),
  privileged: flag(),
  seLinuxOptions: SeLinuxOptionsSchema,
  windowsOptions: WindowsOptionsSchema,
  runAsUser: int64(),
  runAsGroup: int64(),
  runAsNonRoot: flag(),
  readOnlyRootFilesystem: flag(),
  allowPrivilegeEscalation: flag(),
  procMount: text(),
  seccompProfile: ProfileSchema,
  appArmorProfile: ProfileSchema,
});
export type SecurityContext = TypeOf<typeof SecurityContextSchema>;

export const PodSecurityContextSchema = object({
  seLinuxOptions: SeLinuxOptionsSchema,
  windowsOptions: WindowsOptionsSchema,
  runAsUser: int64(),
  runAsGroup: int64(),
  runAsNonRoot: flag(),
  supplementalGroups: list(int64()),
  supplementalGroupsPolicy: text(),
  fsGroup: int64(),
  sysctls: list(object({ name: text().required(), value: text().required() })),
  fsGroupChangePolicy: text(),
  seccompProfile: ProfileSchema,
  appArmorProfile: ProfileSchema,
  seLinuxChangePolicy: text(),
});
export type PodSecurityContext = TypeOf<typeof PodSecurityContextSchema>;
