//! The episode's own sheet, `info.md` (specification 2.1, 2.5).

use super::front::{common, damage, duration, place};
use super::read_date;
use crate::diagnostic::{Code, Diagnostic};
use crate::duration::Duration;
use crate::front::{Front, Opening};
use crate::item::Document;
use crate::rundown::Status;
use jiff::civil::Weekday;

/// An episode lasts from five minutes to four hours.
const EPISODE_MIN: Duration = Duration::from_seconds(5 * 60);
const EPISODE_MAX: Duration = Duration::from_seconds(4 * 3600);

/// Everything about `info.md`; its text below the front matter belongs to people and is not judged.
pub fn check_info(document: &Document<'_>) -> Vec<Diagnostic> {
    let mut found = document.diagnostics();
    found.extend(damage(document));
    let Some(front) = document.front() else {
        if document.opening == Opening::None {
            found.push(
                Diagnostic::of_file(Code::EpisodeMissingAssetId, "info.md has no front matter").with_hint(
                    "begin it with a line \"---\", keys such as \"status: draft\", and another line \"---\"",
                ),
            );
        }
        return found;
    };
    asset_id(document, front, &mut found);
    if front.given("type").is_none() {
        let hint = "it is taken for a sunday_show";
        found.push(document.diagnostic(place(document, "type"), Code::EpisodeMissingType, "no type").with_hint(hint));
    }
    let status = Status::of(front);
    if !status.is_production() {
        let message = format!("the status is {}", if status.written.is_empty() { "missing" } else { &status.written });
        found.push(document.diagnostic(place(document, "status"), Code::EpisodeNotProductionReady, message));
    }
    durations(document, &mut found);
    airdate(document, front, &mut found);
    common(document, &mut found);
    found
}

fn asset_id(document: &Document<'_>, front: &Front<'_>, found: &mut Vec<Diagnostic>) {
    let at = place(document, "AssetID");
    let Some(id) = front.given("AssetID") else {
        let hint = "the step assetid fills it in";
        found.push(document.diagnostic(at, Code::EpisodeMissingAssetId, "no AssetID").with_hint(hint));
        return;
    };
    let id = id.trim();
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        found.push(document.diagnostic(
            at,
            Code::AssetIdForeign,
            format!("{id} is a number of an older tool; it is kept"),
        ));
    } else if id.len() != 17 || !id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        let hint = "17 capital letters and digits; empty the key to get a new one";
        found.push(
            document.diagnostic(at, Code::EpisodeInvalidAssetId, format!("\"{id}\" is no AssetID")).with_hint(hint),
        );
    }
}

fn durations(document: &Document<'_>, found: &mut Vec<Diagnostic>) {
    let target = duration(document, "duration", found);
    let runtime = duration(document, "total_runtime", found);
    let at = place(document, "duration");
    let given = document.front().is_some_and(|front| front.given("duration").is_some());
    match target {
        None if !given => {
            let hint = "write how long the show should be: duration: 01:00:00";
            found.push(document.diagnostic(at, Code::EpisodeMissingDuration, "no target duration").with_hint(hint));
        }
        None => {}
        Some(target) if target.ms == 0 => {
            let hint = "write how long the show should be: duration: 01:00:00";
            found.push(
                document.diagnostic(at, Code::EpisodeZeroDuration, "the target duration is zero").with_hint(hint),
            );
        }
        Some(target) => {
            if target < EPISODE_MIN {
                let message = format!("{} is shorter than five minutes", target.written());
                found.push(document.diagnostic(at, Code::EpisodeTooShort, message));
            } else if target > EPISODE_MAX {
                let message = format!("{} is longer than four hours", target.written());
                found.push(document.diagnostic(at, Code::EpisodeTooLong, message));
            }
            if let Some(runtime) = runtime.filter(|runtime| !is_on_time(target, *runtime)) {
                let message = format!("the items take {}, the target is {}", runtime.written(), target.written());
                let at = place(document, "total_runtime");
                found.push(document.diagnostic(at, Code::DurationMismatch, message).with_hint("more than 10 % apart"));
            }
        }
    }
}

/// Within 10 % of the target.
pub(crate) fn is_on_time(target: Duration, runtime: Duration) -> bool {
    runtime.ms.abs_diff(target.ms).saturating_mul(10) <= target.ms
}

fn airdate(document: &Document<'_>, front: &Front<'_>, found: &mut Vec<Diagnostic>) {
    let Some(key) = ["airdate", "air_date"].into_iter().find(|key| front.given(key).is_some()) else { return };
    let text = front.given(key).unwrap_or_default();
    let at = place(document, key);
    let Some(date) = read_date(&text) else {
        let message = format!("\"{}\" is no date", text.trim());
        found.push(document.diagnostic(at, Code::InvalidAirdateFormat, message).with_hint("write it as YYYY-MM-DD"));
        return;
    };
    let kind = front.given("type").unwrap_or_default();
    let is_sunday_show = kind.trim().is_empty() || kind.trim().eq_ignore_ascii_case("sunday_show");
    if is_sunday_show && date.weekday() != Weekday::Sunday {
        let message = format!("{date} is a {:?}", date.weekday());
        let hint = "a sunday_show airs on a Sunday; mend the date or the type";
        found.push(document.diagnostic(at, Code::SundayShowNotSunday, message).with_hint(hint));
    }
}
