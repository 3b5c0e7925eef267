import { readFileSync } from 'node:fs';
import { NS_PER_MS, systemClock } from '../clock.js';
import type { FromWorker, ProbeSlice, Stall } from './protocol.js';
import { WORKER_EXIT } from './protocol.js';

/**
 * Entry of the harness' own probe: a process that does nothing but wake every 5 ms and look at the clock. Where it did
 * not wake, the machine (not the system under test) stood still.
 */
const TICK_MS = 5;
/** Lateness of a wake-up beyond this is a stall; below, it is the timer's own grain. */
const STALL_MS = 2;
const SLICE_MS = 100;
const SEND_EVERY_MS = 500;

process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('disconnect', () => process.exit(WORKER_EXIT.orphaned));

let stalls: Stall[] = [];
let slices: ProbeSlice[] = [];
let expectedNs = systemClock.nowNs() + TICK_MS * NS_PER_MS;
let slice = mark();
let sentNs = slice.ns;
tick();

function tick(): void {
  const nowNs = systemClock.nowNs();
  if (nowNs - expectedNs > STALL_MS * NS_PER_MS) stalls.push({ fromNs: expectedNs, untilNs: nowNs });
  if (nowNs - slice.ns >= SLICE_MS * NS_PER_MS) {
    const next = mark();
    slices.push({
      fromNs: slice.ns,
      untilNs: next.ns,
      stealShare: next.total > slice.total ? (next.steal - slice.steal) / (next.total - slice.total) : 0,
      clockStepMs: next.wallMs - slice.wallMs - (next.ns - slice.ns) / NS_PER_MS,
    });
    slice = next;
  }
  if (nowNs - sentNs >= SEND_EVERY_MS * NS_PER_MS && process.connected) {
    process.send?.({ type: 'probe', stalls, slices } satisfies FromWorker);
    stalls = [];
    slices = [];
    sentNs = nowNs;
  }
  expectedNs = systemClock.nowNs() + TICK_MS * NS_PER_MS;
  setTimeout(tick, TICK_MS);
}

function mark(): { ns: number; wallMs: number; steal: number; total: number } {
  return { ns: systemClock.nowNs(), wallMs: systemClock.wallMs(), ...cpuTicks() };
}

/** The first line of /proc/stat: ticks of all CPUs, the eighth of them stolen (proc(5)). */
function cpuTicks(): { steal: number; total: number } {
  let line: string;
  try {
    line = readFileSync('/proc/stat', 'latin1');
  } catch {
    return { steal: 0, total: 0 };
  }
  // guest and guest_nice (the last two) are part of user and nice already.
  const ticks = line.slice(0, line.indexOf('\n')).split(/\s+/).slice(1, 9).map(Number);
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, value) => sum + value, 0) };
}
