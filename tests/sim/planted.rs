//! Bugs planted in the simulated driver and adapters: each must be seen by the checker meant for it.

/// One mistake that somebody could make, and that the simulator must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    EffectsBeforeCommit,
    LateResultAccepted,
    SlotKeptAfterCancel,
    StartedAfterFailedNeed,
    LostEventWithoutRescan,
    PublishWithoutComparing,
    RestoreForgetsLease,
    QuietIgnored,
    OpenFileIgnored,
    SetAsideForgotten,
    EpisodeBroughtBack,
    GoneForgotten,
    NeededBlobSwept,
    BoxesMixedUp,
}
