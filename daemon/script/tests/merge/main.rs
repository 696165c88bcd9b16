//! Merging what two people did to one note.
//!
//! [`cases`] are believable afternoons, judged by hand; [`properties`] is what must hold of any three texts; [`report`]
//! is what a client gets to show.

#[path = "../hostile/mod.rs"]
mod hostile;

mod cases;
mod properties;
mod report;
