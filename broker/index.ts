export { BackPressureError, BrokerError, type BrokerErrorCode } from './broker-error.js';
export type { BrokerEvent, FailoverEvent, FailoverStep, OnBrokerEvent } from './broker-event.js';
export type { BrokerOptions } from './broker-options.js';
export type { CancelTimer, Clock } from './clock.js';
export type { BalancingOptions } from './groups/balancing.js';
export type { AdaptiveConcurrencyOptions } from './groups/concurrency/concurrency-limit.js';
export type { Handler, IncomingMessage } from './groups/delivery.js';
export type { DeleteGroupOptions } from './groups/group-deletion.js';
export type {
  FailingFinding,
  HealthFinding,
  PoisonLoop,
  SlowFinding,
  StalledFinding,
  StuckFinding,
  StuckHandler,
  SuspectFinding,
  UnleasedFinding,
} from './groups/health/finding.js';
export type { HealthAction, HealthOptions, HealthPolicy } from './groups/health/health-options.js';
export type { GroupHealth, HealthState, MemberHealth } from './groups/health/member-health.js';
export type { MemberVitals } from './groups/health/member-vitals.js';
export type { Subscription } from './groups/subscription.js';
export type { StartAt, SubscribeOptions } from './groups/subscription-options.js';
export type { StoredMessage } from './log/inventory.js';
export {
  DURABILITIES,
  type Durability,
  type OnReplicaLoss,
  type OutgoingMessage,
  type Receipt,
} from './log/message.js';
export type { OnPublishOutcome, PublishOutcome } from './log/outgoing-frame.js';
export { MessageBroker } from './message-broker.js';
export type { AuditedAction, AuditRecord, Warrant } from './recovery/audit-log.js';
export type { DeadLetter, Shelf } from './recovery/dead-letter.js';
export type { DeadLetterFilter } from './recovery/dead-letter-filter.js';
export type { DeadLetterKind, DeadLetters } from './recovery/dead-letters.js';
export type {
  AfterFinding,
  BurstFinding,
  FailureEvidence,
  FailureFinding,
  FailureNature,
  FailurePattern,
  GrowingFinding,
  PeriodicFinding,
  PlaceFinding,
} from './recovery/patterns/failure-pattern.js';
export type { GroupFailures } from './recovery/patterns/group-analysis.js';
export type { PatternChange } from './recovery/patterns/pattern-watch.js';
export type { PoisonOptions } from './recovery/poison-options.js';
export type { QuarantineEvidence, QuarantineReason } from './recovery/quarantine-evidence.js';
export type { RedriveOptions, RedriveSummary } from './recovery/redrive.js';
export type { BreakerView } from './recovery/retries/breaker-scope.js';
export type { BreakerOptions, BreakerState } from './recovery/retries/circuit-breaker.js';
export type { DependencyOf } from './recovery/retries/handling-gate.js';
export type { AttemptFigures, CauseFigures, RetryAnalytics } from './recovery/retries/retry-analytics.js';
export type { RetryBudgetOptions } from './recovery/retries/retry-budget.js';
export type { HandlingFailure } from './recovery/retry-row.js';
export type { Kill } from './recovery/suspicion.js';
export type { AutoRecoveryWorkflow } from './recovery/workflow/auto-recovery-workflow.js';
export type { PlaybookOptions } from './recovery/workflow/playbook.js';
export { READY_PLAYBOOKS } from './recovery/workflow/ready-playbooks.js';
export type { Recovery, RecoveryStatus } from './recovery/workflow/recovery.js';
export type { AutoRecoveryOptions } from './recovery/workflow/recovery-options.js';
export type { RecoveryAudit, SwitchedOff } from './recovery/workflow/recovery-store.js';
export type { WorkflowRun } from './recovery/workflow/workflow-run.js';
export type { RedisAddress } from './redis/link.js';
export type { ClusterEndpoint, NatMap, RedisEndpoint, SentinelEndpoint, StandaloneEndpoint } from './redis/network.js';
export type { AutoscaleOptions, ScalingLook } from './scaling/autoscale-options.js';
export type { Autoscaler } from './scaling/autoscaler.js';
export { type ExternalMetricValueList, ExternalScaler, type ScalingFigure } from './scaling/external-scaler.js';
export { ProcessScaler, type ProcessScalerOptions, type WorkerProgram } from './scaling/process-scaler.js';
export type { Scaler } from './scaling/scaler.js';
export type { WorkerCrash } from './scaling/worker-slot.js';
