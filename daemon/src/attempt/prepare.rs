//! From an order to a program that can be started: scratch, inputs, command line.

use super::template;
use super::{Setup, World};
use crate::runner::wire::{FRAME_BYTES_MAX, Key, Start};
use crate::steps::protocol::{self, Input, Listed, Ours, Place, ResultAt};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use show_core::{Digest, Element, Ended, Field, FilePath, Order, OrderInput, Stamp, Work};
use show_publish::Share;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where programs are looked for; the tools that the daemon looks for are these.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// An order that reads more files than this is measured before it is passed on.
const LONG: usize = 1_000;

/// What we remember of an attempt until its end is kept, across our own restarts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    pub order: Order,
    /// How the files it reads in place looked when it started.
    pub looks: Vec<(FilePath, Stamp)>,
}

/// Digests that were read here, by how the files looked: several steps read one film, and it is long.
#[derive(Debug, Default)]
pub struct Seen(Mutex<BTreeMap<FilePath, (Stamp, Digest)>>);

impl Seen {
    /// Some hundred bytes each.
    const FILES_MAX: usize = 10_000;

    fn get(&self, file: &FilePath, stamp: &Stamp) -> Option<Digest> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(file).filter(|(known, _)| known == stamp).map(|(_, digest)| *digest)
    }

    fn add(&self, file: &FilePath, stamp: Stamp, digest: Digest) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= Self::FILES_MAX {
            seen.clear();
        }
        seen.insert(file.clone(), (stamp, digest));
    }
}

/// Why an attempt cannot be started.
#[derive(Debug)]
pub enum Unready {
    NotStarted(String),
    Overtaken(String),
}

impl From<Unready> for Ended {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::NotStarted(why) => Self::NotStarted { why },
            Unready::Overtaken(why) => Self::Overtaken { why },
        }
    }
}

/// Directories and files of one attempt.
#[derive(Debug, Clone)]
pub struct Scratch {
    pub dir: PathBuf,
    /// Where outputs lie once they are checked.
    pub done: PathBuf,
}

impl Scratch {
    pub fn of(world: &dyn World, order: &Order) -> Self {
        let root = world.scratch_root(order.subject.share);
        Self {
            dir: super::scratch_dir(&root, order.job, order.attempt),
            done: super::done_dir(&root, order.job, order.attempt),
        }
    }

    pub fn out(&self) -> PathBuf {
        self.dir.join("out")
    }

    pub fn result(&self) -> PathBuf {
        self.dir.join("result.json")
    }

    /// Makes it anew.
    fn make(&self) -> io::Result<()> {
        for old in [&self.dir, &self.done] {
            remove_all(old)?;
        }
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700);
        for part in ["in", "out", "home", "tmp"] {
            private.create(self.dir.join(part))?;
        }
        Ok(())
    }
}

/// Removes a directory with all that is in it, if it is there.
pub fn remove_all(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

/// Makes everything that the program needs, and checks that its inputs are still those it was planned with.
///
/// # Errors
/// When an input is not what it was, or something could not be made.
pub fn prepare(setup: &Setup, world: &dyn World, seen: &Seen, order: Order) -> Result<Start, Unready> {
    let scratch = Scratch::of(world, &order);
    let io = |what: &str, cause: io::Error| not_started(format!("{what}: {cause}"));
    scratch.make().map_err(|cause| io(&format!("could not make {}", scratch.dir.display()), cause))?;

    let mut inputs =
        Inputs { world, seen, order: &order, scratch: &scratch, share: None, looks: Vec::new(), reads: Vec::new() };
    let given = order.inputs.iter().enumerate().map(|(place, input)| inputs.give(place, input));
    let given = given.collect::<Result<Vec<_>, _>>()?;
    let Inputs { looks, reads: mut in_place, .. } = inputs;

    let told = told(&order, given, &scratch)?;
    let order_path = scratch.dir.join("order.json");
    let text = serde_json::to_vec_pretty(&told).expect("an order is plain data");
    fs::write(&order_path, text).map_err(|cause| io("could not write the order", cause))?;

    let program = match &order.work {
        Work::BuiltIn(name) => {
            let showd = setup.showd.to_str().ok_or_else(|| not_started("the path of showd is not UTF-8".into()))?;
            in_place.push(setup.showd.clone());
            // Paths among the settings it names, such as show.cover, were given to be read.
            in_place.extend(order.settings.values().filter(|text| text.starts_with('/')).map(PathBuf::from));
            vec![showd.to_owned(), "step".to_owned(), name.clone()]
        }
        Work::Program(words) => template::fill(words, &told, &scratch.out()).map_err(not_started)?,
    };
    in_place.extend(order.reads.iter().map(PathBuf::from));
    // Whoever names a program by its path means it to be run.
    in_place.extend(program.first().filter(|name| name.starts_with('/')).map(PathBuf::from));

    let start = Start {
        key: Key { job: order.job.0, attempt: order.attempt.0 },
        program,
        env: environment(&order, &scratch, &order_path),
        scratch: scratch.dir,
        reads: in_place,
        network: order.network,
        timeout_ms: order.timeout_ms,
        grace_ms: setup.grace_ms,
        log: super::log_path(&setup.state, order.job, order.attempt),
    };
    if start.reads.len() > LONG && crate::runner::wire::frame(&start).len() > FRAME_BYTES_MAX as usize / 2 {
        return Err(not_started(format!("it reads too many files: {}", start.reads.len())));
    }
    let kept = Kept { order, looks };
    keep(setup, &kept).map_err(|cause| io("could not note the attempt", cause))?;
    Ok(start)
}

fn environment(order: &Order, scratch: &Scratch, order_path: &Path) -> BTreeMap<String, String> {
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    let name = |name: &str| name.to_owned();
    BTreeMap::from([
        (name("PATH"), name(PATH)),
        (name("LANG"), name("C.UTF-8")),
        (name("HOME"), path(scratch.dir.join("home"))),
        (name("TMPDIR"), path(scratch.dir.join("tmp"))),
        (name(protocol::ORDER), path(order_path.to_path_buf())),
        (name(protocol::SCRATCH), path(scratch.dir.clone())),
        (name(protocol::OUT), path(scratch.out())),
        (name(protocol::RESULT), path(scratch.result())),
        (name("SHOW_JOB"), order.job.to_string()),
        (name("SHOW_ATTEMPT"), order.attempt.to_string()),
        (name("SHOW_STEP"), order.node.step.to_string()),
    ])
}

/// The order in the words of the step protocol.
fn told(order: &Order, inputs: Vec<Input>, scratch: &Scratch) -> Result<protocol::Order, Unready> {
    let place = |(role, file): &(String, FilePath)| {
        if !is_plain(role) {
            return Err(not_started(format!("the output \"{role}\" cannot be a file's name")));
        }
        Ok(Place { role: role.clone(), file: file.path.to_string(), at: scratch.out().join(role) })
    };
    let ours = |ours: &show_core::Ours| Ours {
        file: ours.file.path.to_string(),
        target: ours.target.clone(),
        value: ours.value.clone(),
    };
    Ok(protocol::Order {
        version: protocol::VERSION,
        job: order.job.0,
        attempt: order.attempt.0,
        pipeline: order.subject.pipeline.to_string(),
        subject: order.subject.path.to_string(),
        step: order.node.step.to_string(),
        captures: order.captures.clone(),
        element: order.element.as_ref().map(json),
        inputs,
        outputs: order.outputs.iter().map(place).collect::<Result<_, _>>()?,
        settings: order.settings.clone(),
        tools: order.tools.clone(),
        parameters: order.parameters.clone(),
        ours: order.ours.iter().map(ours).collect(),
        may_edit: order.may_edit.clone(),
        pools: order.pools.clone(),
        now_ms: order.now.0,
    })
}

/// Makes inputs readable, one by one.
struct Inputs<'a> {
    world: &'a dyn World,
    seen: &'a Seen,
    order: &'a Order,
    scratch: &'a Scratch,
    share: Option<(PathBuf, Share)>,
    looks: Vec<(FilePath, Stamp)>,
    reads: Vec<PathBuf>,
}

impl Inputs<'_> {
    fn give(&mut self, place: usize, input: &OrderInput) -> Result<Input, Unready> {
        Ok(match input {
            OrderInput::File { role, file, digest } => {
                let role = role.clone();
                let at = self.in_place(file, digest)?;
                Input::File { role, file: file.path.to_string(), digest: digest.to_string(), at }
            }
            OrderInput::Text { role, file, base, text } => Input::Text {
                role: role.clone(),
                file: file.path.to_string(),
                base: base.to_string(),
                digest: text.to_string(),
                at: self.copy(role, &below(self.order, file), text)?,
            },
            OrderInput::List { role, files } => Input::List {
                role: role.clone(),
                files: files.iter().map(|(file, bytes)| Listed { file: file.to_string(), bytes: *bytes }).collect(),
            },
            OrderInput::Result { role, step, results } => {
                let results = results.iter().enumerate().map(|(number, (element, digest))| {
                    // Elements are named by people; their files by number.
                    let at = self.copy(role, &format!("{place}-{number}.json"), digest)?;
                    Ok(ResultAt { element: element.to_string(), at })
                });
                Input::Result {
                    role: role.clone(),
                    step: step.to_string(),
                    results: results.collect::<Result<_, _>>()?,
                }
            }
            OrderInput::Elements { role, elements } => {
                Input::Elements { role: role.clone(), elements: elements.iter().map(json).collect() }
            }
        })
    }

    /// A share's file, read where it lies.
    fn in_place(&mut self, file: &FilePath, digest: &Digest) -> Result<PathBuf, Unready> {
        if self.share.is_none() {
            self.share = Some(open_share(self.world, file)?);
        }
        let (root, share) = self.share.as_ref().expect("it was just opened");
        let overtaken = |why: &str| Unready::Overtaken(format!("{file} {why}"));
        let look = share.look(&file.path).map_err(|cause| overtaken(&format!("cannot be read: {cause}")))?;
        let stamp = stamp(look.ok_or_else(|| overtaken("is gone"))?);
        let known = self.seen.get(file, &stamp).or_else(|| self.world.digest_of(file, &stamp));
        if known != Some(*digest) {
            let (_, found) = share.hash(&file.path).map_err(|cause| overtaken(&format!("cannot be read: {cause}")))?;
            if found.0 != digest.0 {
                return Err(overtaken("is not what it was"));
            }
            self.seen.add(file, stamp, *digest);
        }
        self.looks.push((file.clone(), stamp));
        let at = root.join(&*file.path);
        self.reads.push(at.clone());
        Ok(at)
    }

    /// A blob, as a file in scratch.
    fn copy(&self, role: &str, name: &str, digest: &Digest) -> Result<PathBuf, Unready> {
        if !is_plain(role) {
            return Err(not_started(format!("the input \"{role}\" cannot be a directory's name")));
        }
        let at = self.scratch.dir.join("in").join(role).join(name);
        let write = || {
            let bytes = self.world.read_blob(digest)?;
            fs::create_dir_all(at.parent().expect("it lies in a directory"))?;
            fs::write(&at, bytes)
        };
        write().map_err(|cause| not_started(format!("could not lay out {name}: {cause}")))?;
        Ok(at)
    }
}

/// The share of a file, opened; and where it is.
pub fn open_share(world: &dyn World, file: &FilePath) -> Result<(PathBuf, Share), Unready> {
    let gone = Unready::Overtaken;
    let root = world.share_root(file.share).ok_or_else(|| gone(format!("the share of {file} is gone")))?;
    let share = Share::open(&root).map_err(|cause| gone(format!("the share of {file} is away: {cause}")))?;
    Ok((root, share))
}

pub fn stamp(stamp: show_publish::Stamp) -> Stamp {
    let show_publish::Stamp { size, mtime_ns, ctime_ns, inode } = stamp;
    Stamp { size, mtime_ns, ctime_ns, inode }
}

/// The path below the subject's directory; of a file beside it, the whole path.
pub fn below(order: &Order, file: &FilePath) -> String {
    let subject = &*order.subject.path;
    let directory = &subject[..subject.rfind('/').map_or(0, |slash| slash + 1)];
    file.path.strip_prefix(directory).unwrap_or(&file.path).to_owned()
}

/// True for what can be the name of one file or directory.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}

fn json(element: &Element) -> Map<String, Value> {
    let value = |field: &Field| match field {
        Field::Text(text) => Value::from(text.as_str()),
        Field::Flag(flag) => Value::from(*flag),
        Field::Number(number) => Value::from(*number),
    };
    let mut object: Map<_, _> = element.fields.iter().map(|(name, field)| (name.clone(), value(field))).collect();
    object.insert("id".to_owned(), Value::from(&*element.id));
    object
}

fn not_started(why: String) -> Unready {
    Unready::NotStarted(why)
}

fn kept_path(setup: &Setup, key: Key) -> PathBuf {
    setup.state.join("attempts").join(key.to_string())
}

/// Not synced: after a crash of the machine no attempt is left to know about.
fn keep(setup: &Setup, kept: &Kept) -> io::Result<()> {
    let key = Key { job: kept.order.job.0, attempt: kept.order.attempt.0 };
    let path = kept_path(setup, key);
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent().expect("it lies in a directory"))?;
    let temporary = path.with_file_name(format!("{key}.tmp"));
    fs::write(&temporary, serde_json::to_vec(kept)?)?;
    fs::rename(temporary, path)
}

/// `None`: it is over and done with, or of no daemon of ours.
pub fn recall(setup: &Setup, key: Key) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(&fs::read(kept_path(setup, key)).ok()?).ok()?;
    (kept.order.job.0 == key.job && kept.order.attempt.0 == key.attempt).then_some(kept)
}

/// Nobody will ask about it any more.
pub fn forget(setup: &Setup, key: Key) {
    let _ = fs::remove_file(kept_path(setup, key));
}
