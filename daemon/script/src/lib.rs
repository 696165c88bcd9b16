//! placeholder
pub mod classify;
pub mod episode;
pub mod html;
pub mod legacy;
pub mod listing;
pub mod path;
