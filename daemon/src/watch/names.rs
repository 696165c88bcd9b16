//! Which folders are never entered, by their names alone (specification 1.1, 1.5, 1.6).

use show_script::classify::{Kind, Stray, by_name};

/// Why a folder is not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// Syncthing's and hidden folders: nobody expects their content to be processed.
    Silently,
    /// A stray name: people should know.
    Stray,
}

/// Looks at every part of a folder's path below the root.
pub fn skip(folder: &str) -> Option<Skip> {
    folder.split('/').find_map(part)
}

fn part(name: &str) -> Option<Skip> {
    match by_name(&format!("{name}/file")).0 {
        Kind::Stray(Stray::Folder) => Some(Skip::Stray),
        Kind::Syncthing => Some(Skip::Silently),
        _ if name.starts_with('.') => Some(Skip::Silently),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_not_an_episodes_content_are_not_entered() {
        for (folder, expected) in [
            ("episodes/0900/rundown", None),
            ("episodes/0900/assets/New Folder 2", None),
            ("episodes/.trash/0233_20260801_101010", Some(Skip::Silently)),
            ("episodes/0900/.stversions", Some(Skip::Silently)),
            ("episodes/0900/.git/objects", Some(Skip::Silently)),
            ("episodes/0900/.claude", Some(Skip::Stray)),
            ("episodes/0900/preshow/temporary-files", Some(Skip::Stray)),
            ("episodes/0900/preshow/sync-1/deep", Some(Skip::Stray)),
            ("episodes/0900/New folder", Some(Skip::Stray)),
        ] {
            assert_eq!(skip(folder), expected, "{folder}");
        }
    }
}
