import { BootwrightError } from '../../model/error.ts';
import type { NetworkSettings } from '../../model/network.ts';
import type { Policy } from '../../model/policy.ts';
import type { NetworkAdapter } from '../../model/protocol.ts';
import type { SequenceVariable } from '../../model/sequence.ts';
import { needsNetwork, parseDestination } from '../../steps/capture-operating-system-image/destination.ts';
import type { AgentContext } from '../context.ts';
import { machineNetwork, type Network } from '../online/network.ts';
import { addressQuestion, askAboutNetwork, type TypedNetwork, typeAddress } from '../online/network-page.ts';
import type { HandedCapture } from './handed.ts';
import { askAboutCapture } from './questions.ts';

/**
 * Everything a capture needs from the person and from the network before a byte of the machine is changed. Returns the
 * variables that were asked for. @throws BW-AGENT-110
 */
export async function prepareCapture(
  context: AgentContext,
  policy: Policy,
  layout: string,
  /** By the running system, where the same was asked. */
  handed?: HandedCapture,
): Promise<readonly SequenceVariable[]> {
  const asked = handed?.variables ?? (await askAboutCapture(context, policy, layout));
  for (const { value, hidden } of asked) if (hidden === true && typeof value === 'string') context.mask.add(value);
  if (mayNeedNetwork(policy, asked)) {
    const settings = handed?.network ?? (policy.unattended ? {} : await askAboutAddress(context));
    await bringUpNetwork(context, machineNetwork(context), settings);
  }
  return asked;
}

/** Everything but a disk that is named: where a variable or a step of the user's decides, it does no harm. */
function mayNeedNetwork(policy: Policy, asked: readonly SequenceVariable[]): boolean {
  const named = [...policy.sequence.variables, ...policy.variables, ...asked].findLast(
    ({ name }) => name.toLowerCase() === 'osdcapturedestination',
  );
  try {
    return typeof named?.value !== 'string' || needsNetwork(parseDestination(named.value, 'image'));
  } catch {
    return true;
  }
}

/** Before the first DHCP request: some networks lock a port on which one is heard. */
export async function askAboutAddress(context: AgentContext): Promise<NetworkSettings> {
  context.emit({ type: 'prompt.shown', prompt: 'input', text: addressQuestion });
  const typed = (await typeAddress(context)) ?? 'dhcp';
  const isFixed = typed !== 'dhcp';
  const answer = isFixed ? Object.values(typed).join(' ').trim() : 'by DHCP';
  context.emit({ type: 'prompt.answered', prompt: 'input', answer: `network-address: ${answer}` });
  return isFixed ? { fixed: typed } : {};
}

async function bringUpNetwork(context: AgentContext, network: Network, settings: NetworkSettings): Promise<void> {
  const { emit, terminal } = context;
  emit({ type: 'agent.phase', name: 'network', text: 'Bringing the network up' });
  for (let typed: TypedNetwork = { settings }; ; ) {
    terminal.show({ id: 'network-up', title: 'Bringing the network up …', tone: 'normal', blocks: [], keys: [] });
    await network.apply(typed.settings).catch((cause: Error) => {
      emit({ type: 'log', severity: 'warning', component: 'Network', text: cause.message });
    });
    const adapters = await network.adapters();
    if (hasAddress(adapters)) return;
    const error = new BootwrightError('BW-AGENT-111', 'No network adapter of this machine has an address.');
    typed = await askAboutNetwork(context, error, adapters, typed);
  }
}

function hasAddress(adapters: readonly NetworkAdapter[]): boolean {
  return adapters.some(({ addresses }) => addresses.some((address) => !/^(fe80:|169\.254\.)/i.test(address)));
}
