// What a standalone platform is asked to be, and what it gives to whoever started it.

import type { EngineName } from '#gateway/mod.ts';
import type { DiskBounds } from '#storage/mod.ts';

/** What `ebb up` asks for; ports: 0 for any free one. */
export interface PlatformOptions {
  readonly dataDir: string;
  /** The address to listen at; beyond this machine with TLS and for users only. */
  readonly host: string;
  /** Whether the gateway's plain http may be open to other machines, too. */
  readonly plainHttp: boolean;
  readonly ports: {
    readonly api: number;
    readonly gateway: number;
    readonly gatewayTls: number;
    readonly console: number;
    readonly registry: number;
  };
  readonly nextFreePort: boolean;
  readonly launcher: 'auto' | 'sandbox' | 'process';
  /** Ports by which Pods reach the world outside this machine. */
  readonly egress: 'usual' | 'none' | readonly number[];
  readonly logFormat: 'text' | 'json' | 'file';
  readonly gatewayEngine: EngineName;
  /** Holds the keys that secrets are sealed with; one in the data folder unless told. */
  readonly encryptionKeyFile?: string | undefined;
  /** Bytes of the disk that stay free, and bytes that the data folder may take. */
  readonly disk: DiskBounds;
  /** This program's own file, by which the data process is started. */
  readonly program: string;
  readonly version: string;
  readonly workerUrl?: URL;
  /** The program that evaluates expressions, where the platform is a bundle. */
  readonly transformProgram?: URL;
}

export interface PlatformEndpoints {
  readonly api: string;
  readonly gateway: string;
  readonly gatewayTls: string;
  readonly console: string;
  readonly registry: string;
  readonly example?: string;
}

export interface Platform {
  readonly endpoints: PlatformEndpoints;
  readonly kubeconfig: string;
  readonly notices: readonly string[];
  announce(example?: string): Promise<void>;
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}
