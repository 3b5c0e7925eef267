import type { UnexpectedExit } from './environment.js';

/** Hands reports to listeners, and keeps them: a server may end between its start and the first listener. */
export class ExitReports {
  readonly #reports: UnexpectedExit[] = [];
  readonly #listeners: ((exit: UnexpectedExit) => void)[] = [];

  report = (exit: UnexpectedExit): void => {
    this.#reports.push(exit);
    for (const listener of this.#listeners) listener(exit);
  };

  listen = (listener: (exit: UnexpectedExit) => void): void => {
    this.#listeners.push(listener);
    for (const exit of this.#reports) listener(exit);
  };
}
