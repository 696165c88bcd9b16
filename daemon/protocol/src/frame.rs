//! One message on the socket: four bytes of length, big endian, then that many bytes of payload.
//!
//! The length does not count itself. It is compared with [`FRAME_BYTES_MAX`] before anything is allocated, on both
//! sides and in both directions. A frame error is final: the stream is out of step, so the connection ends.

use tokio_util::codec::LengthDelimitedCodec;

/// Both ways. The longest request is a set of edits to one file, the longest answers are pages that the daemon cuts
/// ([`PAGE_ROWS_MAX`]); above this a peer is confused or hostile. A silent client can make the daemon reserve this much.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// A frame once begun must be whole after this long, in milliseconds, or the connection ends.
pub const FRAME_MS_MAX: u64 = 10_000;

/// The hello must have come after this long, in milliseconds, or the connection ends.
pub const HELLO_MS_MAX: u64 = 5_000;

/// Rows of one page when the client names no number.
pub const PAGE_ROWS: u32 = 100;

/// Rows of one page at most; a larger wish is cut to this.
pub const PAGE_ROWS_MAX: u32 = 500;

/// Text of a log or of a file's old version in one frame, in bytes, at most.
pub const CHUNK_BYTES_MAX: usize = 128 << 10;

/// The framing of both sides. The limit belongs to the codec, so it is set before the first byte moves.
pub fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_type::<u32>().max_frame_length(FRAME_BYTES_MAX).new_codec()
}
