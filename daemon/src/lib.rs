//! The always-on daemon that keeps a show's folders in order.
//!
//! One pure core (`show-core`) decides; the rooms here do what it says. [`driver`] holds the core and the store on one
//! plain thread; every other room is an adapter that turns orders into facts and imports no other adapter.

pub mod attempt;
pub mod blob;
pub mod board;
pub mod clock;
pub mod config;
pub mod feed;
pub mod inbox;
pub mod runner;
pub mod steps;
pub mod store;
pub mod watch;
