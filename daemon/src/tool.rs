//! Looks for programs: is it here, and which version.

use crate::board::Board;
use crate::inbox::Inbox;
use show_core::Event;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// A program that does not say its version by then is taken for missing.
const PATIENCE: Duration = Duration::from_secs(10);
const VERSION_CHARS_MAX: usize = 120;

/// Finds out in the background, and tells. Call it within a tokio runtime.
pub fn look_for(name: String, inbox: Inbox, board: Board) {
    tokio::spawn(async move {
        let mut version = None;
        // Most programs know the second, ffmpeg and its kin the first.
        for flag in ["-version", "--version"] {
            version = first_line(&name, flag).await;
            if version.is_some() {
                break;
            }
        }
        board.tool(&name, version.clone());
        let _ = inbox.tell(Event::ToolSeen { name, version }).await;
    });
}

async fn first_line(name: &str, flag: &str) -> Option<String> {
    let mut command = Command::new(name);
    command.arg(flag).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    output.status.success().then(|| line.chars().take(VERSION_CHARS_MAX).collect())
}
