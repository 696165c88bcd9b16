//! Values as bytes: bincode 2, bounded and exact, and the labelled envelope that stored rows travel in.
//!
//! The only module that knows bincode. It is unmaintained, so everything dangerous about it is fenced off here:
//! decoding has a limit (without one, nine bytes can abort the process), trailing bytes are an error (bincode drops
//! them in silence), and what is stored carries a magic, a kind and a schema number, so that another codec can take
//! over kind by kind. Never decode a recursive type or a list of empty structs through this: the limit counts
//! neither depth nor elements without bytes.

use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What one value may decode to, in bytes as bincode counts them: the widths in memory, where one byte of frame may
/// count eight. A frame is at most [`crate::frame::FRAME_BYTES_MAX`], which is the real guard.
pub const DECODED_BYTES_MAX: usize = 16 << 20;

/// The longest value that [`encode`] and [`seal`] will make, in bytes.
pub const ENCODED_BYTES_MAX: usize = 8 << 20;

const CONFIG: Configuration<LittleEndian, Varint, Limit<DECODED_BYTES_MAX>> =
    config::standard().with_limit::<DECODED_BYTES_MAX>();

const MAGIC: [u8; 2] = *b"S1";
const LABEL_BYTES: usize = 6;

/// Says what the bytes after it are. Kinds belong to whoever stores; a changed shape is a new schema number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub kind: u16,
    pub schema: u16,
}

/// Why bytes are no value, or a value no bytes.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("could not encode a value")]
    Encode(#[source] bincode::error::EncodeError),
    #[error("a value of {bytes} bytes is longer than {ENCODED_BYTES_MAX}")]
    TooLong { bytes: usize },
    #[error("could not decode a value of {bytes} bytes")]
    Decode {
        bytes: usize,
        #[source]
        cause: bincode::error::DecodeError,
    },
    #[error("{extra} bytes follow the value")]
    Trailing { extra: usize },
    #[error("the bytes carry no label of ours")]
    NotLabelled,
    #[error("expected kind {} schema {}, found kind {} schema {}", expected.kind, expected.schema, found.kind, found.schema)]
    OtherLabel { expected: Label, found: Label },
}

/// A value as bare bytes.
///
/// # Errors
/// When it is longer than [`ENCODED_BYTES_MAX`], or serde refuses it.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
    append(Vec::new(), value)
}

/// A value from bare bytes, all of them.
///
/// # Errors
/// When the bytes are not exactly one value within [`DECODED_BYTES_MAX`].
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (value, used) = bincode::serde::decode_from_slice(bytes, CONFIG)
        .map_err(|cause| CodecError::Decode { bytes: bytes.len(), cause })?;
    if used != bytes.len() {
        return Err(CodecError::Trailing { extra: bytes.len() - used });
    }
    Ok(value)
}

/// A value with its label before it: magic, kind, schema (both big endian), then the value.
///
/// # Errors
/// As [`encode`].
pub fn seal<T: Serialize>(label: Label, value: &T) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(LABEL_BYTES + 64);
    out.extend(MAGIC);
    out.extend(label.kind.to_be_bytes());
    out.extend(label.schema.to_be_bytes());
    append(out, value)
}

/// The label and the bytes after it, for a reader that knows several schemas: [`decode`] reads the rest.
///
/// # Errors
/// When the bytes do not begin with a label.
pub fn label(bytes: &[u8]) -> Result<(Label, &[u8]), CodecError> {
    match bytes {
        [m0, m1, k0, k1, s0, s1, payload @ ..] if [*m0, *m1] == MAGIC => {
            let label = Label { kind: u16::from_be_bytes([*k0, *k1]), schema: u16::from_be_bytes([*s0, *s1]) };
            Ok((label, payload))
        }
        _ => Err(CodecError::NotLabelled),
    }
}

/// A labelled value of exactly this label.
///
/// # Errors
/// When the label is another one, or as [`decode`].
pub fn unseal<T: DeserializeOwned>(expected: Label, bytes: &[u8]) -> Result<T, CodecError> {
    let (found, payload) = label(bytes)?;
    if found != expected {
        return Err(CodecError::OtherLabel { expected, found });
    }
    decode(payload)
}

fn append<T: Serialize>(mut out: Vec<u8>, value: &T) -> Result<Vec<u8>, CodecError> {
    bincode::serde::encode_into_std_write(value, &mut out, CONFIG).map_err(CodecError::Encode)?;
    if out.len() > ENCODED_BYTES_MAX {
        return Err(CodecError::TooLong { bytes: out.len() });
    }
    Ok(out)
}
