import type { WriteStream } from 'node:tty';
import { coloursOf } from '../colours.js';

/** What a run shows while it goes on. Written to stderr; stdout is for results. */
export interface Progress {
  /** A scenario begins: `2/5 redis-paused`. */
  scenario(title: string, description: string): void;
  /** A stage of it: provision, prepare, load, drain, judge. */
  stage(text: string): void;
  /** Something happened: a fault took hold, a worker died. */
  event(text: string): void;
  /** The figures of the moment. Shown at the terminal's pace, or one line an interval. */
  live(state: LiveState): void;
  /** Leaves the terminal as it was. */
  end(): void;
}

export interface LiveState {
  readonly phase: string;
  readonly sentPerSec: number;
  readonly deliveredPerSec: number;
  readonly p99Ms: number | undefined;
  readonly inFlight: number;
  readonly faults: readonly string[];
  readonly leftMs: number;
}

const LINE_INTERVAL_NS = 5e9;

/** Live line on a terminal, one line every 5 s otherwise, nothing with `quiet`. */
export function createProgress(stream: NodeJS.WriteStream, options: { quiet: boolean; nowNs: () => number }): Progress {
  if (options.quiet) return silent;
  return stream.isTTY ? terminal(stream) : lines(stream, options.nowNs);
}

const silent: Progress = { scenario() {}, stage() {}, event() {}, live() {}, end() {} };

function terminal(stream: WriteStream): Progress {
  const pc = coloursOf(stream);
  let status = '';
  const clear = () => {
    if (status !== '') stream.write('\r\x1b[2K');
  };
  const print = (line: string) => {
    clear();
    stream.write(`${line}\n`);
    if (status !== '') stream.write(status);
  };
  const show = (line: string) => {
    clear();
    status = clipped(line, stream.columns ?? 80);
    stream.write(status);
  };
  return {
    scenario: (title, description) => print(`\n${pc.bold(title)}\n${pc.dim(description)}`),
    stage: (text) => show(pc.dim(`  ${text} ...`)),
    event: (text) => print(`  ${pc.yellow('!')} ${text}`),
    live: (state) => show(`  ${pc.cyan(state.phase)}  ${describe(state)}`),
    end() {
      clear();
      status = '';
    },
  };
}

function lines(stream: NodeJS.WriteStream, nowNs: () => number): Progress {
  let shownNs = nowNs();
  const print = (line: string) => stream.write(`${line}\n`);
  return {
    scenario(title, description) {
      print(`\n== ${title}: ${description}`);
      shownNs = nowNs();
    },
    stage: (text) => print(`   ${text}`),
    event: (text) => print(`   ! ${text}`),
    live(state) {
      if (nowNs() - shownNs < LINE_INTERVAL_NS) return;
      shownNs = nowNs();
      print(`   ${state.phase}: ${describe(state)}`);
    },
    end() {},
  };
}

function describe(state: LiveState): string {
  const parts = [
    `${round(state.sentPerSec)}/s sent`,
    `${round(state.deliveredPerSec)}/s delivered`,
    state.p99Ms === undefined ? 'p99 -' : `p99 ${state.p99Ms.toFixed(1)} ms`,
    `${round(state.inFlight)} in flight`,
  ];
  if (state.faults.length > 0) parts.push(`faults: ${state.faults.join(', ')}`);
  parts.push(`${Math.max(0, Math.ceil(state.leftMs / 1000))} s left`);
  return parts.join(', ');
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Cuts a line to the terminal's width; colour codes take no room. */
function clipped(line: string, columns: number): string {
  let visible = 0;
  let out = '';
  for (let i = 0; i < line.length; ) {
    if (line[i] === '\x1b') {
      const end = line.indexOf('m', i) + 1;
      out += line.slice(i, end);
      i = end;
      continue;
    }
    if (visible < columns - 1) {
      out += line[i];
      visible++;
    }
    i++;
  }
  return out;
}
