//! End to end: the real binaries on real files, as people and accidents treat them.
#![allow(clippy::disallowed_methods, reason = "end to end means real processes")]
#![allow(clippy::unnecessary_debug_formatting, reason = "a quoted path is TOML")]

mod bad_input;
mod client;
mod conflicts;
mod crash;
mod daemon;
mod desk;
mod keeping;
mod people;
mod pipeline;
mod programs;
mod rename;
mod share;
mod syncthing;
mod wire;

use show_tests::Show;

/// An episode with two items in production, one of them with malformations that are safe to repair, and a draft.
fn messy_episode(show: &Show) {
    show.write(
        "episodes/0900/info.md",
        "---\nAssetID: EPSMSA79Z40T34P0T\nepisode_number: \"0900\"\ntype: sunday_show\nairdate: 2026-08-09\n\
         title: The Kettle Report\nduration: 00:00:30\nstatus: production\n---\n# Episode 0900\n",
    );
    show.write("episodes/0900/rundown/10 Cold Open.md", COLD_OPEN);
    show.write("episodes/0900/rundown/20 Leak.md", LEAK);
    show.write(
        "episodes/0900/rundown/30 Later.md",
        "---\nslug: later\ntype: segment\norder: 30\nstatus: draft\ntitle: Later\n---\n\nNot yet.\n",
    );
}

const COLD_OPEN: &str = "---\nslug: cold-open\ntype: coldopen\norder: 10\nduration: 00:00:00\nstatus: production\n\
title: Cold Open\n---\n\n## Notes\n\nNotes never reach the script.\n\n## Script\n\n\
<p class=\"host\">Good evening. Tonight the kettle was 100% to blame.</p>\n\n\
<!-- Begin Cue -->\n[Type: FSQ]\n[AssetID: FSQMSA79Z41P0TW4T]\n[Slug: watched-pot]\n\
[Quote: \"A watched pot never boils.\"]\n[Attribution: — Old Proverb]\n<!-- End Cue -->\n\nBare words after the cue.\n";

/// Double-angle markers, a local id, no blank line before the cue, text glued to its end.
const LEAK: &str = "---\nslug: leak\ntype: segment\norder: 20\nduration:\nstatus: production\ntitle: Leak\n---\n\n\
Water came out of it, slowly at first.\n<<!-- Begin Cue -->>\n[Type: FSQ]\n[AssetID: pending]\n[Slug: drip]\n\
[Quote: \"Drip.\"]\n[Attribution: The Kettle]\n<<!-- End Cue -->>And then the host spoke.\n";

const HOST: &str = "episodes/0900/scripts/current/0900-host.html";
const PRODUCTION: &str = "episodes/0900/scripts/current/0900-production.html";
const QUOTES: &str = "episodes/0900/assets/quotes/quotes.json";
