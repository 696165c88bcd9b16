//! The client of showd.
fn main() {}
