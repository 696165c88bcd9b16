//! What the configuration room promises, and the words it uses when it says no.

use super::{Config, Given, Problems};
use show_core::{Input, Work};
use std::path::PathBuf;

fn given() -> Given {
    Given {
        builtins: ["scan", "cue_repair", "assetid", "probe", "extract_quotes", "pictures", "runtime", "compile"]
            .into_iter()
            .chain(["enumerate", "renumber", "normalise"])
            .map(|name| (name.to_owned(), 1))
            .collect(),
        cores: 4,
        state_default: PathBuf::from("/home/pat/.local/state/showd"),
        socket_default: PathBuf::from("/run/user/1000/showd.sock"),
        ..Given::default()
    }
}

fn read(text: &str) -> Result<Config, Problems> {
    Config::from_text(&given(), "showd.toml", text)
}

fn refused(text: &str) -> String {
    read(text).expect_err("the configuration is wrong").to_string()
}

#[test]
fn with_no_file_everything_has_a_default() {
    let config = Config::from_text(&Given { shares: vec!["/srv/show".into()], ..given() }, "", "").expect("no file");
    assert_eq!(config.shares[0].name, "show");
    assert_eq!(config.rules.pipelines[0].name.as_ref(), "show-build");
    assert_eq!(config.rules.settings["show.air_time"], "21:00");
    insta::assert_snapshot!(config.text());
}

fn names(config: &Config) -> Vec<&str> {
    config.rules.pipelines.iter().map(|pipeline| pipeline.name.as_ref()).collect()
}

#[test]
fn what_is_printed_reads_back_as_the_same_rules() {
    let config =
        read("quiet = \"600ms\"\n[share.show]\npath = \"/srv/show\"\n[settings]\nspeech.rates = { guest = 170 }\n");
    let config = config.expect("a good file");
    let show_build = config.rules.pipelines.iter().find(|pipeline| &*pipeline.name == "show-build").expect("built in");
    // The pipelines' own tables only change the built-in ones; here one is written out in full instead.
    let text = config.text();
    let (front, _) = text.split_once("\n[pipeline.").expect("it prints pipelines last");
    let text = format!("{front}\n{}", super::print::pipeline(show_build));
    let again = read(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let other = again.rules.pipelines.iter().find(|pipeline| &*pipeline.name == "show-build").expect("printed");
    assert_eq!(*other, *show_build);
    assert_eq!(again.rules.settings, config.rules.settings);
    assert_eq!(again.rules.pools, config.rules.pools);
}

#[test]
fn a_table_without_steps_changes_the_built_in_pipeline_and_keeps_its_steps() {
    let config = read("[pipeline.show-build]\nquiet = \"5s\"\nsettle = \"1s\"\n").expect("a good file");
    let pipeline = config.rules.pipelines.iter().find(|pipeline| &*pipeline.name == "show-build").expect("built in");
    assert_eq!((pipeline.quiet_ms, pipeline.settle_text_ms), (5_000, 1_000));
    assert_eq!(pipeline.steps.len(), 17);
}

#[test]
fn a_pipeline_can_be_switched_off() {
    let config = read("[pipeline.show-build]\nenabled = false\n").expect("a good file");
    assert!(!names(&config).contains(&"show-build"));
}

#[test]
fn a_pipeline_of_ones_own_reads_into_the_words_of_the_core() {
    let config = read(
        r#"
        [pool]
        gpu = 1
        [settings]
        own.font = "Inter"
        [pipeline.notes]
        subject = "notes/{name}.md"
        on = ["."]
        [pipeline.posters]
        subject = "episodes/{episode:digits}/"
        on = ["exports/*.png"]
        quiet = "10m"
        [[pipeline.posters.step]]
        name = "poster"
        run = ["make-poster", "{in.picture}", "{out.poster}"]
        in.picture = { file = "exports/{episode}-poster.png" }
        settings = ["own.font", "show.*"]
        out.poster = "exports/{episode}-poster-web.png"
        pool = { gpu = 1 }
        timeout = "2m"
        retry = { tries = 5, wait = "10s" }
        "#,
    );
    let problems = config.expect_err("notes has no steps and a bad pattern").to_string();
    insta::assert_snapshot!(problems, @r#"
    showd.toml:6: pipeline.notes.step: there are no steps
      hint: write [[pipeline.notes.step]] once for each
    showd.toml:8: pipeline.notes.on: holds "." or ".."
      hint: name the place itself; a step never leaves its subject
    "#);
    let config = read(
        r#"
        [pipeline.posters]
        subject = "episodes/{episode:digits}/"
        [[pipeline.posters.step]]
        name = "poster"
        run = ["make-poster", "{in.picture}"]
        in.picture = { file = "exports/{episode}-poster.png" }
        "#,
    );
    let config = config.expect("a good file");
    let step = &config.rules.pipelines.last().expect("posters").steps[0];
    assert_eq!(step.work, Work::Program(vec!["make-poster".into(), "{in.picture}".into()]));
    assert_eq!(step.inputs["picture"], Input::File("exports/{episode}-poster.png".into()));
    assert_eq!(step.pools["cpu"], 1);
}

#[test]
fn every_mistake_names_file_line_key_and_remedy() {
    insta::assert_snapshot!(refused(
        r#"
quite = "120s"
settle = 3
quiet = "2 fortnights"
state = "var/showd"
clients = 0

[share.show]
pth = "/srv/show"

[share.inner]
path = "/srv/show/episodes"
scratch = "/srv/show/episodes/scratch"

[share.outer]
path = "/srv/show"

[pool]
cpu = "many"

[settings]
speech.rat = 160
show.air_time = "9pm"
show.air_zone = "Mars/Olympus"
video.encoder = "best"
repair.slug_bad = "sure"
speech.rates = { Guest = 160 }

[keep]
bulids = 3
"#
    ));
}

#[test]
fn every_mistake_in_a_pipeline_names_the_step() {
    insta::assert_snapshot!(refused(
        r#"
[pipeline.mine]
subject = "/episodes/{episode}/"
on = ["../other/*.md"]

[[pipeline.mine.step]]
use = "scan"

[[pipeline.mine.step]]
name = "Poster!"
use = "scan"

[[pipeline.mine.step]]
name = "a"
use = "prob"
needs = ["bb"]
map = "b"
pool = { cpus = 1 }

[[pipeline.mine.step]]
name = "b"
needs = ["c"]
run = ["x"]
use = "scan"

[[pipeline.mine.step]]
name = "c"
run = []
after = ["d"]
in.x = { file = "a", text = "b" }
in.y = "z"
in.z = { result = "nobody" }
out.x = "same.txt"
edits = ["everything"]
settings = ["show.nam"]
timeout = "soon"
retry = { tris = 2 }

[[pipeline.mine.step]]
name = "d"
use = "scan"
needs = ["c"]
out.x = "same.txt"
pool = { cpu = 99 }
reads = ["lib"]

[[pipeline.mine.step]]
name = "d"
"#
    ));
}

#[test]
fn a_file_that_is_no_toml_names_the_line() {
    insta::assert_snapshot!(refused("[share.show]\npath = /srv/show\n"));
}

#[test]
fn a_missing_file_is_named() {
    let given = Given { config: Some("/nowhere/showd.toml".into()), ..given() };
    insta::assert_snapshot!(Config::read(&given).expect_err("there is no such file").to_string());
}

#[test]
fn what_is_said_of_syncthing_is_checked_and_a_key_has_no_place() {
    let text = "[share.a]\npath = \"/a\"\naway = \"bold\"\naway_days = 3\n[share.b]\npath = \"/b\"\naway = \"brave\"\n\
                [syncthing]\nenabled = true\nurl = \"127.0.0.1:8384/rest\"\nkey_file = \"key\"\napikey = \"s3cret\"\n";
    let refused = refused(text);
    assert!(!refused.contains("s3cret"), "{refused}");
    insta::assert_snapshot!(refused);
    let config = read("[share.a]\npath = \"/a\"\naway_days = 3\n[syncthing]\nenabled = false\n").expect("a good file");
    assert_eq!(config.shares[0].away, super::Away::Grace { days: 3 });
    assert!(!config.syncthing.is_enabled);
}

/// Everything that can be written is written about.
#[test]
fn the_documentation_names_every_key_and_every_setting() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PIPELINES.md");
    let text = std::fs::read_to_string(path).expect("the documentation is there");
    let refused = refused(
        "x = 1\n[share.s]\npath = \"/s\"\nx = 1\n[keep]\nx = 1\n[pipeline.p]\nsubject = \"a/\"\nx = 1\n[[pipeline.p.step]]\nname = \"a\"\nuse = \"scan\"\nx = 1\nretry = { x = 1 }\n",
    );
    let keys =
        refused.lines().filter_map(|line| line.strip_prefix("  hint: known here: ")).flat_map(|keys| keys.split(", "));
    let keys: Vec<_> = keys.collect();
    assert!(keys.len() > 40, "{refused}");
    for key in keys {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        assert!(text.split(|c| !word(c)).any(|found| found == key), "docs/PIPELINES.md does not name {key}");
    }
    for setting in super::settings::SETTINGS {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{}` |", setting.name)));
        let row = row.unwrap_or_else(|| panic!("docs/PIPELINES.md does not name {}", setting.name));
        let default = super::settings::print(setting.name, setting.default);
        let written = [default.clone(), default.trim_matches('"').to_owned(), "empty".to_owned()];
        assert!(written.iter().any(|default| row.contains(default.as_str())), "{row}");
    }
}
