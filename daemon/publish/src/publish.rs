//! Carrying out an intent.

use crate::blobs::Blobs;
use crate::intent::{Intent, Outcome, Report, Try};
use crate::share::Share;
use crate::steps::{Halted, Steps, Straight};

impl Share {
    /// Carries out `intent`. The caller has kept it durably before, and keeps calling with [`Try::Again`] after every
    /// crash until it has kept the outcome as durably; calling once more does no harm.
    pub fn publish(&self, blobs: &Blobs, intent: &Intent, attempt: Try) -> Report {
        self.publish_stepwise(blobs, intent, attempt, &mut Straight).expect("nothing halts a straight run")
    }

    /// The same, with `steps` told of each [`crate::Point`] as it is reached.
    pub fn publish_stepwise(
        &self,
        _blobs: &Blobs,
        intent: &Intent,
        _attempt: Try,
        _steps: &mut dyn Steps,
    ) -> Result<Report, Halted> {
        let path = intent.moves.first().map(|first| first.path().to_owned()).unwrap_or_default();
        let outcome = Outcome::Failed { path, why: "not built yet".to_owned(), unfinished: false };
        Ok(Report { outcome, rescued: Vec::new(), kept: Vec::new(), made: Vec::new(), lingering: Vec::new() })
    }
}
