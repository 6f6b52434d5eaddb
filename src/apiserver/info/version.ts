// Which Kubernetes this server behaves like: what `kubectl version` and helm ask for.

/** The minor version whose API this server speaks. */
const MAJOR = '1';
const MINOR = '34';

/** The `/version` document. `build` is this program's own version. */
export function versionInfo(build: string): object {
  return {
    major: MAJOR,
    minor: MINOR,
    gitVersion: `v${MAJOR}.${MINOR}.0+ebb`,
    gitCommit: build,
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: `node ${process.versions.node}`,
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  };
}
