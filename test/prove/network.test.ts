import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectionForwarder } from '../../src/host/connection-forwarder.ts';
import { describeMachine } from '../../src/prove/machine.ts';
import { networkArguments, servicesFor } from '../../src/prove/network.ts';
import { qemuArguments } from '../../src/prove/qemu-arguments.ts';

const mac = '52:54:00:00:00:01';

describe('the network of a guest', () => {
  it('is closed to the world, and its card has no option ROM', () => {
    const services = servicesFor(['https://10.0.2.100:8443'], 4711);
    const [, options = '', , card] = networkArguments({ mac, services });
    expect(options).toMatch(/^user,.*restrict=on/);
    expect(options).toContain('net=10.0.2.0/24');
    expect(options).toMatch(/guestfwd=tcp:10\.0\.2\.100:8443-cmd:.* '4711'$/);
    expect(card).toBe(`e1000,netdev=network,mac=${mac},romfile=`);
  });

  it.each([2, 3, 15, 20, 40, 50, 140, 200, 254])(
    'lies around a server at .%i, whose address nobody else has',
    (host) => {
      const services = servicesFor([`https://192.0.2.${host}:8443`], 1);
      const options = networkArguments({ mac, services })[1] ?? '';
      const at = (name: string): number => Number(new RegExp(`,${name}=192\\.0\\.2\\.(\\d+)`).exec(options)?.[1]);
      const leases = Array.from({ length: 16 }, (_, index) => at('dhcpstart') + index);
      const used = [at('host'), at('dns'), ...leases];
      expect(used).not.toContain(host);
      expect(new Set(used).size).toBe(18);
      expect(used.every((each) => each > 0 && each < 255)).toBe(true);
    },
  );

  it('gives names an address and tells the guest so', () => {
    const services = servicesFor(['https://192.0.2.9:8443', 'https://deploy.example.org'], 1);
    expect(services).toEqual([{ address: '192.0.2.9', port: 8443, localPort: 1 }]);
    const named = servicesFor(['https://deploy.example.org', 'https://192.0.2.9:8443', 'https://deploy2:8443'], 1);
    expect(named.map(({ name, port }) => [name, port])).toEqual([
      ['deploy.example.org', 443],
      ['deploy2', 8443],
    ]);
    const machine = describeMachine('/x.iso', 'cd-bios', { network: { mac, services: named } });
    const args = qemuArguments(machine, { folder: '/m', targetDisk: '/m/t', acceleration: 'tcg' });
    expect(args).toContain(
      'type=11,value=bootwright.events=ttyS1,value=bootwright.host=deploy.example.org=10.0.2.100,value=bootwright.host=deploy2=10.0.2.100',
    );
    expect(args).not.toContain('-nic');
  });

  it('cannot be made for servers of IPv6 alone', () => {
    expect(() => servicesFor(['https://[2001:db8::1]:8443'], 1)).toThrow(
      expect.objectContaining({ code: 'BW-PROVE-030' }),
    );
  });
});

describe('a forwarded connection', () => {
  it('carries bytes both ways, and ends when the server closes', async () => {
    const server = createServer((socket) => {
      socket.once('data', (data) => socket.end(`heard ${String(data)}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const [program = '', ...args] = connectionForwarder(port);
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      child.stdin.write('hello');
      let said = '';
      child.stdout.on('data', (data) => (said += String(data)));
      await new Promise((resolve) => child.once('close', resolve));
      expect(said).toBe('heard hello');
    } finally {
      server.close();
    }
  });

  it('ends at once when nobody listens', async () => {
    const [program = '', ...args] = connectionForwarder(1);
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    await new Promise((resolve) => child.once('close', resolve));
    expect(child.signalCode).toBeNull();
  });
});
