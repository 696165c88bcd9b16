//! Compiles an episode folder to a directory, to look at the pages:
//!
//! ```text
//! cargo run -p show-script --example compile_share -- docs/example-share/episodes/0900 /tmp/pages
//! ```
//!
//! Reads what lies there and writes nothing into it.

use show_script::classify::classify;
use show_script::compile::{CoverTemplate, Input, Preset, Settings, compile};
use show_script::item::Document;
use show_script::listing::Listing;
use show_script::path::Shelf;
use show_script::quote;
use show_script::rundown::Rundown;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(episode), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: compile_share EPISODE-FOLDER OUTPUT-FOLDER".into());
    };
    let mut bytes = BTreeMap::new();
    read_below(&episode, "", &mut bytes)?;
    let text = |path: &str| bytes.get(path).and_then(|bytes: &Vec<u8>| std::str::from_utf8(bytes).ok());

    let mut listing: BTreeMap<String, u64> = bytes.iter().map(|(path, b)| (path.clone(), b.len() as u64)).collect();
    // Media that a share's `clips.txt` promises count as being there.
    for path in promised(&episode) {
        listing.entry(path).or_insert(0);
    }
    let found = classify(&Listing::new(listing), text);
    let rundown = Rundown::read(&found, text);
    let shelf = Shelf::new(found.iter().map(|found| (found.path.as_str(), &found.kind)));
    let info = text("info.md").map(Document::parse);
    let number = episode.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();

    let settings = Settings { show_name: "The Kettle Report".into(), ..Settings::default() };
    let input = Input {
        episode: &number,
        info: info.as_ref(),
        rundown: &rundown,
        shelf: &shelf,
        files: &bytes,
        template: &CoverTemplate::Unset,
        settings: &settings,
    };
    let compiled = compile(&input, &Preset::ALL);
    for (path, page) in &compiled.files {
        write(&out.join(path), page)?;
    }
    let sources: Vec<_> = rundown.items().filter_map(quote::Source::of).collect();
    let quotes = quote::extract(&number, &sources, &[], text(quote::QUOTES_PATH), 1_785_578_400_000);
    write(&out.join(quote::QUOTES_PATH), &quotes.file.json())?;
    println!("{}", serde_json::to_string_pretty(&compiled.result)?);
    Ok(())
}

fn read_below(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_below(&entry.path(), &format!("{path}/"), into)?;
        } else {
            into.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn promised(episode: &Path) -> Vec<String> {
    let clips = episode.ancestors().nth(2).and_then(|share| fs::read_to_string(share.join("clips.txt")).ok());
    let name = episode.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let of_this =
        |line: &str| line.split_whitespace().next()?.strip_prefix(&format!("episodes/{name}/")).map(str::to_owned);
    clips.unwrap_or_default().lines().filter_map(of_this).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
    fs::write(path, text)?;
    println!("{}", path.display());
    Ok(())
}
