//! What showd is told of Syncthing: `[syncthing]`, and for each share what to do while people's devices are away.
//!
//! The API's key is full control of Syncthing, so it never stands here: only the file that holds it.

use super::read_path;
use super::table::Table;
use std::path::PathBuf;
use toml::de::DeValue;

/// Where Syncthing is. With nothing said, it is looked for where it keeps itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syncthing {
    /// False: shares are treated as if nobody carried them.
    pub is_enabled: bool,
    /// Of its API, without a path.
    pub url: Option<String>,
    /// The folder with its `config.xml`.
    pub home: Option<PathBuf>,
    /// Holds the API's key and nothing else.
    pub key_file: Option<PathBuf>,
    /// The one certificate to believe over https.
    pub cert_file: Option<PathBuf>,
}

impl Default for Syncthing {
    fn default() -> Self {
        Self { is_enabled: true, url: None, home: None, key_file: None, cert_file: None }
    }
}

impl Syncthing {
    /// Somebody said where it is, so its absence is worth a word.
    pub fn is_told(&self) -> bool {
        self.url.is_some() || self.home.is_some() || self.key_file.is_some()
    }
}

/// Devices that edited a share may hold edits that nobody knows of while they are away. Whether to wait for them with
/// writing into people's files; outputs at our own paths never wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// For every one, however long.
    Strict,
    /// For those that were seen within so many days.
    Grace { days: u32 },
    /// For none: if they did edit, their text wins and ours is set aside.
    Bold,
}

/// A laptop that is shut for the night is waited for, one that is on holidays is not.
const GRACE_DAYS: u32 = 1;

impl Default for Away {
    fn default() -> Self {
        Self::Grace { days: GRACE_DAYS }
    }
}

impl Away {
    pub fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Grace { .. } => "grace",
            Self::Bold => "bold",
        }
    }
}

pub fn read(mut table: Table<'_>) -> Syncthing {
    let is_enabled = read_enabled(&mut table);
    let url = table.text("url").map(|url| {
        let host = url.value.strip_prefix("http://").or_else(|| url.value.strip_prefix("https://"));
        let is_plain = host.is_some_and(|host| {
            let host = host.trim_end_matches('/');
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()) && !host.contains(['/', '?', '#', '@'])
        });
        if !is_plain {
            table.report(&url.span, "url", "is not an address", "write url = \"http://127.0.0.1:8384\"");
        }
        url.value
    });
    let home = read_path(&mut table, "home");
    let key_file = read_path(&mut table, "key_file");
    let cert_file = read_path(&mut table, "cert_file");
    table.finish();
    Syncthing { is_enabled, url, home, key_file, cert_file }
}

fn read_enabled(table: &mut Table<'_>) -> bool {
    let Some(value) = table.value("enabled") else { return true };
    match value.get_ref() {
        DeValue::Boolean(false) => false,
        DeValue::String(word) if word == "auto" => true,
        _ => {
            table.report(&value.span(), "enabled", "wants \"auto\" or false", "leave it out to look for Syncthing");
            true
        }
    }
}

/// `away` and `away_days` of a share.
pub fn read_away(entry: &mut Table<'_>) -> Away {
    let days = entry.count("away_days", 1, 3_650);
    let grace = Away::Grace { days: days.as_ref().map_or(GRACE_DAYS, |days| days.value) };
    let words = [("strict", Away::Strict), ("grace", grace), ("bold", Away::Bold)];
    let away = entry.one_of("away", &words).unwrap_or(grace);
    if let (Some(days), Away::Strict | Away::Bold) = (days, away) {
        entry.report(&days.span, "away_days", "means nothing here", "it goes with away = \"grace\"");
    }
    away
}

/// What `remote_quiet` says when it leaves it to Syncthing.
pub const AUTO: &str = "auto";

/// `remote_quiet` of a share: `None` follows the watcher of Syncthing's folder.
pub fn read_remote_quiet(entry: &mut Table<'_>) -> Option<u64> {
    const KEY: &str = "remote_quiet";
    let is_auto =
        entry.value(KEY).is_some_and(|value| matches!(value.get_ref(), DeValue::String(word) if word == AUTO));
    if is_auto { None } else { entry.span_ms(KEY) }
}
