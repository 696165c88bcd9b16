//! What values are called, and when two are one.

use crate::duration::Duration;
use crate::edit::CueAddress;
use crate::field::is_placeholder;
use crate::item::Document;
use std::collections::BTreeMap;

/// What the targets of a cue without an id of its own begin with; they are good for one weave only.
pub(super) const UNNAMED: &str = "cue at ";

/// `cue:SOTMSA79Z40K3TT1E`, or a name for this weave.
pub(super) fn room_of(document: &Document<'_>, index: usize) -> String {
    match CueAddress::of(document, index) {
        CueAddress::Id { id } => format!("cue:{id}"),
        place @ CueAddress::Place { .. } => format!("{UNNAMED}{}", place.key()),
    }
}

pub(super) fn rename(values: &mut BTreeMap<String, String>, old: &str, new: &str) {
    let room = format!("{old}.");
    let found = values.range(room.clone()..).take_while(|(target, _)| target.starts_with(&room));
    let found: Vec<String> = found.map(|(target, _)| target.clone()).collect();
    for target in found {
        let value = values.remove(&target).expect("the key was just found");
        values.insert(format!("{new}{}", &target[old.len()..]), value);
    }
}

/// As people see values: white space at the ends and the kind of line ends do not count.
pub(super) fn same_value(a: &str, b: &str) -> bool {
    a.trim().lines().eq(b.trim().lines())
}

/// Nothing, a placeholder, or a duration of zero in the front matter (spec 10.3 #3).
pub(super) fn is_empty(target: &str, value: &str) -> bool {
    let key = target.split_once('.').map_or("", |(_, key)| key);
    let is_duration = !target.starts_with("cue") && key.eq_ignore_ascii_case("duration");
    is_placeholder(value) || (is_duration && Duration::of(value) == Some(Duration::ZERO))
}

/// Of all values only this one is never a person's.
pub(super) fn is_always_ours(target: &str) -> bool {
    target.eq_ignore_ascii_case("info.total_runtime")
}
