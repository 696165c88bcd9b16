//! Attempts as they really are: real processes behind real walls, told to the core as facts.

mod bench;
mod inputs;
mod life;
mod outputs;
mod restart;
mod steps;
mod versions;
mod walls;
