//! Stories about the core: a scenario goes in, what it decided comes out.

mod asking;
mod ballots;
mod building;
mod conflicts;
mod failing;
mod following;
mod handing;
mod planning;
mod publishing;
mod settling;
mod story;
