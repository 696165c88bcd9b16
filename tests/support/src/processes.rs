//! Finding our binaries, and leaving nothing running.

use std::path::{Path, PathBuf};

/// The built `showd` or `showctl` of the same profile as this test.
///
/// # Panics
/// When it was not built: the tests run what `cargo build --workspace` made.
pub fn binary(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a test knows where it is");
    let profile =
        this.ancestors().find(|dir| dir.join("deps").is_dir()).expect("a test lies below its profile's folder");
    let path = profile.join(name);
    assert!(path.is_file(), "{} is not built; run \"cargo build --workspace\" first", path.display());
    path
}

/// Ends every process whose command line or environment names `path`: a runner that outlived its daemon, as it should,
/// its steps, and whatever these started.
pub fn kill_all_naming(path: &Path) {
    let needle = path.as_os_str().as_encoded_bytes();
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for entry in processes.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let names_it = ["cmdline", "environ"].iter().any(|file| {
            let words = std::fs::read(entry.path().join(file)).unwrap_or_default();
            words.windows(needle.len()).any(|window| window == needle)
        });
        if names_it && pid != std::process::id().cast_signed() {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
        }
    }
}
