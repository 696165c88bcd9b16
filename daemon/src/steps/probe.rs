//! `probe`: what a media file is, asked of ffprobe once, and whether it already is what the playout wants.
//!
//! The result is keyed by the file's content, so it says nothing of cues; `runtime` writes what of it belongs into them.

mod atoms;
mod read;
mod target;

pub use read::Media;

use super::work::{Failure, Outcome, Work};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

pub const VERSION: u32 = 1;

/// What ffprobe says of a file with a thousand streams. More is no file that anybody made on purpose.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

pub fn run(work: &mut Work) -> Result<Outcome, Failure> {
    let files = work.files("source");
    let [(path, at)] = files.as_slice() else {
        return Err("the order has no single file \"source\"".to_owned().into());
    };
    let size = fs::metadata(at).map_err(|cause| format!("could not look at {path}: {cause}"))?.len();
    work.progress(0, "asking ffprobe");
    let answer = ask(at, work.out())?;
    let media = read::read(&answer, size).map_err(|why| Failure::Unfit(format!("{path}: {why}")))?;
    let problems = target::problems(&media);
    let kind = work.order.element.as_ref().and_then(|element| element.get("kind")?.as_str()).unwrap_or_default();
    let is_silent = kind.starts_with("vo_");
    let starts_fast = File::open(at).is_ok_and(atoms::starts_fast);
    let off_target = target::off_target(&media, is_silent, starts_fast);

    println!("{path}: {}", media.line());
    for problem in problems.iter().chain(&off_target) {
        println!("  {problem}");
    }
    let mut outcome = Outcome::of(&media)?;
    outcome.result.summary = media.line();
    outcome.fact("off_target", !off_target.is_empty());
    outcome.fact("why_off_target", off_target.join("; "));
    outcome.fact("usable", problems.is_empty());
    outcome.fact("problems", problems.clone());
    outcome.with_errors = !problems.is_empty();
    Ok(outcome)
}

/// The answer as it came. ffprobe knows no time limit of its own: the runner has one.
fn ask(file: &Path, work: &Path) -> Result<Vec<u8>, Failure> {
    let mut name = std::ffi::OsString::from("file:");
    name.push(file);
    // Into a file, so that neither of two full pipes can wait for the other.
    let errors = work.join("ffprobe.err");
    let words = File::create(&errors).map_err(|cause| format!("could not make {}: {cause}", errors.display()))?;
    let mut ffprobe = Command::new("ffprobe")
        .args(["-v", "error", "-protocol_whitelist", "file", "-show_format", "-show_streams", "-of", "json"])
        .arg(name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(words)
        .spawn()
        .map_err(|cause| format!("could not run ffprobe: {cause}"))?;
    let mut answer = Vec::new();
    let out = ffprobe.stdout.take().expect("it was piped");
    let read = out.take(ANSWER_BYTES_MAX).read_to_end(&mut answer);
    let status = ffprobe.wait().map_err(|cause| format!("could not wait for ffprobe: {cause}"))?;
    read.map_err(|cause| format!("could not read from ffprobe: {cause}"))?;
    let said = fs::read(&errors).unwrap_or_default();
    let _ = fs::remove_file(&errors);
    let said = String::from_utf8_lossy(&said);
    for line in said.lines().take(50) {
        println!("ffprobe: {line}");
    }
    if status.success() {
        return Ok(answer);
    }
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let last = last.map_or("it said nothing", |line| line.rsplit(": ").next().unwrap_or(line));
    let name = file.file_name().unwrap_or(file.as_os_str());
    let why = format!("ffprobe could not read {}: {last}", Path::new(name).display());
    // One that was killed says nothing of the file.
    Err(if status.code().is_some() { Failure::Unfit(why) } else { Failure::Other(why) })
}
