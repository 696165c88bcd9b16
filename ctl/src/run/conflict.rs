//! `showctl resolve`: one of both, both merged, or what a person writes of them.

use super::{Outcome, Session};
use crate::args::ResolveChoice;
use crate::complaint::{Complaint, Exit, usage};
use crate::page::Page;
use show_protocol::{ConflictView, Fit, Settle, ask};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

pub async fn resolve(session: &Session<'_>, path: String, choice: ResolveChoice) -> Outcome {
    let view = session.connect().await?.ask(ask::Conflict { path: path.clone() }).await?;
    let how = match choice {
        ResolveChoice { ours: true, .. } => Settle::Ours,
        ResolveChoice { theirs: true, .. } => Settle::Theirs,
        ResolveChoice { merged: true, .. } => Settle::Merged,
        ResolveChoice { edit: true, .. } => Settle::Text,
        _ => match asked(session, &view)? {
            Some(how) => how,
            None => return Ok(Exit::Done.into()),
        },
    };
    let conflict = &view.conflict;
    let is_markdown = conflict.file.to_ascii_lowercase().ends_with(".md");
    if matches!(how, Settle::Text | Settle::Merged) && !is_markdown {
        let text = format!("{} is no text that could be put together", conflict.file);
        return Err(
            Complaint::new(Exit::Refused, text).hint("say --ours, or move the right one into its place by hand")
        );
    }
    let draft = if how == Settle::Text { Some(edited(&view)?) } else { None };
    let ask = ask::Resolve {
        path: format!("{}:{}", conflict.share, conflict.copy),
        how,
        text: match draft.as_ref().map(Draft::text).transpose() {
            Ok(text) => text,
            Err(complaint) => return Err(kept(complaint, draft)),
        },
        ours: conflict.ours.clone(),
        theirs: conflict.theirs.clone(),
    };
    // An editor may have been open for an hour.
    let settled = async { session.connect().await?.ask(ask).await };
    match settled.await {
        Ok(view) => session.print(&view),
        Err(complaint) => Err(kept(complaint, draft)),
    }
}

/// What somebody wrote is not thrown away because it was refused.
fn kept(complaint: Complaint, draft: Option<Draft>) -> Complaint {
    let Some(draft) = draft else { return complaint };
    let hint = format!("{}\nwhat you wrote is in {}", complaint.hint, draft.leave().display());
    complaint.hint(hint.trim_start())
}

/// Shows both and lets a person choose. `None`: left as it is.
fn asked(session: &Session<'_>, view: &ConflictView) -> Result<Option<Settle>, Complaint> {
    let terminal = session.terminal;
    if !terminal.can_ask() {
        let text = format!("how {} is to be settled was not said, and there is nobody to ask", view.conflict.copy);
        return Err(usage(text, "add --ours, --theirs, --merged or --edit; \"showctl conflicts\" shows both sides"));
    }
    terminal.print(&view.page(&terminal.look()))?;
    let merged = if view.conflict.fit == Fit::Clean { "[m]erged, " } else { "" };
    loop {
        let question = format!("keep [o]urs (−), take [t]heirs (+), {merged}[e]dit, or [q]uit?");
        match terminal.ask(&question).to_ascii_lowercase().as_str() {
            "o" | "ours" => return Ok(Some(Settle::Ours)),
            "t" | "theirs" => return Ok(Some(Settle::Theirs)),
            "m" | "merged" if !merged.is_empty() => return Ok(Some(Settle::Merged)),
            "e" | "edit" => return Ok(Some(Settle::Text)),
            "q" | "quit" | "" => return Ok(None),
            _ => terminal.note("answer with one of the letters in brackets"),
        }
    }
}

/// Lets a person make one of both, in a file of its own outside every share.
fn edited(view: &ConflictView) -> Result<Draft, Complaint> {
    let conflict = &view.conflict;
    if conflict.theirs.is_none() {
        let text = format!("{} is being looked at", conflict.copy);
        return Err(Complaint::new(Exit::Refused, text).hint("try again in a moment"));
    }
    let editor = ["VISUAL", "EDITOR"].into_iter().filter_map(std::env::var_os).find(|editor| !editor.is_empty());
    let Some(editor) = editor else {
        let hint = "for example: EDITOR=nano showctl resolve … --edit";
        return Err(usage("neither $VISUAL nor $EDITOR names an editor", hint));
    };
    let name = conflict.file.rsplit('/').next().unwrap_or("note.md");
    let draft = Draft::new(name, &view.draft).map_err(|cause| failed("write a file to edit", &cause))?;
    // The variable may hold a command with words.
    let mut words = editor;
    words.push(" \"$@\"");
    let ended = Command::new("sh").arg("-c").arg(words).arg("sh").arg(&draft.file).status();
    let status = ended.map_err(|cause| failed("start the editor", &cause))?;
    if status.success() {
        return Ok(draft);
    }
    let complaint = Complaint::new(Exit::Failed, format!("the editor ended with {status}; nothing was done"));
    Err(kept(complaint, Some(draft)))
}

fn failed(what: &str, cause: &io::Error) -> Complaint {
    Complaint::new(Exit::Failed, format!("could not {what}")).because(cause.to_string())
}

/// A file to edit, in a folder that nobody else reads; gone with its folder unless it is left.
struct Draft {
    folder: PathBuf,
    file: PathBuf,
}

impl Draft {
    fn new(name: &str, text: &str) -> io::Result<Self> {
        let at = jiff::Timestamp::now().as_nanosecond();
        let folder = std::env::temp_dir().join(format!("showctl-{}-{at}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let draft = Self { file: folder.join(name), folder };
        fs::write(&draft.file, text)?;
        Ok(draft)
    }

    fn text(&self) -> Result<String, Complaint> {
        fs::read_to_string(&self.file).map_err(|cause| failed("read what was written", &cause))
    }

    /// Where it stays.
    fn leave(mut self) -> PathBuf {
        self.folder = PathBuf::new();
        self.file.clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.folder.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
