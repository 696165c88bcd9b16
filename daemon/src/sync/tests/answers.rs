//! What is found to speak against a write, asked of somebody who answers like Syncthing.

use super::*;
use crate::sync::client::{COMPLETION, FILE, STATUS};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Quiet: the newest of all lies here, nothing is to come, and the laptop has told of everything.
const QUIET: [(&str, &str); 3] = [
    (
        FILE,
        r#"{"global":{"version":["AAAAAAA:9","BBBBBBB:2"],"modifiedBy":"AAAAAAA"},"local":{"version":["AAAAAAA:9",
        "BBBBBBB:2"],"modifiedBy":"AAAAAAA","modified":"2026-11-21T15:52:29.5Z","size":4}}"#,
    ),
    (STATUS, r#"{"state":"idle","needTotalItems":0}"#),
    (COMPLETION, r#"{"completion":100,"needItems":0,"needDeletes":0,"remoteState":"valid"}"#),
];
const KEY: &str = "s3cret";

type Answers = Arc<Mutex<BTreeMap<String, (u16, String)>>>;

/// Answers each path as it is told to.
struct Fake {
    url: String,
    answers: Answers,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    fn start() -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let url = format!("http://{}", socket.local_addr().expect("it is bound"));
        let (answers, is_over) = (Answers::default(), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (answers, is_over) = (Arc::clone(&answers), Arc::clone(&is_over));
            std::thread::spawn(move || {
                for asker in socket.incoming().flatten() {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    answer(asker, &answers).expect("the asker listens");
                }
            })
        };
        let fake = Self { url, answers, is_over, thread: Some(thread) };
        for (path, body) in QUIET {
            fake.says(path, 200, body);
        }
        fake
    }

    fn says(&self, path: &str, code: u16, body: &str) {
        self.answers.lock().expect("whole").insert(path.to_owned(), (code, body.to_owned()));
    }

    fn says_as_ever(&self, path: &str) {
        let (_, body) = QUIET.iter().find(|(quiet, _)| *quiet == path).expect("one of those");
        self.says(path, 200, body);
    }

    /// Somebody who asks this one about the share: the laptop edits it, is connected, and always waited for.
    fn asker(&self) -> Asker {
        let inner = inner();
        let key = secret::Secret::new(KEY).expect("a key");
        inner.found_again(&Client::new(home::Found { url: self.url.clone(), key, certificate: None }));
        let inner = Inner { roots: inner.roots.into_iter().map(|(id, root)| (id, strict(root))).collect(), ..inner };
        {
            let mut known = inner.known();
            known.places[0].folder.devices.push(client::Sharing { id: "BBBBBBB-2".into() });
            known.note_editors("show", ["BBBBBBB"].into_iter());
            let connection = client::Connection { connected: true, ..client::Connection::default() };
            known.connections.insert("BBBBBBB-2".into(), connection);
        }
        let (inner, ends) = (Arc::new(inner), (mpsc::channel().0, mpsc::channel().0));
        let handle = Handle(Some(Arc::new(Ends { inner: Arc::clone(&inner), announcements: ends.0, _alive: ends.1 })));
        Asker { inner, handle }
    }
}

fn strict(root: Root) -> Root {
    Root { away: Away::Strict, ..root }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(ended, Some(Ok(()))), "every question was answered");
    }
}

fn answer(mut asker: TcpStream, answers: &Answers) -> std::io::Result<()> {
    let mut lines = BufReader::new(asker.try_clone()?).lines();
    let asked = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = asked.split([' ', '?']).nth(1).unwrap_or_default();
    let (code, body) = answers.lock().expect("whole").get(path).cloned().unwrap_or((404, "no such path".into()));
    write!(asker, "HTTP/1.1 {code} So\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

struct Asker {
    inner: Arc<Inner>,
    handle: Handle,
}

impl Asker {
    fn look(&self) -> Vec<Disquiet> {
        let file = FilePath { share: ShareId(0), path: NOTE.into() };
        self.handle.look(&lies(&file, 4, LIES_NS, None))
    }

    fn said(&self) -> Vec<String> {
        self.inner.board.notices().into_iter().map(|notice| notice.text).collect()
    }

    /// It was a riddle for a minute before.
    fn puzzled(self, path: &'static str) -> Self {
        let about = match path {
            FILE => format!("notes/{NOTE}"),
            COMPLETION => "BBBBBBB-2".to_owned(),
            _ => String::new(),
        };
        let minute_ago = Time(self.inner.clock.now().0 - 60_000);
        self.inner.riddles().pose(Question::new("show", path, &about), minute_ago);
        self
    }
}

/// Each with what is said of it.
const RIDDLES: [(&str, u16, &str, &str); 9] = [
    (FILE, 500, "busy", "Syncthing answers /rest/db/file with 500: busy"),
    (FILE, 200, r#"{"global":{"size":"much"}}"#, "Syncthing's answer to /rest/db/file is not understood: invalid type"),
    (FILE, 200, "{}", "Syncthing's answer to /rest/db/file is not understood: missing field"),
    (STATUS, 500, "<p>restarting\n<p>soon", "Syncthing answers /rest/db/status with 500: <p>restarting"),
    (STATUS, 200, r#"{"state":7}"#, "Syncthing's answer to /rest/db/status is not understood: invalid type"),
    (COMPLETION, 500, "busy", "Syncthing answers /rest/db/completion with 500: busy"),
    (COMPLETION, 200, r#"{"completion":"all"}"#, "Syncthing's answer to /rest/db/completion is not understood: inval"),
    (STATUS, 200, "{}", "Syncthing's answer to /rest/db/status is not understood: missing field `state`"),
    (COMPLETION, 200, "{}", "Syncthing's answer to /rest/db/completion is not understood: missing field `comp"),
];

#[test]
fn an_answer_that_cannot_be_used_is_not_quiet_and_said_for_as_long_as_it_is_so() {
    let fake = Fake::start();
    for (path, code, body, what) in RIDDLES {
        let asker = fake.asker();
        assert_eq!((asker.look(), asker.said()), (vec![], vec![]), "as it should be");
        fake.says(path, code, body);
        assert_eq!(asker.look(), [Disquiet::Unanswered], "{path} {body}");
        let said = asker.said();
        assert!(said.len() == 1 && said[0].contains(what), "{said:?}");
        assert!(said[0].starts_with("what Syncthing says of its folder \"show\" cannot be used"), "{said:?}");
        assert!(!said[0].contains(KEY), "{said:?}");
        assert_eq!((asker.look(), asker.said()), (vec![Disquiet::Unanswered], said), "still, and said once");
        fake.says_as_ever(path);
        assert_eq!((asker.look(), asker.said()), (vec![], vec![]), "that is over");
    }
}

#[test]
fn a_riddle_that_stays_holds_nobody_up_for_more_than_a_minute_and_is_said_for_ever() {
    let fake = Fake::start();
    for (path, code, body, what) in RIDDLES {
        let asker = fake.asker().puzzled(path);
        fake.says(path, code, body);
        assert_eq!(asker.look(), [], "the rules of this machine hold alone: {path} {body}");
        assert!(asker.said().len() == 1 && asker.said()[0].contains(what), "{:?}", asker.said());
        fake.says_as_ever(path);
    }
}

#[test]
fn what_else_syncthing_says_counts_where_one_answer_is_a_riddle() {
    let fake = Fake::start();
    fake.says(STATUS, 500, "busy");
    let newer = r#"{"global":{"version":["BBBBBBB:3"],"modifiedBy":"BBBBBBB"},"local":{"version":["BBBBBBB:2"]}}"#;
    fake.says(FILE, 200, newer);
    let asker = fake.asker().puzzled(STATUS);
    assert_eq!(asker.look(), [Disquiet::NewerElsewhere { by: "laptop".into() }]);
    fake.says_as_ever(FILE);
    asker.inner.known().connections.clear();
    assert_eq!(
        asker.look(),
        [Disquiet::EditorsAway { devices: vec!["laptop".into()] }],
        "it is waited for all the same"
    );
}

#[test]
fn a_file_that_syncthing_does_not_know_is_no_riddle() {
    let fake = Fake::start();
    fake.says(FILE, 404, "no such object in the index");
    let asker = fake.asker();
    assert_eq!((asker.look(), asker.said()), (vec![Disquiet::NotIndexed], vec![]));
}

#[test]
fn a_riddle_that_nobody_asks_again_is_asked_again_by_itself() {
    let fake = Fake::start();
    let asker = fake.asker().puzzled(FILE).puzzled(STATUS).puzzled(COMPLETION);
    let client = asker.inner.known().client.clone().expect("it is there");
    let again = |asker: &Asker| asker.inner.ask_riddles_again(&client).expect("somebody answers");
    fake.says(STATUS, 500, "busy");
    again(&asker);
    assert_eq!(asker.said().len(), 1, "the others are answered");
    fake.says_as_ever(STATUS);
    again(&asker);
    assert_eq!(asker.said().len(), 1, "it was asked a moment ago");
    let asker = fake.asker().puzzled(STATUS);
    fake.says(STATUS, 500, "busy");
    asker.look();
    asker.inner.known().places.clear();
    let asker = asker.puzzled(STATUS);
    again(&asker);
    assert!(asker.said().is_empty(), "nobody shares that folder any more");
}

#[test]
fn a_syncthing_that_cannot_be_followed_is_not_called_silent() {
    let fake = Fake::start();
    let asker = fake.asker();
    fake.says("/rest/system/status", 500, "out of memory");
    let client = asker.inner.known().client.clone().expect("it is there");
    fake.says(STATUS, 500, "busy");
    asker.look();
    asker.inner.lost(client.url(), &client.system().expect_err("an error"));
    let what = format!("Syncthing at {} cannot be followed: Syncthing answers /rest/system/status with 500", fake.url);
    assert_eq!(asker.said(), [format!("{what}: out of memory")], "and of the folder nothing is known");
    assert_eq!(asker.look(), [Disquiet::Unanswered], "for a minute");
    asker.inner.found_again(&client);
    assert!(asker.said().is_empty());
}

#[test]
fn only_what_is_ignored_is_carried_by_nobody() {
    let fake = Fake::start();
    let asker = fake.asker();
    let look = |global: &str, version: &str, local: &str| {
        let lies = r#""modifiedBy":"AAAAAAA","modified":"2026-11-21T15:52:29.5Z","size":4"#;
        let body = format!(r#"{{"global":{{"version":{global}}},"local":{{{local},"version":{version},{lies}}}}}"#);
        fake.says(FILE, 200, &body);
        asker.look()
    };
    let (older, newer) = (r#"["AAAAAAA:1"]"#, r#"["AAAAAAA:1","BBBBBBB:2"]"#);
    let ignored = r#""ignored":true,"invalid":true,"localFlags":2"#;
    assert_eq!(look(newer, older, ignored), [], "nothing that happens elsewhere comes here");
    let must_rescan = r#""mustRescan":true,"invalid":true,"localFlags":4"#;
    assert_eq!(look(older, older, must_rescan), [Disquiet::NotIndexed], "it is about to be read again");
    let received = r#""invalid":true,"localFlags":8"#;
    assert_eq!(look(older, newer, received), [], "changed here, in a folder that only receives");
    assert_eq!(look(newer, older, received), [Disquiet::NewerElsewhere { by: String::new() }]);
    fake.says(STATUS, 200, r#"{"state":"scanning"}"#);
    assert!(!look(older, newer, received).is_empty(), "the other questions are asked too");
    assert_eq!(look(newer, older, ignored), []);
}

#[test]
fn a_folder_that_is_at_work_or_lacks_something_is_not_quiet() {
    let fake = Fake::start();
    let asker = fake.asker();
    let look = |status: &str| {
        fake.says(STATUS, 200, status);
        asker.look()
    };
    let syncing = |state: &str, needed| [Disquiet::Syncing { state: state.into(), needed }];
    assert_eq!(look(r#"{"state":"idle","needTotalItems":0}"#), []);
    assert_eq!(look(r#"{"state":"scanning","needTotalItems":0}"#), syncing("scanning", 0));
    assert_eq!(look(r#"{"state":"idle","needTotalItems":3}"#), syncing("idle", 3));
    assert_eq!(look(r#"{"state":"error","error":"folder marker missing"}"#), syncing("error", 0));
    assert_eq!(syncing("syncing", 3)[0].to_string(), "Syncthing is at work in its folder (syncing, 3 to come)");
}

#[test]
fn a_device_that_has_not_told_of_everything_is_as_good_as_away() {
    let fake = Fake::start();
    let asker = fake.asker();
    let look = |completion: &str| {
        fake.says(COMPLETION, 200, completion);
        asker.look()
    };
    let away = [Disquiet::EditorsAway { devices: vec!["laptop".into()] }];
    assert_eq!(look(r#"{"completion":100,"remoteState":"valid"}"#), []);
    assert_eq!(look(r#"{"completion":100}"#), [], "1.19 does not say");
    assert_eq!(
        look(r#"{"completion":99.9,"needItems":0,"needDeletes":0,"remoteState":"valid"}"#),
        [],
        "but for a rest"
    );
    assert_eq!(look(r#"{"completion":95,"needItems":1,"remoteState":"valid"}"#), away);
    assert_eq!(look(r#"{"completion":95,"needDeletes":1,"remoteState":"valid"}"#), away);
    for state in ["paused", "notSharing", "unknown"] {
        assert_eq!(look(&format!(r#"{{"completion":100,"remoteState":"{state}"}}"#)), away, "{state}");
    }
    fake.says_as_ever(COMPLETION);
    assert_eq!(asker.look(), []);
    asker.inner.known().connections.clear();
    assert_eq!(asker.look(), away, "what was said of it last says nothing now");
}

#[test]
fn all_devices_of_a_paused_folder_are_away() {
    let fake = Fake::start();
    let asker = fake.asker();
    asker.inner.known().places[0].folder.paused = true;
    fake.says(FILE, 500, "nobody is to ask that");
    assert_eq!(asker.look(), [Disquiet::EditorsAway { devices: vec!["laptop".into()] }]);
    assert!(asker.said().is_empty());
}
