//! Chaos, then calm: real nodes, people at each of them, a writer at the first, and afterwards every word is counted.
//!
//! Owns the director: who comes on, what goes wrong when, and when it is calm. What is made of it stands in `count`.

use super::account::{Book, tokens};
use super::person::Person;
use super::witness::{self, Memory};
use super::{naive, text};
use show_tests::Show;
use show_tests::syncthing::{Cluster, Node};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Who works on the notes at the first node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    Showd,
    Naive,
}

/// One play.
pub struct Play {
    pub seed: u64,
    pub nodes: &'static [&'static str],
    pub edits: usize,
    pub writer: Writer,
}

/// The stage, and what the director remembers.
pub struct Stage {
    pub cluster: Cluster,
    pub show: Option<Show>,
    pub folders: Vec<PathBuf>,
    /// When not every node could reach every other.
    pub apart: Vec<(Instant, Instant)>,
    /// How often a note was seen waiting to be written, and for what.
    pub waits: BTreeMap<String, u32>,
    /// Acts so far.
    acts: usize,
    /// Since when the last node is cut off.
    away: Option<Instant>,
}

/// What may go wrong, in this order, again and again.
#[derive(Debug, Clone, Copy)]
enum Act {
    KillShowd,
    LastNodeLeaves,
    RenameEpisode,
    LastNodeReturns,
    KillSyncthingInAPull,
    KillLastSyncthing,
}

const ACTS: [Act; 6] = [
    Act::KillShowd,
    Act::LastNodeLeaves,
    Act::RenameEpisode,
    Act::LastNodeReturns,
    Act::KillSyncthingInAPull,
    Act::KillLastSyncthing,
];

impl Play {
    /// Plays it until it is calm again. None: this machine has no Syncthing.
    pub fn run(&self) -> Option<(Stage, Book, Memory)> {
        let cluster = Cluster::of(self.nodes)?;
        let folders: Vec<PathBuf> = cluster.nodes.iter().map(|node| node.folder().to_owned()).collect();
        let book = Book::default();
        for text in text::lay_out(&folders[0]) {
            book.open().adopt(text.as_bytes());
        }
        cluster.nodes[0].scan_all();
        cluster.settle();
        let show = (self.writer == Writer::Showd).then(|| showd(&cluster.nodes[0]));
        if let Some(show) = &show {
            // A season is not laid out and typed into in the same second.
            show.idle();
            cluster.settle();
        }
        let mut stage = Stage {
            cluster,
            show,
            folders: folders.clone(),
            apart: Vec::new(),
            waits: BTreeMap::new(),
            acts: 0,
            away: None,
        };
        let (are_gone, is_calm) = (AtomicBool::new(false), AtomicBool::new(false));
        let memory = std::thread::scope(|scope| {
            // Whoever is on the stage leaves it when the director stumbles.
            let (people_leave, witness_leaves) = (Ending(&are_gone), Ending(&is_calm));
            let witness = scope.spawn(|| witness::watch(&folders, &is_calm));
            let mut people = Vec::new();
            for nth in 0..PEOPLE_PER_NODE * self.nodes.len() {
                let node = nth % self.nodes.len();
                let nth = u8::try_from(nth).expect("a letter for each");
                let person = Person::new(nth, node, &folders[node], self.seed, &book);
                people.push(scope.spawn(|| person.live(&are_gone)));
            }
            if self.writer == Writer::Naive {
                people.push(scope.spawn(|| naive::work(&folders[0], &are_gone)));
            }
            stage.direct(&book, self.edits);
            drop(people_leave);
            for person in people {
                person.join().expect("people do not stumble");
            }
            stage.calm_down();
            drop(witness_leaves);
            witness.join().expect("the witness only looks")
        });
        Some((stage, book, memory))
    }
}

struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The daemon at a node, as it comes but for its clocks.
pub fn showd(node: &Node) -> Show {
    showd_with(node, "merge = \"auto\"\n")
}

/// The same with these lines for the share.
pub fn showd_with(node: &Node, share: &str) -> Show {
    let mut show = Show::new();
    let (folder, home) = (node.folder(), node.home());
    show.configure_whole(&format!("{CLOCKS}[syncthing]\nhome = {home:?}\n[share.show]\npath = {folder:?}\n{share}"));
    show.start();
    show
}

impl Stage {
    /// Until so many edits were made.
    fn direct(&mut self, book: &Book, edits: usize) {
        let per_act = (edits / (ACTS.len() + 1)).min(EDITS_PER_ACT);
        while book.edits() < edits {
            if book.edits() >= per_act * (self.acts + 1) {
                let act = ACTS[self.acts % ACTS.len()];
                eprintln!("after {} edits: {act:?}", book.edits());
                self.act(act);
                self.acts += 1;
            }
            self.ask_who_waits();
            std::thread::sleep(BETWEEN_QUESTIONS);
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::KillShowd => {
                if let Some(show) = &mut self.show {
                    show.kill();
                    show.start();
                }
            }
            Act::LastNodeLeaves => {
                self.away = Some(Instant::now());
                self.for_last_node(Cluster::cut);
            }
            Act::LastNodeReturns => self.return_last_node(),
            Act::RenameEpisode => self.rename_an_episode(),
            Act::KillSyncthingInAPull => self.kill_in_a_pull(),
            Act::KillLastSyncthing => self.restart(self.cluster.nodes.len() - 1),
        }
    }

    fn for_last_node(&self, deed: fn(&Cluster, &str, &str)) {
        let (last, others) = self.cluster.nodes.split_last().expect("there are nodes");
        for other in others {
            deed(&self.cluster, &other.name, &last.name);
        }
    }

    fn return_last_node(&mut self) {
        if let Some(left) = self.away.take() {
            self.for_last_node(Cluster::mend);
            self.apart.push((left, Instant::now() + CATCHING_UP));
        }
    }

    fn restart(&mut self, node: usize) {
        let left = Instant::now();
        self.cluster.nodes[node].kill();
        self.cluster.nodes[node].start();
        let back = &self.cluster.nodes[node];
        for other in self.cluster.nodes.iter().filter(|other| other.name != back.name) {
            // Killed a moment after a link was mended, it may not have kept that yet.
            self.cluster.mend(&back.name, &other.name);
        }
        self.apart.push((left, Instant::now() + CATCHING_UP));
    }

    fn rename_an_episode(&self) {
        let episodes = self.folders[self.acts % self.folders.len()].join("episodes");
        let from = episodes.join("0901");
        let from = if from.join("info.md").is_file() { from } else { episodes.join("0955") };
        let to = if from.ends_with("0901") { episodes.join("0955") } else { episodes.join("0901") };
        if let Err(cause) = fs::rename(&from, &to) {
            eprintln!("{} keeps its name: {cause}", from.display());
        }
    }

    /// A recording arrives at the first node, and half of it is there when its Syncthing is killed.
    fn kill_in_a_pull(&mut self) {
        let name = format!("episodes/0900/captures/take {}.bin", self.acts);
        let at = self.folders[1].join(&name);
        fs::create_dir_all(at.parent().expect("it lies in a folder")).expect("the folder is writable");
        let mut bytes = vec![0; RECORDING_BYTES];
        fastrand::Rng::with_seed(self.acts as u64).fill(&mut bytes);
        fs::write(&at, bytes).expect("the folder is writable");
        let temporary = self.folders[0].join(&name).with_file_name(format!(".syncthing.take {}.bin.tmp", self.acts));
        let sender = &self.cluster.nodes[1];
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| sender.scan(&name));
            while !temporary.exists() && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        eprintln!("killed in a pull: {}", temporary.exists());
        self.restart(0);
        let _ = fs::remove_file(at);
    }

    /// Adds what stands between every note that waits and its being written.
    fn ask_who_waits(&mut self) {
        let Some(show) = &self.show else { return };
        let page = show.json(&["jobs", "--step", "weave", "--state", "waiting,publishing", "--limit", "50"]);
        for job in page["jobs"].as_array().into_iter().flatten() {
            let why = show.ctl(&["why", &job["job"].to_string(), "--json"]);
            let Ok(why) = serde_json::from_str::<serde_json::Value>(&why.out) else { continue };
            for blocker in why["blockers"].as_array().into_iter().flatten() {
                *self.waits.entry(reason(blocker)).or_default() += 1;
            }
        }
    }

    /// Everybody is connected, in sync and idle, and stays so.
    pub fn calm_down(&mut self) {
        self.return_last_node();
        self.cluster.wait_connected();
        for _ in 0..CALMING_ROUNDS_MAX {
            self.cluster.settle();
            let before = self.cluster.nodes[0].picture();
            if let Some(show) = &self.show {
                show.idle();
            }
            self.cluster.settle();
            if self.cluster.nodes[0].picture() == before {
                return;
            }
        }
        panic!("it never gets calm: {:#?}", self.cluster.nodes[0].picture().keys());
    }

    /// What nobody has settled, somebody settles now: what a copy has that its note lacks goes into the note.
    pub fn settle_conflicts(&mut self) {
        for copy in self.cluster.nodes[0].conflicts() {
            let copy = self.folders[0].join(copy);
            let name = copy.file_name().expect("a copy has a name").to_string_lossy().into_owned();
            let note = copy.with_file_name(text::original(&name));
            let (theirs, ours) = (fs::read(&copy).expect("it is calm"), fs::read(&note).unwrap_or_default());
            let missing: Vec<_> = tokens(&theirs).difference(&tokens(&ours)).map(ToString::to_string).collect();
            if !missing.is_empty() {
                let both = format!("{}\nAlso: {}.\n", String::from_utf8_lossy(&ours), missing.join(", "));
                fs::write(&note, both).expect("the folder is writable");
            }
            fs::remove_file(copy).expect("it is calm");
        }
        self.calm_down();
    }

    /// True while every node could reach every other.
    pub fn is_connected(&self, at: Instant) -> bool {
        !self.apart.iter().any(|(from, to)| (*from..=*to).contains(&at))
    }
}

/// What a note waits for, without the names of files and without numbers.
fn reason(blocker: &serde_json::Value) -> String {
    let field = |name: &str| blocker[name].as_str().unwrap_or_default();
    let (kind, file) = (field("kind"), field("file"));
    if kind != "not_quiet" {
        return kind.to_owned();
    }
    let text = field("text").replace(file, "");
    let text = text.trim_start().trim_start_matches("is not quiet: ");
    let end = [" (", ": ", ", "].iter().filter_map(|sign| text.find(sign)).min().unwrap_or(text.len());
    format!("{kind}, {}", text[..end].trim_end())
}

/// Long enough that a person who types on is waited for, short enough for a test.
pub const CLOCKS: &str = "settle = \"100ms\"\nsettle_media = \"200ms\"\nquiet = \"1500ms\"\n";
const PEOPLE_PER_NODE: usize = 2;
/// One of them every half minute or so.
const EDITS_PER_ACT: usize = 120;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(400);
/// After a link is mended, what was written on both sides of it meets.
const CATCHING_UP: Duration = Duration::from_secs(5);
const RECORDING_BYTES: usize = 32 << 20;
const PATIENCE: Duration = Duration::from_secs(30);
const CALMING_ROUNDS_MAX: usize = 20;
