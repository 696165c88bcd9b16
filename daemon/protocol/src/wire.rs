//! Messages as the payload of a frame, in whichever encoding the hello chose.

use crate::codec::{self, CodecError};
use crate::frame::FRAME_BYTES_MAX;
use crate::{Encoding, Envelope, Hello, Reply, Request, Welcome};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a payload is no message, or a message no payload. After a payload that is no message the connection ends.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("a message of {bytes} bytes is longer than a frame may be ({FRAME_BYTES_MAX})")]
    TooLong { bytes: usize },
    #[error("could not read the JSON of a message")]
    Json(#[from] serde_json::Error),
    #[error("could not read the bincode of a message")]
    Bincode(#[from] CodecError),
    #[error("the encoding was never agreed on")]
    NoEncoding,
}

impl Encoding {
    /// The payload of one frame, client to daemon.
    ///
    /// # Errors
    /// When it is longer than a frame may be.
    pub fn write_request(self, request: &Envelope<Request>) -> Result<Vec<u8>, WireError> {
        write(self, request)
    }

    /// One request from the payload of a frame.
    ///
    /// # Errors
    /// When the payload is not exactly one request.
    pub fn read_request(self, payload: &[u8]) -> Result<Envelope<Request>, WireError> {
        read(self, payload)
    }

    /// The payload of one frame, daemon to client.
    ///
    /// # Errors
    /// When it is longer than a frame may be: answer with a refusal of kind `too_large` instead.
    pub fn write_reply(self, reply: &Envelope<Reply>) -> Result<Vec<u8>, WireError> {
        write(self, reply)
    }

    /// One reply from the payload of a frame.
    ///
    /// # Errors
    /// When the payload is not exactly one reply.
    pub fn read_reply(self, payload: &[u8]) -> Result<Envelope<Reply>, WireError> {
        read(self, payload)
    }
}

impl Hello {
    /// The payload of the first frame.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a hello has no map keys that are not text")
    }

    /// # Errors
    /// When the payload is no hello.
    pub fn read(payload: &[u8]) -> Result<Self, WireError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

impl Welcome {
    /// The payload of the answer to the first frame.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a welcome has no map keys that are not text")
    }

    /// # Errors
    /// When the payload is no welcome.
    pub fn read(payload: &[u8]) -> Result<Self, WireError> {
        Ok(serde_json::from_slice(payload)?)
    }
}

fn write<T: Serialize>(encoding: Encoding, message: &T) -> Result<Vec<u8>, WireError> {
    let payload = match encoding {
        Encoding::Bincode => codec::encode(message)?,
        Encoding::Json => serde_json::to_vec(message)?,
        Encoding::Unknown => return Err(WireError::NoEncoding),
    };
    if payload.len() > FRAME_BYTES_MAX {
        return Err(WireError::TooLong { bytes: payload.len() });
    }
    Ok(payload)
}

fn read<T: DeserializeOwned>(encoding: Encoding, payload: &[u8]) -> Result<T, WireError> {
    match encoding {
        Encoding::Bincode => Ok(codec::decode(payload)?),
        Encoding::Json => Ok(serde_json::from_slice(payload)?),
        Encoding::Unknown => Err(WireError::NoEncoding),
    }
}
