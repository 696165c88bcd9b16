//! Where the socket lies when nobody says so: one rule for the daemon and its clients.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The environment variable that names the socket, below `--socket` and above the rule.
pub const SOCKET_VARIABLE: &str = "SHOWD_SOCKET";

/// Of a daemon that systemd runs for the whole machine.
pub const SOCKET_OF_THE_SYSTEM: &str = "/run/showd/showd.sock";

/// `$XDG_RUNTIME_DIR/showd/showd.sock`, else `/run/user/UID/showd/showd.sock` where that folder is, else
/// [`SOCKET_OF_THE_SYSTEM`]. `exists` answers for folders.
pub fn socket_path(runtime_dir: Option<&OsStr>, uid: u32, exists: impl Fn(&Path) -> bool) -> PathBuf {
    let of_the_user = PathBuf::from(format!("/run/user/{uid}"));
    match runtime_dir {
        Some(dir) if !dir.is_empty() => Path::new(dir).join("showd/showd.sock"),
        _ if exists(&of_the_user) => of_the_user.join("showd/showd.sock"),
        _ => PathBuf::from(SOCKET_OF_THE_SYSTEM),
    }
}
