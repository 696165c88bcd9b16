//! Syncthing's hash of a file's contents, for files of one block: how its index is compared with bytes at hand.
//!
//! Two forms are about. Up to 1.x (`lib/protocol`, `BlocksHash`): SHA-256 over each block's SHA-256 and weak hash
//! (Adler-32, big endian). From 2.0: SHA-256 over the blocks' SHA-256 alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The smallest block, and so the largest file of one block whatever the version.
const BLOCK_BYTES: usize = 128 << 10;

/// Whether these bytes are those that the index says, in either form. `None`: more than one block, so nobody can say
/// without knowing how large the blocks are.
pub fn are(bytes: &[u8], blocks_hash: &str) -> Option<bool> {
    if bytes.is_empty() || bytes.len() > BLOCK_BYTES {
        return None;
    }
    let wanted = STANDARD.decode(blocks_hash).ok().filter(|hash| hash.len() == 32)?;
    let block = Sha256::digest(bytes);
    let old = Sha256::new().chain_update(block).chain_update(adler32(bytes).to_be_bytes()).finalize();
    Some(wanted[..] == old[..] || wanted[..] == Sha256::digest(block)[..])
}

/// RFC 1950, section 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % PRIME;
        high = (high + low) % PRIME;
    }
    (high << 16) | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_standard() {
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(adler32(b""), 1);
    }

    #[test]
    fn bytes_are_known_again_in_both_forms_and_others_are_not() {
        let block = Sha256::digest(b"a note\n");
        let new = STANDARD.encode(Sha256::digest(block));
        let old = STANDARD.encode(Sha256::new().chain_update(block).chain_update([0x09, 0x80, 0x02, 0x42]).finalize());
        assert_eq!(adler32(b"a note\n"), 0x0980_0242);
        assert_eq!((are(b"a note\n", &new), are(b"a note\n", &old)), (Some(true), Some(true)));
        assert_eq!((are(b"a nose\n", &new), are(b"a nose\n", &old)), (Some(false), Some(false)));
        assert_eq!(are(b"a note\n", "not base64"), None);
        assert_eq!(are(&vec![0; BLOCK_BYTES + 1], &new), None);
    }
}
