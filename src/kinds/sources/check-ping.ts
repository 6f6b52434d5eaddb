// What Knative refuses in a PingSource: schedules that are none, and data that is not what it says.

import { isRecord, messageOf, parseCron, timeZone } from '#base/mod.ts';
import type { WriteContext } from '#machinery/mod.ts';
import { FieldErrors } from '#machinery/mod.ts';
import { configOf } from '../config/of-context.ts';
import { pingDefaultsConfig } from '../config/ping-defaults.ts';
import { CATCH_UP_ANNOTATION } from './labels.ts';

export interface PingParts {
  readonly schedule?: string | undefined;
  readonly timezone?: string | undefined;
  readonly contentType?: string | undefined;
  readonly data?: string | undefined;
  readonly dataBase64?: string | undefined;
}

/** Checks when a PingSource sends; paths are relative to the spec. */
export function checkPingSchedule({ schedule = '', timezone = '' }: PingParts): FieldErrors {
  const errors = new FieldErrors();
  if (schedule.includes('@every')) return errors.invalid('unsupported descriptor @every', 'schedule');
  if (timezone && !timeZone(timezone)) {
    return errors.invalid(`provided bad location ${timezone}: unknown time zone ${timezone}`, 'timezone');
  }
  const parsed = parseCron(schedule, { seconds: true });
  return 'fault' in parsed ? errors.invalid(parsed.fault, 'schedule') : errors;
}

/** Checks what a PingSource sends; paths are relative to the spec. */
export function checkPingData(spec: PingParts, context: WriteContext): FieldErrors {
  const errors = new FieldErrors();
  const { data, dataBase64, contentType } = spec;
  if (data && dataBase64) return errors.generic('expected exactly one, got both', 'data', 'dataBase64');
  const [path, text] = dataBase64 ? (['dataBase64', dataBase64] as const) : (['data', data ?? ''] as const);
  if (!text) return errors;
  const most = configOf(context, pingDefaultsConfig).dataMaxSize;
  const bytes = new TextEncoder().encode(text).length;
  if (most > -1 && bytes > most)
    errors.invalid(`the ${path} length of ${bytes} bytes exceeds limit set at ${most}.`, path);
  const plain = path === 'data' ? text : decoded(text);
  if (plain === undefined) return errors.invalid(`illegal base64 data at input byte ${firstBad(text)}`, path);
  const fault = contentType === 'application/json' ? objectFault(plain) : undefined;
  return fault ? errors.invalid(fault, path) : errors;
}

/** Checks this platform's own annotations; paths are relative to the annotations. */
export function checkCatchUp(annotations: Readonly<Record<string, string>> | undefined): FieldErrors {
  const value = annotations?.[CATCH_UP_ANNOTATION];
  const errors = new FieldErrors();
  if (value === undefined || value === 'latest' || value === 'none') return errors;
  return errors.invalid(value, CATCH_UP_ANNOTATION, 'expected latest or none');
}

/** Standard base64 with its padding and nothing else, but for line ends. */
function decoded(base64: string): string | undefined {
  const bare = base64.replaceAll(/[\r\n]/g, '');
  if (bare.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(bare)) return undefined;
  return new TextDecoder().decode(Uint8Array.from(atob(bare), (char) => char.charCodeAt(0)));
}

function firstBad(base64: string): number {
  const good = /^[A-Za-z0-9+/]*/.exec(base64.replaceAll(/[\r\n]/g, ''))?.[0].length ?? 0;
  return good - (good % 4);
}

/** Why a text is no JSON object; undefined where it is one. */
function objectFault(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value) || value === null) return undefined;
    const met = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${met} into Go value of type map[string]interface {}`;
  } catch (thrown) {
    return `not JSON, which contentType application/json asks for: ${messageOf(thrown)}`;
  }
}
