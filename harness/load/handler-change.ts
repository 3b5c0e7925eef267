import type { HandlerSpec, Scenario } from '../scenario/scenario.js';
import type { LoadPlan } from './plan.js';

/** What a worker's handler does instead of what its peers' do, and when. */
export interface HandlerChange {
  readonly spec: HandlerSpec;
  /** Nanoseconds from the start of the load; undefined: always. */
  readonly spans: readonly { readonly fromNs: number; readonly untilNs: number }[] | undefined;
}

/** Undefined: this worker's handler is that of its peers. */
export function handlerChangeOf(
  { consumers }: Pick<Scenario, 'consumers'>,
  { phases }: Pick<LoadPlan, 'phases'>,
  worker: string,
): HandlerChange | undefined {
  const other = consumers.except?.[worker];
  if (other === undefined) return undefined;
  const { handler: spec, during } = other;
  const lasting = phases.filter(({ name }) => during?.includes(name));
  const spans = lasting.map(({ startNs, endNs }) => ({ fromNs: startNs, untilNs: endNs }));
  return { spec, spans: during === undefined ? undefined : spans };
}

/** `elapsedNs` since the start of the load; undefined: it has not begun. */
export function isInForce({ spans }: HandlerChange, elapsedNs: number | undefined): boolean {
  if (spans === undefined) return true;
  return elapsedNs !== undefined && spans.some(({ fromNs, untilNs }) => elapsedNs >= fromNs && elapsedNs < untilNs);
}
