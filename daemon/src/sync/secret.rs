//! The key of Syncthing's API: full control of it, so it is never printed, logged, or named in an error.

use std::fmt;
use std::io;
use std::path::Path;

/// A key is some tens of letters. What is longer is another file.
const KEY_BYTES_MAX: usize = 1 << 12;

/// The key. It has no way out but [`Secret::expose`], which only the request's header asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// `None`: it is empty, or could not stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_fit =
            !text.is_empty() && text.len() <= KEY_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_fit.then(|| Self(text.to_owned()))
    }

    /// The key in a file that holds nothing else.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        Self::new(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the file does not hold one key"))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_word_and_never_shown() {
        let key = Secret::new(" abc123\n").expect("a key");
        assert_eq!(key.expose(), "abc123");
        assert_eq!(format!("{key:?}"), "Secret(…)");
        assert_eq!(Secret::new("two words"), None);
        assert_eq!(Secret::new(" \n"), None);
        assert_eq!(Secret::new("a\r\nHost: elsewhere"), None);
    }
}
