import type { BrokerOptions } from '../../../broker/broker-options.js';
import type { Handler } from '../../../broker/groups/delivery.js';
import type { SubscribeOptions } from '../../../broker/groups/subscription-options.js';
import { MessageBroker } from '../../../broker/message-broker.js';
import type { Random } from '../../../broker/random.js';
import type { SimProcess } from '../world/sim-process.js';
import type { World } from '../world/world.js';
import type { Journal } from './journal.js';
import type { Plan } from './plan.js';

export const TOPIC = 'orders';
export const GROUP = 'billing';
export const MAX_ATTEMPTS = 3;
/** The broker's default. */
export const MAX_KILLS = 2;

/** What all actors of a schedule share. */
export interface Stage {
  readonly plan: Plan;
  readonly world: World;
  readonly journal: Journal;
  readonly random: Random;
}

/** Messages are small here, and so may be logs. */
const MAX_FRAME_BYTES = 1_000;
const CONNECT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 3_000;
/** Of handlers that take 300 ms some are stuck by this, so that members are drained and come back all the time. */
const DRAINING: SubscribeOptions = { healthPolicy: { stuck: 'drain' }, stuckHandlerMs: 250, drainMs: 500 };
/** Any will do: the directory of the simulation does not read it. */
const ENDPOINT = { sentinels: [{ host: 'authority', port: 1 }], master: 'sim' };

export async function connect(stage: Stage, process: SimProcess): Promise<MessageBroker> {
  const { plan, world, journal, random } = stage;
  const options: BrokerOptions = {
    redis: ENDPOINT,
    durability: plan.durability,
    onReplicaLoss: plan.onReplicaLoss,
    clock: process.clock,
    random: process.random,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    publishTimeoutMs: plan.publishTimeoutMs,
    replyTimeoutMs: plan.replyTimeoutMs,
    maxLogBytes: plan.maxLogBytes,
    maxFrameBytes: MAX_FRAME_BYTES,
    maxMessageBytes: MAX_FRAME_BYTES,
    maxReplayBytes: plan.maxReplayBytes,
    maxFrameMessages: plan.maxFrameMessages,
    onEvent: (event) => {
      world.trace(() => `${process.name} ${JSON.stringify(event)}`);
      if (event.kind === 'acquired') journal.acquired(process.name);
      if (event.kind === 'handed-over' && event.drainMs < CLOSE_TIMEOUT_MS) {
        journal.handedOver(process.name, event.partition);
      }
      if (event.kind === 'acknowledged-loss') {
        journal.lostByReport(process.name, event.partition, event.lastSequence - event.firstSequence + 1);
      }
    },
  };
  return await MessageBroker.connect(options, world.network(process, random() * random() * plan.directoryDelayMs));
}

export function subscribeOptions(plan: Plan): SubscribeOptions {
  return {
    concurrency: 4,
    maxAttempts: MAX_ATTEMPTS,
    retryBaseMs: 30,
    retryCapMs: 400,
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
    // Failures are chance here, and all alike: on whom they happen says nothing.
    poisonConsumers: false,
    settleDelayMs: plan.settleDelayMs,
    ...(plan.drains ? DRAINING : {}),
  };
}

/** The name of a message in the plan, whichever instance of its producer has published it. */
export function isKiller({ plan }: Stage, id: string): boolean {
  return plan.killers.includes(id.replace(/^(p\d+)\.\d+-/, '$1-'));
}

/** Handles as the plan says: takes time, fails now and then, or is the end of its process: then it calls `die`. */
export function handlerOf(stage: Stage, process: SimProcess, die: () => void): Handler {
  const { plan, world, journal, random } = stage;
  return (message) => {
    const { id, partition, attempt, fencingToken: token } = message;
    const handling = journal.start({ id, member: process.name, partition, token, attempt });
    if (isKiller(stage, id)) {
      world.trace(() => `${process.name} dies of ${id} of ${partition}, attempt ${attempt}, token ${token}`);
      journal.diedOf(id, process.name);
      die();
      return new Promise(() => {});
    }
    const fails = random() < plan.failureShare;
    const isPermanent = fails && random() < 0.1;
    const result = !fails ? 'handled' : isPermanent || attempt >= MAX_ATTEMPTS ? 'gave-up' : 'failed';
    world.trace(() => `${process.name} handles ${id} of ${partition}, attempt ${attempt}, token ${token}: ${result}`);
    const end = () => {
      journal.end(handling, result);
      if (fails) throw Object.assign(new Error('as planned'), { permanent: isPermanent });
    };
    if (plan.handlerMs === 0) return end();
    return new Promise((resolve, reject) => {
      process.clock.after(plan.handlerMs * random() * 2, () => {
        try {
          end();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  };
}
