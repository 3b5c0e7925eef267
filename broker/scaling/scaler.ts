/** Whatever can have a group's members run: processes of this machine, containers of a cluster. */
export interface Scaler {
  /**
   * From now on so many members are to run; `reason` is for people. Resolves when that is under way, and those that are too
   * many have ended. Rejects where it cannot be: it is asked again.
   */
  scaleTo(members: number, reason: string): Promise<void>;
}
