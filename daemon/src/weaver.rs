//! Weaves: reads texts and edits from the archive, lets `show-script` put them together, keeps what came out.
//!
//! Pure but for the archive, and for new ids, which are made of the time and of chance.

use crate::attempt::FileEdits;
use crate::blob::Archive;
use crate::inbox::{Gone, Inbox};
use crate::share::Shares;
use crate::words::because;
use show_core::{Binding, Digest, Event, Ours, ProposalId, WeaveOrder, Woven};
use show_publish::Keep;
use show_script::weave::{FileKind, Layer, Minted, Refused, Value, Weave, weave};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::warn;

/// As for reading texts.
const TEXT_BYTES_MAX: u64 = 64 << 20;
/// Ids are drawn again this often when one is taken; by chance it does not happen once.
const DRAWS_MAX: u32 = 16;

/// Passes orders to the threads. Never blocks.
#[derive(Clone)]
pub struct Handle(Sender<Box<WeaveOrder>>);

impl Handle {
    pub fn weave(&self, order: Box<WeaveOrder>) {
        // The threads only end with the driver.
        let _ = self.0.send(order);
    }
}

pub fn start(threads: usize, shares: &Shares, archive: &Archive, inbox: &Inbox) -> Handle {
    let (sender, orders) = mpsc::channel();
    let orders = Arc::new(Mutex::new(orders));
    for number in 0..threads.max(1) {
        let (orders, shares, archive, inbox) = (Arc::clone(&orders), shares.clone(), archive.clone(), inbox.clone());
        std::thread::Builder::new()
            .name(format!("weave {number}"))
            .spawn(move || {
                while let Some(order) = next(&orders) {
                    let id = order.weave;
                    let woven = weave_one(&shares, &archive, &order);
                    let told: Result<(), Gone> = inbox.tell_blocking(Event::Woven { weave: id, woven });
                    if told.is_err() {
                        return;
                    }
                }
            })
            .expect("the system has room for a thread");
    }
    Handle(sender)
}

fn next(orders: &Mutex<Receiver<Box<WeaveOrder>>>) -> Option<Box<WeaveOrder>> {
    orders.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn weave_one(shares: &Shares, archive: &Archive, order: &WeaveOrder) -> Result<Woven, String> {
    let bytes = base(shares, archive, order)?;
    let size = bytes.len() as u64;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", order.file))?;
    let layers = order.layers.iter().enumerate().map(|(place, layer)| read_layer(archive, order, place, layer));
    let layers: Vec<Layer> = layers.collect::<Result<_, _>>()?;
    let ours: Vec<Value> =
        order.ours.iter().map(|ours| Value { target: ours.target.clone(), value: ours.value.clone() }).collect();
    let bindings: Vec<Minted> =
        order.bindings.iter().map(|binding| Minted { place: binding.place.clone(), id: binding.id.clone() }).collect();
    let asked = Weave {
        text: &text,
        kind: FileKind::of_path(&order.file.path),
        layers: &layers,
        ours: &ours,
        bindings: &bindings,
    };
    let mut taken: BTreeSet<String> = order.taken.iter().cloned().collect();
    let mut make_id = |_: &str, prefix: &str| mint(prefix, order.now.0, &mut taken);
    let came = weave(&asked, &mut make_id);
    let blamed = if came.refused.is_some() { blamed(&asked, order, &mut make_id) } else { Vec::new() };

    for edit in &came.proposals {
        let layer = &layers[edit.layer];
        warn!(showd_file = %order.file, step = layer.name, edit = edit.edit, "an edit goes further than its step may");
    }
    let kept = |text: &str| archive.keep(text.as_bytes(), Keep::Durably).map_err(|cause| because(&cause));
    let (digest, size) =
        if came.text == text { (order.base, size) } else { (kept(&came.text)?, came.text.len() as u64) };
    let told = |refused: Refused| -> Result<String, String> {
        let text = kept(&refused.text)?;
        let short = &text.to_string()[..12];
        let path = &order.file.path;
        Ok(format!("{}; \"showctl show '{path}' {short}\" prints what would have been written", refused.why))
    };
    let refused = came.refused.map(told).transpose()?;
    let blamed = blamed.into_iter().map(|(proposal, refused)| Ok((proposal, told(refused)?)));
    let blamed = blamed.collect::<Result<_, String>>()?;
    let file = &order.file;
    Ok(Woven {
        digest,
        size,
        minted: came
            .minted
            .into_iter()
            .map(|minted| Binding { file: file.clone(), place: minted.place, id: minted.id })
            .collect(),
        wrote: came
            .wrote
            .into_iter()
            .map(|wrote| Ours { file: file.clone(), target: wrote.target, value: wrote.value })
            .collect(),
        stitches: came.stitches,
        dropped: came
            .dropped
            .into_iter()
            .map(|dropped| (u32::try_from(dropped.edit.layer).unwrap_or(u32::MAX), dropped.why.to_string()))
            .collect(),
        refused,
        blamed,
    })
}

/// Proposals without which the rest would have been let through, each with what the loss guard had against it. None where
/// it is not theirs.
fn blamed(
    asked: &Weave<'_>,
    order: &WeaveOrder,
    make_id: &mut dyn FnMut(&str, &str) -> Option<String>,
) -> Vec<(ProposalId, Refused)> {
    let all = || asked.layers.iter().zip(&order.layers);
    let mut layers: Vec<Layer> =
        all().filter(|(_, of)| of.proposal.is_none()).map(|(layer, _)| layer.clone()).collect();
    let mut refused = |layers: &[Layer]| weave(&Weave { layers, ..*asked }, make_id).refused;
    if refused(&layers).is_some() {
        return Vec::new();
    }
    let mut blamed = Vec::new();
    for (layer, of) in all() {
        let Some(proposal) = of.proposal else { continue };
        layers.push(layer.clone());
        if let Some(refused) = refused(&layers) {
            layers.pop();
            blamed.push((proposal, refused));
        }
    }
    blamed
}

/// The text the edits go into: from the archive, or from the share where it still is that text.
fn base(shares: &Shares, archive: &Archive, order: &WeaveOrder) -> Result<Vec<u8>, String> {
    match archive.read(&order.base) {
        Ok(bytes) => Ok(bytes),
        Err(cause) => {
            let share = shares.open(order.file.share).map_err(|cause| because(&cause))?;
            let snapshot = share.snapshot(&order.file.path, TEXT_BYTES_MAX).map_err(|cause| because(&cause))?;
            if Digest(snapshot.digest.0) == order.base { Ok(snapshot.bytes) } else { Err(because(&cause)) }
        }
    }
}

fn read_layer(archive: &Archive, order: &WeaveOrder, place: usize, layer: &show_core::Layer) -> Result<Layer, String> {
    let bytes = archive.read(&layer.edits).map_err(|cause| because(&cause))?;
    let broken = |cause: serde_json::Error| format!("the edits of {} cannot be read: {cause}", layer.node.step);
    let files: Vec<FileEdits> = serde_json::from_slice(&bytes).map_err(broken)?;
    let edits =
        files.into_iter().filter(|edits| *edits.file == *order.file.path).flat_map(|edits| edits.edits).collect();
    let name = match &*layer.node.element {
        "" => layer.node.step.to_string(),
        element => format!("{} {element}", layer.node.step),
    };
    Ok(Layer { order: u32::try_from(place).unwrap_or(u32::MAX), name, may_edit: layer.may_edit.clone(), edits })
}

/// A new id (specification 4.7), not among `taken`. `None`: the system has no chance to offer.
fn mint(prefix: &str, now_ms: i64, taken: &mut BTreeSet<String>) -> Option<String> {
    let mut chance = std::fs::File::open("/dev/urandom").ok()?;
    for _ in 0..DRAWS_MAX {
        let mut random = [0; 6];
        for value in &mut random {
            let mut byte = [u8::MAX];
            // Above 251 the remainders would not be equally likely.
            while byte[0] >= 252 {
                chance.read_exact(&mut byte).ok()?;
            }
            *value = byte[0];
        }
        let id = show_script::id::compose(prefix, u64::try_from(now_ms).unwrap_or(0), random);
        if taken.insert(id.clone()) {
            return Some(id);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use show_core::{FilePath, Node, ShareId, Time, WeaveId};

    struct Place {
        dir: tempfile::TempDir,
        shares: Shares,
        archive: Archive,
    }

    const PATH: &str = "episodes/0900/rundown/10 Tea.md";

    fn place() -> Place {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(dir.path().join("share/episodes/0900/rundown")).expect("writable");
        let shares = Shares::new([(ShareId(0), dir.path().join("share"))].into());
        let archive = Archive::open(&dir.path().join("blobs")).expect("writable");
        Place { dir, shares, archive }
    }

    impl Place {
        fn keep(&self, bytes: &[u8]) -> Digest {
            self.archive.keep(bytes, Keep::Loosely).expect("writable")
        }

        fn layer(&self, edits: &serde_json::Value, proposal: Option<u64>) -> show_core::Layer {
            let elsewhere = serde_json::json!({ "file": "episodes/0900/info.md", "edits": set("duration", "x", "") });
            let blob = serde_json::json!([elsewhere, { "file": PATH, "edits": edits }]);
            show_core::Layer {
                node: Node { step: "runtime".into(), element: "".into() },
                edits: self.keep(blob.to_string().as_bytes()),
                may_edit: vec!["item.*".into(), "cue.*".into(), "prose".into()],
                proposal: proposal.map(ProposalId),
            }
        }

        fn weave(&self, base: Digest, edits: &serde_json::Value) -> Result<Woven, String> {
            self.weave_all(base, vec![self.layer(edits, None)])
        }

        fn weave_all(&self, base: Digest, layers: Vec<show_core::Layer>) -> Result<Woven, String> {
            let order = WeaveOrder {
                weave: WeaveId(1),
                file: FilePath { share: ShareId(0), path: PATH.into() },
                base,
                layers,
                bindings: Vec::new(),
                ours: Vec::new(),
                taken: Vec::new(),
                now: Time(1_785_578_400_000),
            };
            weave_one(&self.shares, &self.archive, &order)
        }
    }

    const TEA: &str = "---\nslug: tea\nduration: 00:00:00\n---\n\nTea.\n";

    fn set(key: &str, value: &str, was: &str) -> serde_json::Value {
        serde_json::json!([{ "edit": "set-key", "key": key, "value": value, "was": was }])
    }

    #[test]
    fn edits_of_this_file_are_put_into_its_text_and_kept() {
        let place = place();
        let base = place.keep(TEA.as_bytes());
        let woven = place.weave(base, &set("duration", "00:00:30", "00:00:00")).expect("woven");
        let text = String::from_utf8(place.archive.read(&woven.digest).expect("kept")).expect("text");
        assert_eq!(text, TEA.replace("duration: 00:00:00", "duration: 00:00:30"));
        assert_eq!(woven.size, text.len() as u64);
        assert_eq!((woven.dropped.len(), woven.refused), (0, None));
    }

    #[test]
    fn a_proposal_that_the_loss_guard_refuses_is_told_from_those_it_lets_through() {
        let place = place();
        let base = place.keep(TEA.as_bytes());
        let broken = set("title", "[undefined]", "");
        let layers = |broken_is_a_proposal: bool| {
            vec![
                place.layer(&set("duration", "00:00:30", "00:00:00"), None),
                place.layer(&set("slug", "coffee", "tea"), Some(4)),
                place.layer(&broken, broken_is_a_proposal.then_some(5)),
                place.layer(&set("description", "hot", ""), Some(6)),
            ]
        };
        let woven = place.weave_all(base, layers(true)).expect("woven");
        assert!(woven.refused.is_some() && woven.digest == base, "{woven:?}");
        let [(ProposalId(5), why)] = woven.blamed.as_slice() else { panic!("{:?}", woven.blamed) };
        assert!(why.starts_with("the text would hold `[undefined`") && why.contains("showctl show"), "{why}");
        let woven = place.weave_all(base, layers(false)).expect("woven");
        assert_eq!((woven.refused.is_some(), woven.blamed), (true, Vec::new()), "it is the step's own doing");
    }

    #[test]
    fn an_edit_that_no_longer_fits_is_dropped_and_the_text_stays() {
        let place = place();
        let base = place.keep(TEA.as_bytes());
        let woven = place.weave(base, &set("slug", "coffee", "cocoa")).expect("woven");
        assert_eq!((woven.digest, woven.size), (base, TEA.len() as u64), "nothing to write");
        assert_eq!(woven.dropped.iter().map(|(layer, _)| *layer).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn new_ids_are_made_of_the_time_and_of_chance_and_never_twice() {
        let place = place();
        let base = place.keep(TEA.as_bytes());
        let ids: BTreeSet<String> = (0..50)
            .map(|_| {
                let woven = place.weave(base, &set("AssetID", "{{new-id:SEG}}", "")).expect("woven");
                assert_eq!(woven.minted.len(), 1);
                woven.minted[0].id.clone()
            })
            .collect();
        assert_eq!(ids.len(), 50);
        assert!(ids.iter().all(|id| id.len() == 17 && id.starts_with("SEGMSA79Z40")), "{ids:?}");
        let mut taken = BTreeSet::new();
        let id = mint("GFX", 0, &mut taken).expect("chance");
        assert!(taken.contains(&id));
    }

    #[test]
    fn a_base_that_is_not_in_the_archive_is_read_from_the_share_if_it_still_is_that_text() {
        let place = place();
        let file = place.dir.path().join("share").join(PATH);
        std::fs::write(&file, TEA).expect("writable");
        let base = Digest(*blake3::hash(TEA.as_bytes()).as_bytes());
        place.weave(base, &set("duration", "00:00:30", "00:00:00")).expect("woven");
        std::fs::write(&file, "something else").expect("writable");
        let elsewhere = Digest(*blake3::hash(b"gone").as_bytes());
        let why = place.weave(elsewhere, &set("duration", "00:00:30", "00:00:00")).expect_err("it is nowhere");
        assert!(why.contains("there is no blob"), "{why}");
    }

    #[test]
    fn what_is_no_text_and_edits_that_are_none_say_so() {
        let place = place();
        let base = place.keep(b"\xff\xfe");
        assert!(place.weave(base, &set("a", "b", "")).expect_err("no text").ends_with("is not UTF-8 text"));
        let base = place.keep(TEA.as_bytes());
        let why = place.weave(base, &serde_json::json!([{ "edit": "fly" }])).expect_err("no edit");
        assert!(why.starts_with("the edits of runtime cannot be read"), "{why}");
    }
}
