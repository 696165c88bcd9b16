//! Enumerating a whole episode and taking the numbers away again (specification 4.9, 13 #6).

use proptest::prelude::*;
use show_script::check::Episode;
use show_script::enumerate::{Plan, enumerate, remove_numbers, without_number};
use show_script::item::Document;
use show_script::listing::Listing;
use show_script::report::Tree;
use show_script::weave::{FileKind, Layer, Weave, weave};
use std::collections::BTreeMap;

fn tree(items: &[(&str, String)], media: &[&str]) -> Tree {
    let files = items.iter().map(|(path, text)| (*path, text.len() as u64)).chain(media.iter().map(|path| (*path, 1)));
    Tree {
        folder: "0900".into(),
        listing: Listing::new(files),
        texts: items.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect(),
    }
}

fn plan(tree: &Tree, make: fn(&Episode<'_>) -> Plan) -> Plan {
    let found = tree.classify();
    make(&Episode::read(&tree.folder, &tree.listing, &found, |path| tree.text(path)))
}

/// What the episode is once all of a plan is done. Renames never go over another file.
fn done(tree: &Tree, plan: &Plan) -> Tree {
    let mut files: BTreeMap<String, u64> = tree.listing.files().map(|(path, size)| (path.to_owned(), size)).collect();
    for rename in &plan.renames {
        let size = files.remove(&rename.from).expect("what is renamed is there");
        assert_eq!(files.insert(rename.to.clone(), size), None, "{rename:?} is over another file");
    }
    let mut texts = tree.texts.clone();
    let fields = ["cue.Slug", "cue.Enumerator", "cue.MediaURL", "cue.AssetURL"];
    for file in &plan.files {
        let may_edit = fields.map(str::to_owned).to_vec();
        let layers = [Layer { order: 0, name: "enumerate".into(), may_edit, edits: file.edits.clone() }];
        let text = &tree.texts[&file.path];
        let woven =
            weave(&Weave { text, kind: FileKind::Item, layers: &layers, ours: &[], bindings: &[] }, &mut |_, _| None);
        assert_eq!((&woven.refused, &woven.dropped[..], &woven.proposals[..]), (&None, &[][..], &[][..]));
        texts.insert(file.path.clone(), woven.text);
    }
    Tree { folder: tree.folder.clone(), listing: Listing::new(files), texts }
}

fn item(order: u32, cues: &[String]) -> String {
    format!("---\nstatus: production\norder: {order}\n---\nProse stays.\n\n{}", cues.join("\nProse between.\n\n"))
}

fn cue(fields: &str) -> String {
    format!("<!-- Begin Cue -->\n{fields}\n<!-- End Cue -->\n")
}

fn slugs(tree: &Tree) -> Vec<String> {
    let documents = tree.texts.values().map(|text| Document::parse(text));
    documents.flat_map(|document| document.cues.iter().map(|cue| cue.slug().to_owned()).collect::<Vec<_>>()).collect()
}

fn renames(plan: &Plan) -> Vec<(&str, &str)> {
    plan.renames.iter().map(|rename| (rename.from.as_str(), rename.to.as_str())).collect()
}

#[test]
fn cues_are_numbered_in_the_order_of_the_show_and_their_files_move_along() {
    let first = item(
        10,
        &[
            cue(
                "[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: kettle-boils]\n[MediaURL: ../assets/videos/Kettle Boils.mp4]",
            ),
            cue("[Type: NOTE]\n[Note For: host]"),
            cue("[Type: HOLOGRAM]\n[Slug: teapot]"),
            cue(
                "[Type: GFX]\n[AssetID: GFXMSA79Z41P0TW4T]\n[Slug: 20-chart]\n[AssetURL: 20-chart.png]\n[Enumerator: 20]",
            ),
        ],
    );
    let second = item(
        20,
        &[
            cue("[Type: LIVE]\n[AssetID: LIVMSA79Z41P0TW4T]\n[Slug: 24-hours]"),
            cue("[Type: IMG]\n[AssetID: IMGMSA79Z41P0TW4T]\n[Slug: spoon]\n[MediaURL: gone.png]"),
        ],
    );
    let draft = item(30, &[cue("[Type: SOT]\n[Slug: later]\n[MediaURL: later.mp4]")]).replace("production", "draft");
    let tree = tree(
        &[("rundown/10 A.md", first.clone()), ("rundown/20 B.md", second), ("rundown/30 C.md", draft.clone())],
        &[
            "assets/videos/Kettle Boils.mp4",
            "assets/graphics/20-chart.png",
            "assets/graphics/20-chart_key.png",
            "assets/video/later.mp4",
        ],
    );
    let plan = plan(&tree, enumerate);
    assert_eq!(renames(&plan), [("assets/videos/Kettle Boils.mp4", "assets/video/10-kettle-boils.mp4")]);
    assert_eq!(
        plan.kept.iter().map(|kept| (kept.path.as_str(), kept.line, kept.why.as_str())).collect::<Vec<_>>(),
        [("rundown/20 B.md", 15, "gone.png is not there")]
    );
    let after = done(&tree, &plan);
    assert_eq!(slugs(&after), ["10-kettle-boils", "", "teapot", "20-chart", "30-24-hours", "40-spoon", "later"]);
    let text = &after.texts["rundown/10 A.md"];
    assert!(text.contains("[Type: SOT]\n[Enumerator: 10]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: 10-kettle-boils]\n[MediaURL: /episodes/0900/assets/video/10-kettle-boils.mp4]"), "{text}");
    assert_eq!(after.texts["rundown/30 C.md"], draft);
    let again = self::plan(&after, enumerate);
    assert_eq!((again.files, again.renames), (Vec::new(), Vec::new()));
}

#[test]
fn a_new_order_moves_files_one_after_the_other_and_never_over_another() {
    let graphic = |number: u32, name: &str| {
        cue(&format!(
            "[Type: GFX]\n[AssetID: GFXMSA79Z41P0T00{number}]\n[Slug: {number}-{name}]\n[Enumerator: {number}]\n[MediaURL: /episodes/0900/assets/graphics/{number}-{name}.png]"
        ))
    };
    let here = tree(
        &[("rundown/10 A.md", item(10, &[graphic(20, "tea"), graphic(30, "tea"), graphic(40, "pot")]))],
        &[
            "assets/graphics/20-tea.png",
            "assets/graphics/30-tea.png",
            "assets/graphics/40-pot.png",
            "assets/graphics/40-pot_key.png",
        ],
    );
    let shifted = plan(&here, enumerate);
    assert_eq!(
        renames(&shifted),
        [
            ("assets/graphics/20-tea.png", "assets/graphics/10-tea.png"),
            ("assets/graphics/30-tea.png", "assets/graphics/20-tea.png"),
            ("assets/graphics/40-pot.png", "assets/graphics/30-pot.png"),
            ("assets/graphics/40-pot_key.png", "assets/graphics/30-pot_key.png"),
        ]
    );
    let after = done(&here, &shifted);
    assert_eq!(slugs(&after), ["10-tea", "20-tea", "30-pot"]);
    // Without their numbers two files would have one name: the second keeps its own.
    let bare = plan(&after, remove_numbers);
    assert_eq!(
        renames(&bare),
        [
            ("assets/graphics/10-tea.png", "assets/graphics/tea.png"),
            ("assets/graphics/30-pot.png", "assets/graphics/pot.png"),
            ("assets/graphics/30-pot_key.png", "assets/graphics/pot_key.png")
        ]
    );
    assert_eq!(bare.kept.len(), 1);
    assert_eq!(slugs(&done(&after, &bare)), ["tea", "tea", "pot"]);
}

#[test]
fn files_that_would_swap_their_names_stay_and_so_do_their_references() {
    let graphic = |number: u32, id: u32| {
        cue(&format!(
            "[Type: GFX]\n[AssetID: GFXMSA79Z41P0T00{id}]\n[Slug: {number}-tea]\n[MediaURL: assets/graphics/{number}-tea.png]"
        ))
    };
    let here = tree(
        &[("rundown/10 A.md", item(10, &[graphic(20, 11), graphic(10, 12)]))],
        &["assets/graphics/10-tea.png", "assets/graphics/20-tea.png"],
    );
    let plan = plan(&here, enumerate);
    assert_eq!(renames(&plan), []);
    assert_eq!(plan.kept.len(), 2);
    let text = &done(&here, &plan).texts["rundown/10 A.md"];
    assert!(text.contains("[Slug: 10-tea]\n[MediaURL: assets/graphics/20-tea.png]"), "{text}");
}

#[test]
fn cues_of_one_file_agree_and_equal_cues_share_their_number() {
    let sot = cue("[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: kettle]\n[MediaURL: kettle.mp4]");
    let other = cue("[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1F]\n[Slug: again]\n[MediaURL: kettle.mp4]");
    let here = tree(&[("rundown/10 A.md", item(10, &[sot.clone(), sot, other]))], &["assets/video/kettle.mp4"]);
    let plan = plan(&here, enumerate);
    let after = done(&here, &plan);
    assert_eq!(slugs(&after), ["10-kettle", "10-kettle", "20-again"]);
    assert_eq!(
        after.texts["rundown/10 A.md"].matches("[MediaURL: /episodes/0900/assets/video/10-kettle.mp4]").count(),
        3
    );
}

#[test]
fn what_people_dropped_stays_where_they_dropped_it() {
    let here = tree(
        &[(
            "rundown/10 A.md",
            item(10, &[cue("[Type: SOT]\n[AssetID: SOTMSA79Z40K3TT1E]\n[Slug: raw]\n[MediaURL: ../preshow/raw.mov]")]),
        )],
        &["preshow/raw.mov"],
    );
    let plan = plan(&here, enumerate);
    assert_eq!(renames(&plan), []);
    assert_eq!(plan.kept[0].why, "preshow/raw.mov is not below assets/ and keeps its name");
}

proptest! {
    #[test]
    fn numbering_and_taking_the_numbers_away_restores_every_slug(
        cues in prop::collection::vec(
            (prop::sample::select(vec!["SOT", "VO", "GFX", "IMG", "FSQ", "MUS", "LIVE", "NOTE", "RIF"]), "[a-c]{1,2}(-[a-c1-9]{1,2})?|2[1-9]-hours|[1-9]0-x", any::<bool>()),
            1..8,
        )
    ) {
        let mut media: Vec<String> = Vec::new();
        let texts: Vec<String> = cues.iter().enumerate().map(|(at, (kind, slug, there))| {
            let folder = match *kind { "SOT" | "VO" => "video", "GFX" => "graphics", "IMG" => "images", "FSQ" => "quotes", _ => "audio" };
            let path = format!("assets/{folder}/{slug}.{}", if folder == "video" { "mp4" } else if folder == "audio" { "mp3" } else { "png" });
            let text = cue(&format!("[Type: {kind}]\n[AssetID: {kind}MSA79Z40K3TT{at:02}]\n[Slug: {slug}]\n[MediaURL: ../{path}]"));
            if *there && !media.contains(&path) { media.push(path); }
            text
        }).collect();
        let media: Vec<&str> = media.iter().map(String::as_str).collect();
        let tree = tree(&[("rundown/10 A.md", item(10, &texts))], &media);
        let numbered = done(&tree, &plan(&tree, enumerate));
        let restored = done(&numbered, &plan(&numbered, remove_numbers));
        // A number that stood there before was one of an older enumeration, and goes with the new one; types without
        // numbers keep theirs.
        let bare: Vec<String> = cues.iter().map(|(kind, slug, _)| {
            if matches!(*kind, "NOTE" | "RIF") { slug.clone() } else { without_number(slug, None).to_owned() }
        }).collect();
        prop_assert_eq!(slugs(&restored), bare);
        prop_assert_eq!(restored.texts["rundown/10 A.md"].contains("Enumerator"), false);
        prop_assert_eq!(restored.listing.files().count(), tree.listing.files().count());
    }
}
