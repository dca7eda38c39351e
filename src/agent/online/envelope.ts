import { BootwrightError } from '../../model/error.ts';
import type { BootImageOffer, Envelope, PolicyGrant, Registration, SignedReply } from '../../model/protocol.ts';
import type { PublicKey } from '../../trust/public-key.ts';
import { signerOf } from '../../trust/signature.ts';

type Reply = Registration | PolicyGrant | BootImageOffer;

export interface Expected<Format extends Reply['format']> {
  readonly format: Format;
  /** Base64, as the request carried it. */
  readonly nonce: string;
  readonly now: Date;
}

/** Opens what the server signed, and remembers the highest serial it has seen. */
export class EnvelopeReader {
  readonly #keys: readonly PublicKey[];
  #serial: number;

  /** `serial`: what an earlier start of the same run has seen. */
  constructor(keys: readonly PublicKey[], serial = 0) {
    this.#keys = keys;
    this.#serial = serial;
  }

  get serial(): number {
    return this.#serial;
  }

  /** @throws BW-AGENT-033 not signed by the site or of another kind, -030 nonce, -031 expired, -032 older */
  open<Format extends Reply['format']>(
    value: unknown,
    { format, nonce, now }: Expected<Format>,
  ): { readonly reply: Extract<Reply, { format: Format }>; readonly signer: PublicKey } {
    const envelope = value as Partial<Envelope> | null;
    if (envelope?.format !== 'bootwright-envelope/1' || typeof envelope.payload !== 'string')
      throw unsigned('it is no envelope');
    const payload = Buffer.from(envelope.payload, 'base64');
    const signer = signerOf(payload, Buffer.from(String(envelope.signature), 'base64'), this.#keys);
    if (signer === undefined) throw unsigned('no key that is known here made its signature');
    const reply = parse(payload);
    if (reply.format !== format) throw unsigned(`it is a ${String(reply.format)}, not a ${format}`);
    if (reply.nonce !== nonce)
      throw new BootwrightError('BW-AGENT-030', 'The reply of the server answers another question than ours.');
    if (!(Date.parse(reply.expiresAt) > now.getTime()))
      throw new BootwrightError(
        'BW-AGENT-031',
        `The reply of the server was good until ${String(reply.expiresAt)}; this machine believes it is ${now.toISOString()}.`,
      );
    if (!Number.isSafeInteger(reply.serial) || reply.serial < this.#serial)
      throw new BootwrightError(
        'BW-AGENT-032',
        `The reply of the server has the serial ${String(reply.serial)}; ${this.#serial} was seen before.`,
      );
    this.#serial = reply.serial;
    return { reply: reply as Extract<Reply, { format: Format }>, signer };
  }
}

function parse(payload: Uint8Array): SignedReply & { readonly format: unknown } {
  try {
    return JSON.parse(new TextDecoder().decode(payload)) as SignedReply & { readonly format: unknown };
  } catch (cause) {
    throw new BootwrightError('BW-AGENT-033', 'The server signed something that is not JSON.', { cause });
  }
}

function unsigned(why: string): BootwrightError {
  return new BootwrightError('BW-AGENT-033', `The reply of the server is not one of the site: ${why}.`);
}
