import { BootwrightError } from '../../model/error.ts';
import type { MediumFacts } from '../../model/medium.ts';
import { type BootImageOffer, type Hello, type NewerBootImage, protocolVersion } from '../../model/protocol.ts';

/** The boot image this agent came with; nothing is known of it when it is older than that was noted. */
export type OwnBootImage = Partial<Pick<MediumFacts['bootImage'], 'id' | 'built'>>;

/** Whether a server that speaks these versions understands this agent. */
export function isSpoken({ lowest, highest }: Pick<Hello, 'lowest' | 'highest'>): boolean {
  return lowest <= protocolVersion && protocolVersion <= highest;
}

/**
 * The boot image to go on with; `undefined`: this one will do. Only ever a newer one, so that nobody leads a machine back to
 * one with known faults. Pure.
 *
 * @throws BW-AGENT-071 this one will not do, and there is none to go on with
 */
export function nextBootImage(
  offer: BootImageOffer,
  own: OwnBootImage,
  hello: Pick<Hello, 'lowest' | 'highest'>,
): NewerBootImage | undefined {
  const why = complaint(offer, own, hello);
  if (why === undefined) return undefined;
  const { image } = offer;
  const objection = image === undefined ? 'the server has no other' : objectionTo(image, offer, own, hello);
  if (image !== undefined && objection === undefined) return image;
  throw new BootwrightError('BW-AGENT-071', `This boot image ${why}, and ${objection}.`);
}

/** Why this boot image will not do. */
function complaint(
  { notBefore, revoked }: BootImageOffer,
  own: OwnBootImage,
  hello: Pick<Hello, 'lowest' | 'highest'>,
): string | undefined {
  if (!isSpoken(hello)) return `speaks version ${protocolVersion} of the protocol, the server from ${hello.lowest} on`;
  if (own.id !== undefined && revoked.includes(own.id)) return 'was revoked';
  if (notBefore !== undefined && time(own.built) < time(notBefore)) return `was built before ${notBefore}`;
  return undefined;
}

function objectionTo(
  { id, built, protocol }: NewerBootImage,
  { notBefore, revoked }: BootImageOffer,
  own: OwnBootImage,
  { lowest, highest }: Pick<Hello, 'lowest' | 'highest'>,
): string | undefined {
  if (id === own.id) return 'it is the one the server has';
  if (revoked.includes(id)) return 'the one of the server was revoked too';
  if (notBefore !== undefined && time(built) < time(notBefore)) return 'the one of the server is too old as well';
  if (time(built) <= time(own.built)) return 'the one of the server is not newer';
  if (protocol < lowest || protocol > highest) return `the one of the server speaks version ${protocol}`;
  return undefined;
}

/** Without a time, older than everything. */
function time(text: string | undefined): number {
  return text === undefined ? Number.NEGATIVE_INFINITY : Date.parse(text);
}
