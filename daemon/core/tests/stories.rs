//! Stories about the core: what happens, and what it decides.

mod story;

use insta::assert_snapshot;
use show_core::*;
use story::*;

/// One step that turns the notes into a script.
fn compile() -> Rules {
    rules(vec![out(step("compile"), "script", "scripts/script.html")])
}

fn compiled(order: &Order, blobs: &Blobs) -> Ended {
    let texts: Vec<String> = read(order, blobs).iter().map(|(_, text)| text.to_uppercase()).collect();
    Ended::Succeeded(output(order, &texts.join("\n")))
}

#[test]
fn a_saved_note_becomes_a_published_script_and_a_restart_finds_nothing_to_do() {
    let mut show = Story::new(compile()).program("compile", compiled).with("ep/0900/a.md", "kettle").start();
    show.finish("compile");
    assert_snapshot!(show.told(), @r"
    0.0s  hash ep/0900/a.md
    0.0s  build.new 1: a.md changed
    0.0s  job.started 1: compile
    0.0s  start 1.1 compile
    0.0s  job.publishing 1: compile
    0.0s  publish 1: new ep/0900/scripts/script.html
    0.0s  job.done 1: compile: KETTLE
    0.0s  publish.done: ep/0900/scripts/script.html was published: compile, job 1
    0.0s  build.ended 1: done
    ");
    assert_eq!(show.text("ep/0900/scripts/script.html"), "KETTLE");
    show.restart();
    assert_snapshot!(show.told(), @"    0.0s  restart");
}
