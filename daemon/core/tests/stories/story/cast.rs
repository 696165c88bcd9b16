//! The shows that stories are told about.

use super::*;

/// One step that turns the notes into a script.
pub fn compile() -> Story {
    Story::new(rules(vec![out(step("compile"), "script", "scripts/script.html")])).program("compile", compiled)
}

pub fn compiled(order: &Order, blobs: &Blobs) -> Ended {
    let texts: Vec<String> = read(order, blobs).iter().map(|(_, text)| text.to_uppercase()).collect();
    Ended::Succeeded(output(order, &texts.join("\n")))
}

/// A small show: scan finds clips, repair corrects spelling, transcode encodes each clip, compile prints.
pub fn show() -> Story {
    let transcode = without_inputs(out(step("transcode"), "video", "video/{clip.slug}.mp4"));
    let transcode = on_pool(transcode, "gpu");
    let transcode = input(transcode, "source", Input::File("media/{clip.source}".to_owned()));
    let rules = rules(vec![
        step("scan"),
        editing(needs(step("repair"), &["scan"])),
        mapping(needs(transcode, &["scan"]), "scan.clips", &["trim"]),
        out(after(needs(step("compile"), &["repair"]), &["transcode"]), "script", "scripts/script.html"),
    ]);
    Story::new(rules)
        .program("scan", scan)
        .program("repair", repair)
        .program("transcode", |order, blobs| {
            let (_, source) = read(order, blobs)[0].clone();
            Ended::Succeeded(output(order, &format!("encoded {source}")))
        })
        .program("compile", compiled)
}

/// `clip SLUG SOURCE` in a note names a clip.
pub fn scan(order: &Order, blobs: &Blobs) -> Ended {
    let mut clips = Vec::new();
    for (_, text) in read(order, blobs) {
        for line in text.lines().filter_map(|line| line.strip_prefix("clip ")) {
            let (slug, source) = line.split_once(' ').expect("a slug and a source");
            let field = |text: &str| Field::Text(text.to_owned());
            let fields = [("slug".to_owned(), field(slug)), ("source".to_owned(), field(source))];
            clips.push(Element { id: slug.into(), fields: fields.into() });
        }
    }
    let summary = format!("{} clips", clips.len());
    Ended::Succeeded(Finished { lists: [("clips".to_owned(), clips)].into(), summary, ..Finished::default() })
}

pub fn repair(order: &Order, blobs: &Blobs) -> Ended {
    let wrong = read(order, blobs).into_iter().filter(|(_, text)| text.contains("teh"));
    let lines: Vec<String> = wrong.map(|(path, _)| format!("{path}: teh => the")).collect();
    if lines.is_empty() {
        return Ended::Succeeded(Finished { summary: "nothing to repair".to_owned(), ..Finished::default() });
    }
    Ended::Succeeded(edits(&lines.join("\n")))
}
