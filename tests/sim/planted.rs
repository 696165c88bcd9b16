//! Bugs put into the simulated driver and adapters on purpose, to show that the checkers can see.

use crate::check::Checker;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The driver hands out effects and then crashes before it kept the changes.
    EffectsBeforeCommit,
    /// The runner's client labels the late result of an old attempt with the number of the new one.
    LateResultAccepted,
    /// A stopped attempt is never reported as ended.
    SlotKeptAfterCancel,
    /// What a step needs is only waited for.
    NeedsForgotten,
    /// The watcher drops hints, says nothing, and nobody scans.
    LostEventWithoutRescan,
    /// The publisher swaps without looking at what came out.
    PublishWithoutComparing,
    /// The store hands back no leases.
    RestoreForgetsLease,
    /// The rules say that quiet takes no time.
    QuietIgnored,
}

impl Planted {
    /// Who is meant to see it.
    pub fn checkers(self) -> &'static [Checker] {
        match self {
            Self::EffectsBeforeCommit => &[Checker::KeptBeforeDone],
            Self::LateResultAccepted => &[Checker::ResultsAreTheirAttempts],
            Self::SlotKeptAfterCancel => &[Checker::NothingHeldByTheDead],
            Self::NeedsForgotten => &[Checker::NeedsBeforeStart],
            Self::LostEventWithoutRescan => &[Checker::OutputsAreTrue],
            Self::PublishWithoutComparing => &[Checker::NoTokenLost],
            Self::RestoreForgetsLease => &[Checker::LeasesHold],
            Self::QuietIgnored => &[Checker::QuietIsKept],
        }
    }
}
