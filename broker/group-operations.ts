import type { ResolvedBrokerOptions } from './broker-options.js';
import { type GroupControl, openGroupControl } from './groups/group-control.js';
import { type DeleteGroupOptions, deleteGroup } from './groups/group-deletion.js';
import { readRoster } from './groups/roster-scripts.js';
import { inventoryOfPartition, type StoredMessage } from './log/inventory.js';
import { membersKey } from './log/keys.js';
import { randomName } from './random.js';
import { DeadLetters } from './recovery/dead-letters.js';
import { AutoRecoveryWorkflow } from './recovery/workflow/auto-recovery-workflow.js';
import { Recovery } from './recovery/workflow/recovery.js';
import { type AutoRecoveryOptions, resolveAutoRecoveryOptions } from './recovery/workflow/recovery-options.js';
import type { Link } from './redis/link.js';
import { slotOf } from './redis/slot.js';
import { RunningOperations } from './running-operations.js';
import { type AutoscaleOptions, resolveAutoscaleOptions } from './scaling/autoscale-options.js';
import { Autoscaler } from './scaling/autoscaler.js';
import type { Topology } from './topology.js';

export interface GroupOperationsContext {
  readonly options: ResolvedBrokerOptions;
  readonly topology: Topology;
  /** Of the topic. Throws where the names are none, the topic is missing, or the broker is closed. */
  partitionsFor(topic: string, group: string): Promise<number>;
  /** On the link to the master of the slot. */
  on<T>(slot: number, action: (link: Link) => Promise<T>): Promise<T>;
}

/** What is done to consumer groups from outside, and what runs on for them until the broker closes. */
export class GroupOperations {
  readonly #context: GroupOperationsContext;
  readonly #workflows = new Set<AutoRecoveryWorkflow>();
  readonly #autoscalers = new Set<Autoscaler>();
  readonly #operations = new RunningOperations();

  constructor(context: GroupOperationsContext) {
    this.#context = context;
  }

  async delete(topic: string, group: string, options: DeleteGroupOptions): Promise<void> {
    using control = (await this.#opener(topic, group))('delete-group');
    await deleteGroup(control, options);
  }

  async deadLetters(topic: string, group: string): Promise<DeadLetters> {
    const partitions = await this.#context.partitionsFor(topic, group);
    const open = (purpose: string) => this.#control(topic, partitions, group, purpose);
    return new DeadLetters({ topic, group, partitions, open, operations: this.#operations });
  }

  async autoscale(topic: string, group: string, options: AutoscaleOptions): Promise<Autoscaler> {
    const { partitionsFor, on } = this.#context;
    const partitions = await partitionsFor(topic, group);
    const resolved = resolveAutoscaleOptions(options, partitions);
    const { clock, onEvent } = this.#context.options;
    const read = () => on(slotOf(topic), (link) => readRoster(link, membersKey(topic, group), partitions));
    const onClosed = () => void this.#autoscalers.delete(autoscaler);
    const autoscaler: Autoscaler = new Autoscaler({ topic, group, clock, onEvent, read, onClosed }, resolved);
    this.#autoscalers.add(autoscaler);
    return autoscaler;
  }

  async autoRecover(topic: string, group: string, options: AutoRecoveryOptions): Promise<AutoRecoveryWorkflow> {
    const resolved = resolveAutoRecoveryOptions(options);
    const letters = await this.deadLetters(topic, group);
    const open = await this.#opener(topic, group);
    const { random, onEvent } = this.#context.options;
    const onClosed = () => void this.#workflows.delete(workflow);
    const context = { control: open('auto-recovery'), letters, owner: randomName(random), onEvent, onClosed };
    const workflow: AutoRecoveryWorkflow = new AutoRecoveryWorkflow(context, resolved);
    this.#workflows.add(workflow);
    return workflow;
  }

  async recovery(topic: string, group: string): Promise<Recovery> {
    return new Recovery(await this.#opener(topic, group));
  }

  async *inventory(topic: string, group: string): AsyncGenerator<StoredMessage> {
    const partitions = await this.#context.partitionsFor(topic, group);
    for (let partition = 0; partition < partitions; partition++) {
      const link = await this.#context.on(slotOf(topic, partition), async (open) => open);
      yield* inventoryOfPartition(link, topic, partition, group);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#operations, ...this.#workflows, ...this.#autoscalers].map((part) => part.close()));
  }

  async #opener(topic: string, group: string): Promise<(purpose: string) => GroupControl> {
    const partitions = await this.#context.partitionsFor(topic, group);
    return (purpose) => this.#control(topic, partitions, group, purpose);
  }

  #control(topic: string, partitions: number, group: string, purpose: string): GroupControl {
    const { options, topology } = this.#context;
    return openGroupControl({ ...options, topology, topic, partitions, group, purpose });
  }
}
