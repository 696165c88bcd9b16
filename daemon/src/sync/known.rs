//! What is known of Syncthing at the moment: its folders, devices, and who is connected.
//!
//! Filled by the thread that follows events, read by everybody who asks about a file.

use super::client::{Client, Connection, Folder, FolderStatus};
use jiff::Timestamp;
use show_core::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
pub struct Known {
    /// `None`: it does not answer.
    pub client: Option<Client>,
    /// Our own device.
    pub me: String,
    pub places: Vec<Place>,
    /// Names of devices by id.
    pub names: BTreeMap<String, String>,
    pub connections: BTreeMap<String, Connection>,
    pub last_seen: BTreeMap<String, Timestamp>,
    /// When devices connected.
    pub back: BTreeMap<String, Time>,
    /// By folder, as of the last event about it.
    pub statuses: BTreeMap<String, FolderStatus>,
    /// Lines of `.stignore`, by folder.
    pub ignores: BTreeMap<String, Vec<String>>,
    /// Short ids of all devices that ever changed a file, by folder.
    pub editors: BTreeMap<String, BTreeSet<String>>,
}

/// A folder of Syncthing, and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub folder: Folder,
    /// Without symbolic links, as far as it is there.
    pub path: PathBuf,
    /// Symbolic links and `~` as Syncthing has them.
    pub named: PathBuf,
}

/// Syncthing's short form of a device id, as in versions and names of conflict copies.
pub fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}

impl Place {
    pub fn new(folder: Folder, tilde: &str) -> Self {
        let named = match folder.path.strip_prefix('~') {
            Some("") => PathBuf::from(tilde),
            Some(below) if below.starts_with('/') => Path::new(tilde).join(&below[1..]),
            _ => PathBuf::from(&folder.path),
        };
        let path = std::fs::canonicalize(&named).unwrap_or_else(|_| named.clone());
        Self { folder, path, named }
    }

    /// As people know it.
    pub fn title(&self) -> &str {
        if self.folder.label.is_empty() { &self.folder.id } else { &self.folder.label }
    }

    /// The devices it is shared with, but for our own.
    pub fn others<'a>(&'a self, me: &'a str) -> impl Iterator<Item = &'a str> {
        self.folder.devices.iter().map(|device| device.id.as_str()).filter(move |id| *id != me)
    }
}

impl Known {
    /// The innermost folder that a path lies in, and the path below it.
    pub fn place_of(&self, path: &Path) -> Option<(&Place, String)> {
        let within = self.places.iter().filter_map(|place| Some((place, path.strip_prefix(&place.path).ok()?)));
        let (place, below) = within.max_by_key(|(place, _)| place.path.components().count())?;
        Some((place, below.to_str()?.to_owned()))
    }

    pub fn place(&self, folder: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.folder.id == folder)
    }

    /// What people call the device with this short id; the id itself where nobody does.
    pub fn name(&self, id: &str) -> String {
        let named = self.names.iter().find(|(device, _)| short(device) == short(id));
        named.map(|(_, name)| name).filter(|name| !name.is_empty()).map_or_else(|| short(id).to_owned(), Clone::clone)
    }

    pub fn is_connected(&self, device: &str) -> bool {
        self.connections.get(device).is_some_and(|connection| connection.connected)
    }

    /// What is connected came back when that began, whether or not anybody told us then.
    pub fn note_connections(&mut self) {
        for (device, connection) in self.connections.iter().filter(|(_, connection)| connection.connected) {
            let Some(began) = connection.started_at else { continue };
            let back = self.back.entry(device.clone()).or_insert(Time(began.as_millisecond()));
            *back = (*back).max(Time(began.as_millisecond()));
        }
    }

    /// Devices changed a file of this folder. Says whether one of them is new.
    pub fn note_editors<'a>(&mut self, folder: &str, editors: impl Iterator<Item = &'a str>) -> bool {
        let me = short(&self.me).to_owned();
        let known = self.editors.entry(folder.to_owned()).or_default();
        editors.filter(|id| *id != me).fold(false, |new, id| known.insert(id.to_owned()) | new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: &str, path: &str) -> Place {
        let folder = Folder { id: id.to_owned(), path: path.to_owned(), ..Folder::default() };
        Place::new(folder, "/home/producer")
    }

    #[test]
    fn a_path_belongs_to_the_innermost_folder_around_it() {
        let known = Known { places: vec![place("all", "~"), place("show", "~/show")], ..Known::default() };
        let of = |path: &str| known.place_of(Path::new(path)).map(|(place, below)| (place.folder.id.clone(), below));
        assert_eq!(of("/home/producer/show/a/b.md"), Some(("show".to_owned(), "a/b.md".to_owned())));
        assert_eq!(of("/home/producer/shower/b.md"), Some(("all".to_owned(), "shower/b.md".to_owned())));
        assert_eq!(of("/srv/b.md"), None);
    }

    #[test]
    fn who_is_connected_came_back_when_that_began() {
        let mut known = Known::default();
        let began = |second: i64| jiff::Timestamp::from_second(second).ok();
        let connection = |connected, started_at| Connection { connected, started_at, ..Connection::default() };
        known.connections.insert("A".into(), connection(true, began(7)));
        known.connections.insert("B".into(), connection(true, began(3)));
        known.connections.insert("C".into(), connection(false, began(9)));
        known.connections.insert("D".into(), connection(true, None));
        known.back = [("B".into(), Time(5_000)), ("C".into(), Time(1_000))].into();
        known.note_connections();
        let back: Vec<_> = known.back.iter().map(|(device, at)| (device.as_str(), at.0)).collect();
        assert_eq!(back, [("A", 7_000), ("B", 5_000), ("C", 1_000)]);
    }

    #[test]
    fn devices_are_called_by_their_names_and_ours_is_no_editor() {
        let mut known = Known { me: "AAAAAAA-1".into(), ..Known::default() };
        known.names.insert("BBBBBBB-2".into(), "laptop".into());
        assert_eq!((known.name("BBBBBBB"), known.name("CCCCCCC")), ("laptop".to_owned(), "CCCCCCC".to_owned()));
        assert!(known.note_editors("show", ["AAAAAAA", "BBBBBBB"].into_iter()));
        assert!(!known.note_editors("show", ["BBBBBBB"].into_iter()));
        assert_eq!(known.editors["show"], ["BBBBBBB".to_owned()].into());
    }
}
