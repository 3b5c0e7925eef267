/** Ends the process with `error`, from inside a callback of a library that would catch what is thrown there. */
export function crash(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
