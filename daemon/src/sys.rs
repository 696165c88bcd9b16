//! The one unsafe thing a daemon's start needs: taking over descriptors that the environment names.
#![allow(unsafe_code, reason = "descriptors by number belong to nobody until they are wrapped")]

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener;

/// The listening sockets that systemd passed, taken out of the environment. Call it before there are threads.
///
/// # Errors
/// When the environment says nonsense.
pub fn sockets() -> io::Result<Vec<UnixListener>> {
    // SAFETY: `main` calls this once, before it starts any thread, so nobody reads the environment meanwhile.
    let descriptors = unsafe { sd_notify::listen_fds_and_unset_env()? };
    descriptors
        .map(|descriptor| {
            // SAFETY: systemd passed this descriptor to us and to nobody else, and it is wrapped exactly once.
            Ok(UnixListener::from(unsafe { OwnedFd::from_raw_fd(descriptor) }))
        })
        .collect()
}
