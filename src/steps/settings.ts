import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { XmlProperty } from '../model/sequence.ts';

/** Text in which `%NAME%` stands for a variable. */
export const text = z.string();

/** Text or `!secret name`. */
export const secretText = z.union([z.string(), z.strictObject({ $secret: z.string() })]);

/** A whole number, or text that becomes one when `%NAME%` is replaced. */
export const number = z.union([
  z.number().int().nonnegative(),
  z.string().regex(/^\s*\d+\s*$|%[^%]+%/, 'a whole number is expected'),
]);

/** true or false, or text that becomes one. */
export const flag = z.union([
  z.boolean(),
  z.string().regex(/^\s*(true|false)\s*$|%[^%]+%/i, 'true or false is expected'),
]);

/** `512 MB`, `20 GB`, `1 TB`: 1 MB is 1,048,576 bytes, as in Configuration Manager. */
export const quantity = z.union([
  z.number().nonnegative(),
  z.string().regex(/^\s*\d+(\.\d+)?\s*([MGT]i?B?)?\s*$|%[^%]+%/i, 'a size like "512 MB" or "20 GB" is expected'),
]);

const factors: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes of a `quantity`; a bare number counts in MB. @throws BW-STEP-002 */
export function toBytes(value: number | string, setting: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([MGT])i?B?)?\s*$/i.exec(String(value));
  if (match === null) throw invalid(setting, `"${value}" is not a size like "512 MB" or "20 GB"`);
  return Math.round(Number(match[1]) * (factors[match[2]?.toUpperCase() ?? 'M'] ?? 1));
}

/** @throws BW-STEP-002 */
export function toNumber(value: number | string, setting: string): number {
  const result = typeof value === 'number' ? value : Number(value.trim() || Number.NaN);
  if (!Number.isSafeInteger(result) || result < 0) throw invalid(setting, `"${value}" is not a whole number`);
  return result;
}

/** @throws BW-STEP-002 */
export function toFlag(value: boolean | string | undefined, setting: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  const folded = value.trim().toLowerCase();
  if (folded !== 'true' && folded !== 'false') throw invalid(setting, `"${value}" is neither true nor false`);
  return folded === 'true';
}

/** The engine has replaced references when a step runs. @throws BW-STEP-002 */
export function toText(value: z.infer<typeof secretText>, setting: string): string {
  if (typeof value !== 'string') throw invalid(setting, `the secret ${value.$secret} was not filled in`);
  return value;
}

/** Text from a fixed list, in any case: variables and XML spell it `NTFS`, `Percent`, `HD`. */
export function oneOf<const Values extends readonly [string, ...string[]]>(
  values: Values,
  aliases: Readonly<Record<string, Values[number]>> = {},
) {
  return z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    const folded = value.trim().toLowerCase();
    return aliases[folded] ?? folded;
  }, z.enum(values));
}

export function invalid(setting: string, reason: string): BootwrightError {
  return new BootwrightError('BW-STEP-002', `The setting ${setting} is not valid: ${reason}. Nothing was changed.`);
}

/** An XML property's value by its editor name, ignoring case; empty counts as absent. */
export function propertyOf(properties: readonly XmlProperty[], name: string): string | undefined {
  const found = properties.find(({ property }) => property.toLowerCase() === name.toLowerCase());
  return found === undefined || found.value === '' ? undefined : found.value;
}

/** Settings without those that are absent. */
export function present(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
