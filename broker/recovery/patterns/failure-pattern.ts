/** What the messages may have in common that fail: one of them, their key, where they are, who handles them, what they are. */
export type FailureScope = 'message' | 'key' | 'partition' | 'consumer' | 'kind';

/**
 * `poison`: the same messages fail again and again while others pass. `systemic`: whatever takes that way fails, as where a
 * dependency is down. `transient`: few fail, and another attempt mostly helps. `unclear`: not enough was seen.
 */
export type FailureNature = 'poison' | 'systemic' | 'transient' | 'unclear';

/** Nearly all failures of the cause are there, and by far not as much of what passes. */
export interface PlaceFinding {
  readonly kind: 'one-message' | 'one-key' | 'one-partition' | 'one-consumer' | 'one-kind';
  readonly value: string;
  /** Of the messages that fail, and of those that passed at that time, how many of 1 are there. */
  readonly failuresThere: number;
  readonly passedThere: number;
  /** Of the messages there, how many of 1 fail, while it lasts. */
  readonly failingShare: number;
  readonly confidence: number;
}

/** Most failures lie in a short time. */
export interface BurstFinding {
  readonly kind: 'burst';
  readonly fromMs: number;
  readonly untilMs: number;
  /** How many of 1 of the cause's messages failed in it. */
  readonly share: number;
  readonly confidence: number;
}

/** They come back, about as far apart each time. */
export interface PeriodicFinding {
  readonly kind: 'periodic';
  readonly periodMs: number;
  readonly confidence: number;
}

/** A growing share of all messages fails. */
export interface GrowingFinding {
  readonly kind: 'growing';
  /** In the first and in the last third of the time since it began. */
  readonly fromShare: number;
  readonly toShare: number;
  readonly confidence: number;
}

/** They began, or became many more, right after something else happened. */
export interface AfterFinding {
  readonly kind: 'after';
  readonly event: string;
  readonly eventAtMs: number;
  /** How many of 1 of the messages failed before and after. */
  readonly shareBefore: number;
  readonly shareAfter: number;
  readonly confidence: number;
}

export type FailureFinding = PlaceFinding | BurstFinding | PeriodicFinding | GrowingFinding | AfterFinding;

/** Failures of one cause, with what is conspicuous about them. Confidences: see docs/guide/failures.md. */
export interface FailurePattern {
  /** Of this analyzer: the same as long as it remembers the cause. */
  readonly id: number;
  /** The constant part of their messages, `Class: text with <*>`. */
  readonly template: string;
  /** Those of the failures, at most 20: several, where messages differ in words. */
  readonly fingerprints: readonly string[];
  readonly nature: FailureNature;
  /** That the nature is not chance, from 0 to 1; 0 where it is unclear. */
  readonly confidence: number;
  readonly findings: readonly FailureFinding[];
  readonly evidence: FailureEvidence;
}

export interface FailureEvidence {
  /** Handlings that failed. */
  readonly failures: number;
  /** Messages that failed. */
  readonly messages: number;
  /** Wall clock. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the messages that were handled for the first time, how many of 1 failed, while it lasted. */
  readonly failingShare: number;
  /** Handlings of a message that had failed so before, and how many of them failed so again. */
  readonly retries: number;
  readonly failedAgain: number;
  /** Ids of some of the latest messages. */
  readonly examples: readonly string[];
}
