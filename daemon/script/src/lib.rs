//! The show's text formats, pure: text in, text and diagnostics out.
//!
//! Nothing here reads a file, a clock or a random number, so the daemon, its steps and `showctl check` run the very
//! same parser and rules. Two halves:
//!
//! * **Reading**: [`item::Document`] is one Markdown file, parsed once: [`front`] matter, [`cue`]s with their
//!   [`field`]s, and everything between them as blocks. It borrows the text and keeps the byte offset of everything.
//! * **Writing**: nothing is ever re-serialised. A change is an [`edit::Edit`]; [`weave`] turns the edits of all steps
//!   into byte-exact [`text::Splice`]s, and [`guard`] refuses a result in which something got lost.
//!
//! And where two people wrote at once, [`mod@merge`] makes one text of theirs, or says where it cannot.
//!
//! Rule numbers in the comments are those of the format specification ("spec").

pub mod ballot;
pub mod blame;
pub mod check;
pub mod classify;
pub mod compile;
pub mod cue;
pub mod diagnostic;
pub mod duration;
pub mod edit;
pub mod enumerate;
pub mod episode;
pub mod field;
pub mod front;
pub mod guard;
pub mod html;
pub mod id;
pub mod inline;
pub mod item;
pub mod kind;
pub mod legacy;
pub mod listing;
pub mod merge;
pub mod path;
pub mod quote;
pub mod repair;
pub mod report;
pub mod rundown;
pub mod runtime;
pub mod scan;
pub mod scrub;
pub mod settings;
pub mod slug;
pub mod speech;
pub mod text;
pub mod transcript;
pub mod weave;
