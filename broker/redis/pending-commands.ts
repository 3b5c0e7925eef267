import type { WireCommand } from './wire-command.js';

/** Slots before the first outstanding command that may stay in the list. */
const SLACK = 1024;

/**
 * The commands of a connection that have no reply yet, in the order in which they were sent, which is that of the replies.
 * A list and not a Set: under constant adding and deleting a Set of V8 leaves a chain of old tables behind, each keeping
 * the commands that it held alive until the next full collection (docs/adr/0003).
 */
export class PendingCommands {
  #commands: (WireCommand | undefined)[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#commands.length;
  }

  push(command: WireCommand): void {
    this.#commands.push(command);
  }

  /** Forgets the commands at the front that have their reply. */
  dropSettled(): void {
    const commands = this.#commands;
    while (this.#first < commands.length && commands[this.#first]!.isSettled) commands[this.#first++] = undefined;
    if (this.#first === commands.length) {
      commands.length = 0;
      this.#first = 0;
    } else if (this.#first > SLACK) {
      commands.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Empties the list and returns what was outstanding. */
  takeAll(): WireCommand[] {
    const outstanding = this.#commands.slice(this.#first) as WireCommand[];
    this.#commands = [];
    this.#first = 0;
    return outstanding.filter((command) => !command.isSettled);
  }
}
