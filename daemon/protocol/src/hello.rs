//! The first frame each way, always JSON: who is there, and in which version and encoding they go on.

use crate::{Refusal, RefusalKind};
use serde::{Deserialize, Serialize};

/// Stands in the hello, so that a stray connection is told from a client.
pub const PROTOCOL_NAME: &str = "showd";

/// The version this build speaks best.
pub const VERSION: u32 = 1;

/// Every version this build speaks.
pub const VERSIONS: &[u32] = &[VERSION];

/// Every encoding this build speaks.
pub const ENCODINGS: &[Encoding] = &[Encoding::Bincode, Encoding::Json];

/// How messages after the hello are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Compact, for clients built from this crate.
    Bincode,
    /// For everybody else.
    Json,
    /// A newer encoding than this build knows; never chosen.
    #[serde(other)]
    Unknown,
}

/// A client's first frame. Keys that the daemon does not know are ignored, so that later clients can say more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL_NAME`].
    pub protocol: String,
    /// Versions the client speaks.
    pub versions: Vec<u32>,
    /// Encodings the client speaks, the one it likes best first.
    pub encodings: Vec<Encoding>,
    /// Who it is, for the daemon's log: `showctl 0.1.0`.
    pub client: String,
}

/// The daemon's first frame. After `refused` it closes the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Welcome {
    Welcome {
        version: u32,
        encoding: Encoding,
        /// Who it is: `showd 0.1.0`.
        server: String,
        /// The longest frame either side may send, in bytes.
        frame_bytes_max: u64,
    },
    Refused(Refusal),
}

impl Hello {
    /// What our own clients say.
    pub fn new(client: impl Into<String>, encoding: Encoding) -> Self {
        Self {
            protocol: PROTOCOL_NAME.into(),
            versions: VERSIONS.to_vec(),
            encodings: vec![encoding],
            client: client.into(),
        }
    }
}

/// The daemon's side of the hello: the highest version both speak and the first of the client's encodings we know.
pub fn greet(hello: &Hello, server: &str) -> Welcome {
    if hello.protocol != PROTOCOL_NAME {
        return Welcome::Refused(Refusal::new(
            RefusalKind::Invalid,
            format!("the hello names the protocol \"{}\", this is \"{PROTOCOL_NAME}\"", hello.protocol),
            "see docs/PROTOCOL.md for how a client begins",
        ));
    }
    let Some(version) = VERSIONS.iter().filter(|version| hello.versions.contains(version)).max() else {
        return Welcome::Refused(Refusal::new(
            RefusalKind::Unsupported,
            format!("{server} speaks protocol versions {VERSIONS:?}, the client {:?}", hello.versions),
            "use a client of the same release",
        ));
    };
    let Some(encoding) = hello.encodings.iter().find(|encoding| ENCODINGS.contains(encoding)) else {
        return Welcome::Refused(Refusal::new(
            RefusalKind::Unsupported,
            format!("{server} speaks bincode and json, the client neither"),
            "ask for \"encodings\": [\"json\"]",
        ));
    };
    Welcome::Welcome {
        version: *version,
        encoding: *encoding,
        server: server.into(),
        frame_bytes_max: crate::frame::FRAME_BYTES_MAX as u64,
    }
}
