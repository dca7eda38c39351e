import * as z from 'zod';

/**
 * How a machine in the boot environment reaches its site: `network` in `server.json`, and what somebody typed on the
 * agent's page. Without anything: DHCP on every adapter that has a link. Nothing in it is a secret; an account for the
 * proxy is only ever typed.
 */
export interface NetworkSettings {
  /** Name (`eth0`) or MAC address of the only adapter to be used. */
  readonly adapter?: string | undefined;
  /** 802.1Q: 1 to 4094. */
  readonly vlan?: number | undefined;
  /** Instead of DHCP. */
  readonly fixed?: FixedAddress | undefined;
  /** `http://host:port`: asked to connect us (CONNECT) to the site's servers. */
  readonly proxy?: string | undefined;
}

export interface FixedAddress {
  /** With prefix, `192.0.2.10/24`. */
  readonly address: string;
  /** Empty when there is none, as the next. */
  readonly gateway: string;
  readonly nameServer: string;
}

/** `192.0.2.10/24 192.0.2.1 192.0.2.53`: address, gateway, DNS server; `undefined` for anything else. */
export function parseFixedAddress(typed: string): FixedAddress | undefined {
  const [address = '', gateway = '', nameServer = '', ...more] = typed.trim().split(/[\s,;]+/);
  const [host = '', prefix = ''] = address.split('/');
  const isRight =
    more.length === 0 &&
    isAddress(host) &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) >= 1 &&
    Number(prefix) <= (host.includes(':') ? 128 : 32) &&
    [gateway, nameServer].every((value) => value === '' || isAddress(value));
  return isRight ? { address, gateway, nameServer } : undefined;
}

/** `20`; `undefined` for anything that is no number of a VLAN. */
export function parseVlan(typed: string): number | undefined {
  const number = /^\d{1,4}$/.test(typed.trim()) ? Number(typed) : 0;
  return number >= 1 && number <= 4094 ? number : undefined;
}

/** `proxy.example.org:3128` or with `http://` → `http://proxy.example.org:3128`; `undefined` for anything else. */
export function parseProxy(typed: string): string | undefined {
  const text = typed.trim();
  if (/[\s@]/.test(text)) return undefined;
  const written = /^http:\/\//i.test(text) ? text : `http://${text}`;
  if (text === '' || !URL.canParse(written)) return undefined;
  const url = new URL(written);
  if (url.protocol !== 'http:' || url.hostname === '' || url.pathname !== '/' || url.search !== '') return undefined;
  return `http://${url.hostname}:${url.port || '80'}`;
}

export const networkSettingsSchema: z.ZodType<NetworkSettings> = z.strictObject({
  adapter: z
    .string()
    .regex(/^[0-9A-Za-z.:_-]{1,17}$/)
    .optional(),
  vlan: z.int().min(1).max(4094).optional(),
  fixed: z
    .strictObject({ address: z.string(), gateway: z.string().default(''), nameServer: z.string().default('') })
    .refine(
      ({ address, gateway, nameServer }) => parseFixedAddress(`${address} ${gateway} ${nameServer}`) !== undefined,
      'write an address with prefix, a gateway and a DNS server',
    )
    .optional(),
  proxy: z
    .string()
    .refine((text) => parseProxy(text) !== undefined, 'write a proxy as http://proxy.example.org:3128, without account')
    .transform((text) => parseProxy(text) ?? text)
    .optional(),
});

function isAddress(text: string): boolean {
  if (text.includes(':')) return /^[0-9a-f:]{2,39}$/i.test(text) && URL.canParse(`https://[${text}]`);
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
}
