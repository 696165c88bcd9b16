//! `pictures`: which words stood in a graphic's cue when its picture came.
//!
//! The one step that remembers: it is keyed by the picture and told the words, so what it said of a picture stays when
//! the words change, and differs from them then. Run again on request, it takes the picture for one of the present words.

use super::work::{Failure, Outcome, Work};

/// With another number every picture is taken for one of the present words.
pub const VERSION: u32 = 1;

pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let graphic = work.order.element.as_ref().ok_or_else(|| "the order has no graphic".to_owned())?;
    let words = graphic.get("words").and_then(|words| words.as_str()).unwrap_or_default().to_owned();
    let mut outcome = Outcome::default();
    outcome.result.summary = "made for the text as it is now".into();
    outcome.fact("words", words);
    Ok(outcome)
}
