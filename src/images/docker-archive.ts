// Image tars in Docker's older form (`docker save` before version 25, ko's tarballs): a manifest.json that lists a config and layers.

import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '#base/mod.ts';
import type { Blobs } from './blobs.ts';
import { MEDIA } from './manifest.ts';
import type { Descriptor, Manifest } from './manifest.ts';

/** Brings the parts of an unpacked archive in, and gives the manifest they make. Throws where it does not list exactly one image. */
export async function fromDockerArchive(folder: string, blobs: Blobs): Promise<Manifest> {
  const images: unknown = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
  const [image, ...more] = Array.isArray(images) ? (images as unknown[]) : [];
  if (!isRecord(image) || more.length > 0) throw new Error('expected manifest.json to list one image');
  const { Config: config, Layers: layers } = image;
  if (typeof config !== 'string' || !Array.isArray(layers)) throw new Error('manifest.json names no Config and Layers');
  const stored = await blobs.write(createReadStream(inside(folder, config)));
  const parts: Descriptor[] = [];
  for (const layer of layers as unknown[]) parts.push(await layerIn(inside(folder, String(layer)), blobs));
  return { schemaVersion: 2, mediaType: MEDIA.manifest, config: { mediaType: MEDIA.config, ...stored }, layers: parts };
}

async function layerIn(file: string, blobs: Blobs): Promise<Descriptor> {
  const mediaType = (await isGzip(file)) ? MEDIA.layerGzip : MEDIA.layer;
  return { mediaType, ...(await blobs.write(createReadStream(file))) };
}

/** Whether a file begins as gzip does (RFC 1952 §2.3.1). */
export async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function inside(folder: string, name: string): string {
  if (name.split('/').includes('..'))
    throw new Error(`manifest.json names ${JSON.stringify(name)}, which lies outside the tar`);
  return join(folder, name);
}
