//! What `showd` and its clients say to each other, and the envelope in which rows and frames travel.
//!
//! A conversation is a [`Hello`] and a [`Welcome`], always in JSON, then [`Envelope`]s of [`Request`]s one way and of
//! [`Reply`]s the other, in the encoding that the welcome chose: bincode for our own client, JSON for a script in any
//! language. Every message is one frame: four bytes of length, big endian, then the payload ([`frame`]).
//!
//! Rooms: [`ask`] holds what may be asked, `view` what is answered (plain structs, which are also the documented
//! shapes of `showctl --json`), `reply` the ways an answer can go, [`wire`] turns messages into bytes and back, and
//! [`codec`], the only module that knows bincode, also keeps the daemon's rows. Nothing here does IO.
//!
//! Rules of the wire, kept by golden tests: variants are appended and never reordered; a struct never changes its
//! fields within one protocol version; what must grow becomes a new variant or a new version.
#![forbid(unsafe_code)]

pub mod ask;
pub mod codec;
pub mod frame;
mod hello;
mod name;
mod place;
mod reply;
mod size;
mod view;
pub mod wire;

pub use ask::{Ask, Request};
pub use hello::{ENCODINGS, Encoding, Hello, PROTOCOL_NAME, VERSION, VERSIONS, Welcome, greet};
pub use name::{AttemptNo, BuildId, IntentId, JobId, LeaseId, NotANumber, ProposalId, Seq};
pub use place::{SOCKET_OF_THE_SYSTEM, SOCKET_VARIABLE, socket_path};
pub use reply::{Answer, Envelope, Failure, Push, Refusal, RefusalKind, Reply};
pub use size::size;
pub use view::*;
