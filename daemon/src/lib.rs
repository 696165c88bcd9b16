//! The always-on daemon that keeps a show's folders in order.
//!
//! One pure core (`show-core`) decides; the rooms here do what it says. [`driver`] holds the core and the store on one
//! plain thread; every other room is an adapter that turns orders into facts and imports no other adapter.

pub mod attempt;
mod ballot;
mod blob;
pub mod board;
mod cli;
pub mod clock;
pub mod config;
pub mod desk;
pub mod driver;
pub mod feed;
pub mod hash;
pub mod inbox;
pub mod journal;
mod keeper;
pub mod log;
mod merger;
pub mod notify;
mod probe;
pub mod publisher;
pub mod runner;
pub mod serve;
pub mod share;
pub mod socket;
mod start;
pub mod steps;
pub mod store;
pub mod sync;
mod sys;
pub mod tool;
pub mod view;
pub mod watch;
pub mod weaver;
pub mod words;

pub use start::main;
