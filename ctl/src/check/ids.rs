//! New AssetIDs, different from every id in a share's tree (specification 4.7 #6).

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Makes ids. The share is read when the first one is wanted.
pub struct Ids {
    share: PathBuf,
    now_ms: u64,
    random: Option<File>,
    taken: Option<BTreeSet<String>>,
}

impl Ids {
    pub fn new(share: PathBuf, now_ms: i64) -> Self {
        Self { share, now_ms: u64::try_from(now_ms).unwrap_or(0), random: File::open("/dev/urandom").ok(), taken: None }
    }

    /// An id with this prefix that nobody in the share has. `None` without a source of randomness.
    pub fn make(&mut self, prefix: &str) -> Option<String> {
        let taken = self.taken.get_or_insert_with(|| {
            let mut taken = BTreeSet::new();
            let _ = gather(&self.share.join("episodes"), &mut taken);
            taken
        });
        loop {
            let id = show_script::id::compose(prefix, self.now_ms, digits(self.random.as_mut()?).ok()?);
            if taken.insert(id.clone()) {
                return Some(id);
            }
        }
    }
}

/// Six values, each uniformly from 0 to 35: bytes from 252 on would favour some.
fn digits(random: &mut File) -> io::Result<[u8; 6]> {
    let mut digits = [0; 6];
    for digit in &mut digits {
        let mut byte = [255];
        while byte[0] >= 252 {
            random.read_exact(&mut byte)?;
        }
        *digit = byte[0] % 36;
    }
    Ok(digits)
}

/// Every word of a Markdown file below the folder that could be an id: 16 to 20 capitals and digits.
fn gather(folder: &Path, taken: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let Ok(look) = entry.file_type() else { continue };
        let path = entry.path();
        if look.is_dir() {
            let _ = gather(&path, taken);
        } else if look.is_file() && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md")) {
            let bytes = fs::read(&path).unwrap_or_default();
            let words = bytes.split(|byte| !byte.is_ascii_alphanumeric());
            let ids = words.filter(|word| (16..=20).contains(&word.len()) && !word.iter().any(u8::is_ascii_lowercase));
            taken.extend(ids.map(|word| String::from_utf8_lossy(word).into_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_well_formed_and_new_in_the_share() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("episodes/0900/rundown")).unwrap();
        fs::write(
            dir.path().join("episodes/0900/rundown/a.md"),
            "[AssetID: SOTMSA79Z40K3TT1E] lower SOTMSA79Z40K3TT1e",
        )
        .unwrap();
        let mut taken = BTreeSet::new();
        gather(&dir.path().join("episodes"), &mut taken).unwrap();
        assert_eq!(taken.into_iter().collect::<Vec<_>>(), ["SOTMSA79Z40K3TT1E"]);
        let mut ids = Ids::new(dir.path().to_owned(), 1_785_578_400_000);
        let (one, other) = (ids.make("SOT").unwrap(), ids.make("SOT").unwrap());
        assert!(one.starts_with("SOTMSA79Z40") && one.len() == 17 && one != other, "{one} {other}");
    }
}
