//! Scripts, quotes and runtimes, from whole episodes: one sentence per rule, and the pages of the example share.

mod compile;
mod episode;
mod example_share;
mod hostile;
mod quotes;
mod runtime;
